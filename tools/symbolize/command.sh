# SPDX-License-Identifier: MIT
# ./mica symbolize: functions and lines in crash reports; sourced by ./mica.

# The programs of the release build know the addresses of a report, unless it says debug.
command_symbolize() {
  local places=() preset=release
  while (($#)); do
    case $1 in
      --debug) preset=debug ;;
      -*) die "symbolize: what is '$1'?" ;;
      *) [[ -e $1 ]] || die "no such file: $1"; places+=("$1") ;;
    esac
    shift
  done
  setup
  build release symbolize
  run_symbolize "${places[@]}" "$here/build/$preset"
}

run_symbolize() { "$here/build/release/tools/bin/symbolize" "$@"; }
