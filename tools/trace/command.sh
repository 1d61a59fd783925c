# SPDX-License-Identifier: MIT
# ./mica trace: what the kernel's trace has recorded, as Perfetto and Chrome read it; sourced by ./mica.

command_trace() {
  local out='' system='' folder status=0 lines=()
  reset_options
  while (($#)); do
    take_option "$@"
    if ((taken)); then
      shift "$taken"
      continue
    fi
    case $1 in
      --type) (($# >= 2)) || die "--type needs a line"; lines+=("$2"); shift ;;
      -*) die "trace: what is '$1'?" ;;
      *)
        if [[ -z $out ]]; then out=$1
        else [[ -z $system ]] || die "trace: what is '$1'?"; system=$1; fi ;;
    esac
    shift
  done
  [[ -n $out ]] || die "trace needs a file"
  ((${#lines[@]})) || lines=(ps)
  ((timeout)) || timeout=60
  read_system "${system:-shell}" "$here/build/release"
  setup
  build release "${guest_targets[@]}" trace_export
  folder=$(mktemp -d)
  trap '' PIPE # a machine that ends early is told below
  type_to_shell "$folder" '^@end$' "trace on" "${lines[@]}" "trace off" "trace dump" || status=1
  if ((status)) || ! "$here/build/release/servers/trace/trace_export" <"$folder/screen" >"$folder/json"; then
    tail -n 20 "$folder/screen" >&2
    say "there was no trace: the last lines of the system are above"
    status=1
  else cp "$folder/json" "$out" || status=1; fi
  rm -rf "$folder"
  ((status)) || say "the trace is $out; https://ui.perfetto.dev or chrome://tracing show it"
  return "$status"
}
