# SPDX-License-Identifier: MIT
# ./mica picture: the drawing that the shell's command `picture` makes; sourced by ./mica.

command_picture() {
  local system='' out='' folder status=0 lines=()
  reset_options
  while (($#)); do
    take_option "$@"
    if ((taken)); then
      shift "$taken"
      continue
    fi
    case $1 in
      -o) (($# >= 2)) || die "picture: -o needs a file"; out=$2; shift ;;
      --type) (($# >= 2)) || die "--type needs a line"; lines+=("$2"); shift ;;
      -*) die "picture: what is '$1'?" ;;
      *) [[ -z $system ]] || die "picture: what is '$1'?"; system=$1 ;;
    esac
    shift
  done
  system=${system:-shell} out=${out:-$here/build/${system:-shell}.svg}
  case $out in *.svg | *.png | *.pdf | *.dot) ;; *) die "picture: $out is no .svg, .png, .pdf or .dot" ;; esac
  ((timeout)) || timeout=60
  read_system "$system" "$here/build/release"
  setup graphviz
  build release "${guest_targets[@]}"
  folder=$(mktemp -d)
  trap '' PIPE # a machine that ends early is told below
  type_to_shell "$folder" '^}$' "${lines[@]}" picture || status=1
  tr -d '\r' <"$folder/screen" | sed -n '/^digraph mica {$/,/^}$/p' >"$folder/dot"
  if ((status)) || [[ ! -s $folder/dot ]]; then
    tail -n 20 "$folder/screen" >&2
    say "there was no picture: its last lines are above"
    status=1
  elif [[ $out == *.dot ]]; then cp "$folder/dot" "$out"
  else dot "-T${out##*.}" -o "$out" "$folder/dot" || status=1; fi
  rm -rf "$folder"
  ((status)) || say "the picture is $out"
  return "$status"
}
