# SPDX-License-Identifier: MIT
# ./mica debug: a system in QEMU under gdb, with the commands of tools/gdb; sourced by ./mica.

# Waits until the file or socket $1 is there and process $2 still runs.
wait_for_file() {
  while [[ ! -e $1 ]]; do
    kill -0 "$2" 2>/dev/null || die "debug: QEMU has ended"
    sleep 0.1
  done
}

command_debug() {
  local system='' script='' preset=debug binaries folder status=0 qemu file gdb=(gdb -q)
  reset_options
  while (($#)); do
    take_option "$@"
    if ((taken)); then
      shift "$taken"
      continue
    fi
    case $1 in
      --release) preset=release ;;
      --batch) (($# >= 2)) || die "--batch needs a file"; script=$2; shift ;;
      -*) die "debug: what is '$1'?" ;;
      *) [[ -z $system ]] || die "debug: what is '$1'?"; system=$1 ;;
    esac
    shift
  done
  binaries=$here/build/$preset
  read_system "${system:-shell}" "$binaries"
  if [[ -n $script ]]; then
    [[ $script == - ]] && script=/dev/stdin
    [[ -r $script ]] || die "no such file: $script"
    gdb+=(-batch)
    ((timeout)) || timeout=300
  fi
  setup gdb
  build "$preset" "${guest_targets[@]}"
  folder=$(mktemp -d)
  extra+=(-S -gdb "unix:$folder/gdb,server=on,wait=off") serial=file:$binaries/serial.log
  : >"$binaries/serial.log"
  boot_qemu "$binaries" </dev/null >/dev/null 2>"$folder/errors" &
  qemu=$!
  wait_for_file "$folder/gdb" "$qemu"
  say "serial output goes to build/$preset/serial.log"
  for file in "${sigma0:-$binaries/sigma0/sigma0.elf}" "$root"; do gdb+=(-ex "add-symbol-file $file"); done
  MICA_ROOT=$root MICA_SERIAL=$binaries/serial.log "${gdb[@]}" -iex "set confirm off" -iex "set pagination off" \
    "$binaries/ukernel/kernel.elf" -ex "source $here/tools/gdb/start.py" -ex "target remote $folder/gdb" \
    -ex "hbreak *$(entry_point "$binaries/ukernel/kernel.elf")" -ex continue ${script:+-x "$script"} || status=$?
  kill "$qemu" 2>/dev/null || true
  wait "$qemu" 2>/dev/null || true
  rm -rf "$folder"
  [[ -z $script ]] || return "$status"
}

entry_point() { readelf -h "$1" | awk '/Entry point/ { print $NF }'; }
