# SPDX-License-Identifier: MIT
# What ./mica does with the microscope; sourced by it. docs/microscope.md

scope_help() {
  cat <<'TEXT'
use: ./mica scope SUITE [OPTIONS]            a suite of bench/, all windows
     ./mica scope --kernel FILE [--initrd FILES] [OPTIONS]
     ./mica scope --cdrom ISO [OPTIONS]      another kernel, its image as it is

  Without --begin and --end, what lies between the marks of bench/lib/mark.h.

  --begin X --end Y   measure from the instruction at X up to the one at Y, each a
                      function's name or an address 0x...; X = Y: from pass to pass
  --times N           end the run after N windows      (another kernel: 64)
  --elf FILE          an image with symbols and DWARF, if it is not FILE itself
  --kernel-range LOW[-HIGH]   the kernel's addresses   (the upper half)
  --stub ADDRESS      a page of user code among them   (Mica's; another kernel: none)
  --window ID         only this window; may be given several times
  --html FILE         a page to step through an iteration
  --text FILE         all figures and every instruction
  --json FILE         an object a window, a line each; - is stdout, as for the others
  --l1i, --l1d, --l2 SIZE,WAYS,LINE      caches of the model      (32K,8,64 32K,8,64 256K,4,64)
  --itlb, --dtlb, --stlb ENTRIES,WAYS    its translation buffers  (128,8 64,4 1536,12)
  --global kernel|none    do kernel translations survive a CR3 write? (kernel)
and the options of run: --timeout --smp --mem --cpu --device --append
TEXT
}

# scope_attach FOLDER OPTION... -- IMAGE...: QEMU gets the plugin, with these options and
# the images' symbols; the folder gets what has to be there while it runs.
scope_attach() {
  local folder=$1 options='' image
  shift
  while [[ $1 != -- ]]; do
    options+=,${1//,/,,} # a comma in a name is doubled for QEMU
    shift
  done
  shift
  : >"$folder/symbols"
  for image; do
    nm -C "$image" >>"$folder/symbols" 2>/dev/null || say "no symbols in $image"
  done
  extra+=(-plugin "$here/build/release/bench/libscope.so$options,symbols=${folder//,/,,}/symbols")
}

# scope_attach_suite FOLDER SUITE OPTION...: the same with the images of a suite.
scope_attach_suite() {
  local folder=$1 suite=$2 binaries=$here/build/release
  scope_attach "$folder" "${@:3}" -- "$binaries/ukernel/kernel.elf" "$binaries/sigma0/sigma0.elf" \
    "$binaries/bench/$suite.elf"
}

# scope_write FOLDER SUITE record|waits FILE: what ./mica bench was asked for.
scope_write() {
  local folder=$1 status=0
  if [[ $3 == waits ]]; then
    mv "$folder/waits" "$4" || status=$?
  else make_report "$folder/record" "--suite=$2" "--symbols=$folder/symbols" "--text=$4" || status=$?; fi
  rm -rf "$folder"
  return "$status"
}

make_report() { "$here/build/release/bench/scope_report" "$@"; }

# The rows that windows belong to, "ID SUITE/ROW", from the table that a suite prints.
scope_rows() {
  tr -d '\r' <"$1" | awk '
    /^mark  figure/ { inside = 1; next }
    inside && $1 ~ /^[0-9]+$/ {
      suite = substr($0, 7, 10); row = substr($0, 17)
      sub(/ +$/, "", suite); sub(/ .*/, "", row)
      print $1, suite "/" row
    }'
}

# Boots a suite with its own options; what it prints is shown if it fails.
scope_boot_suite() {
  local suite=$1 status=0 binaries=$here/build/release more=("${extra[@]}") limit=$timeout
  prepare_program bench "$suite" "$binaries/bench/$suite.elf"
  extra+=("${more[@]}")
  timeout=$limit
  scope_attach_suite "$scope_folder" "$suite" "${scope_plugin[@]}"
  boot_qemu "$binaries" </dev/null >"$scope_folder/output" || status=$?
  # After N windows the plugin itself ends the machine.
  if ((status == 0)) || { [[ -n $scope_times ]] && ((status == 125)); }; then return 0; fi
  tail -n 20 "$scope_folder/output" >&2
  explain "$status"
  return "$status"
}

# Boots what is no system of Mica's, its serial line on stderr. How it ends is its own affair,
# as long as there are windows.
scope_boot_image() {
  local status=0
  scope_attach "$scope_folder" "${scope_plugin[@]}" -- "${scope_images[@]}"
  say "booting; serial output follows"
  timeout --foreground "$timeout" qemu-system-x86_64 -accel tcg -cpu "$cpu" -smp "$smp" \
    -m "${memory:-$system_memory}" -no-reboot -display none -serial stdio -monitor none -net none \
    -device isa-debug-exit,iobase=0xf4,iosize=4 "${icount[@]}" "${extra[@]}" "${scope_boot[@]}" \
    ${append:+-append "$append"} </dev/null >&2 || status=$?
  case $status in
    1) say "QEMU could not boot ${scope_boot[1]}; the reason is above"; return 1 ;;
    124) say "ended after $timeout seconds (--timeout)" ;;
  esac
}

# Takes one option that take_option does not know, and its value.
scope_take_option() {
  case $1 in
    --kernel | --cdrom)
      check_files "$2"
      scope_boot+=("-${1#-}" "$2")
      [[ $1 == --cdrom ]] || scope_images+=("$2") ;;
    --initrd) scope_initrd=(-initrd "$2") ;;
    --elf) check_files "$2"; scope_images+=("$2") ;;
    --begin) scope_begin=$2 ;;
    --end) scope_end=$2 ;;
    --times)
      [[ $2 =~ ^[1-9][0-9]*$ ]] || die "scope: --times needs a number"
      scope_times=$2 ;;
    --kernel-range) scope_plugin+=("kernel=$2") ;;
    --stub) scope_plugin+=("stub=$2") ;;
    --html | --text | --json)
      scope_report+=("$1=$2")
      [[ $2 != - ]] || scope_table=() ;;
    --window | --l1i | --l1d | --l2 | --itlb | --dtlb | --stlb | --global) scope_report+=("$1=$2") ;;
    *) die "scope: what is '$1'? Try ./mica help scope" ;;
  esac
}

scope_read_arguments() {
  reset_options
  timeout=600 scope_suite='' scope_begin='' scope_end='' scope_times=''
  scope_boot=() scope_initrd=() scope_images=() scope_plugin=() scope_report=() scope_table=(--table=-)
  while (($#)); do
    [[ $1 != --kvm ]] || die "scope: KVM has no plugins"
    take_option "$@"
    if ((taken)); then
      shift "$taken"
    elif [[ $1 == --* ]]; then
      (($# >= 2)) || die "scope: $1 needs a value; try ./mica help scope"
      scope_take_option "$1" "$2"
      shift 2
    else
      [[ -z $scope_suite ]] || die "scope: what is '$1'? It takes one suite"
      [[ -f $here/bench/$1/main.cc && $1 != host ]] || die "no suite '$1'; there are: $(list_suites)"
      scope_suite=$1
      shift
    fi
  done
  if ((${#scope_boot[@]})); then
    [[ -z $scope_suite ]] || die "scope: a suite or another image, not both"
    [[ -z $scope_begin ]] || scope_times=${scope_times:-64}
    scope_plugin=("stub=0" "${scope_plugin[@]}")
  else
    [[ -n $scope_suite ]] || die "scope: which suite? There are: $(list_suites)"
  fi
  [[ -z $scope_begin && -z $scope_end || -n $scope_begin && -n $scope_end ]] ||
    die "scope: --begin and --end belong together"
  scope_boot+=("${scope_initrd[@]}")
  [[ -z $scope_begin ]] || scope_plugin+=("begin=$scope_begin" "end=$scope_end")
  [[ -z $scope_times ]] || scope_plugin+=("times=$scope_times")
}

command_scope() {
  scope_read_arguments "$@"
  setup
  build release scope scope_report ${scope_suite:+"${guest_targets[@]}" bench/all}
  # Before anything is booted: are these options good?
  make_report --check "${scope_report[@]}" || return 2
  scope_folder=$(mktemp -d)
  trap 'rm -rf "$scope_folder"' EXIT
  scope_plugin+=("record=$scope_folder/record")
  if [[ -n $scope_suite ]]; then
    scope_boot_suite "$scope_suite" || return
    scope_rows "$scope_folder/output" >"$scope_folder/rows"
    scope_report+=("--rows=$scope_folder/rows")
    local binaries=$here/build/release
    scope_images=("$binaries/ukernel/kernel.elf" "$binaries/sigma0/sigma0.elf" "$binaries/bench/$scope_suite.elf")
  else
    scope_boot_image || return
  fi
  make_report "$scope_folder/record" ${scope_suite:+"--suite=$scope_suite"} \
    "--symbols=$scope_folder/symbols" "${scope_images[@]/#/--image=}" "${scope_report[@]}" "${scope_table[@]}"
}
