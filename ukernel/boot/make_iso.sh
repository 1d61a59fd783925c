#!/bin/bash
# SPDX-License-Identifier: MIT
# make_iso.sh [-c OPTIONS] OUT.iso BOOT.ELF KERNEL SIGMA0 ROOT [MODULE...]
#
# An ISO that GRUB boots by BIOS and by UEFI, from a CD or a USB stick, without
# a menu; GRUB and the system also speak on the first serial port. A module is
# FILE or "FILE ARGUMENTS"; it is known to the system by its file name.
set -euo pipefail

options=
if [[ ${1-} == -c ]]; then
  options=$2
  shift 2
fi
if (($# < 2)); then
  echo "use: make_iso.sh [-c OPTIONS] OUT.iso BOOT.ELF KERNEL SIGMA0 ROOT [MODULE...]" >&2
  exit 2
fi
out=$1 stage=$2
shift 2

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree/boot/grub"
cp "$stage" "$tree/boot/boot.elf"

{
  echo "serial --unit=0 --speed=115200"
  echo "terminal_input serial console"
  echo "terminal_output serial console"
  echo "insmod all_video"
  echo "set timeout=0"
  echo "menuentry Mica {"
  echo "  multiboot2 /boot/boot.elf $options"
  number=0
  for module in "$@"; do
    read -r file arguments <<<"$module"
    cp "$file" "$tree/boot/module$number"
    echo "  module2 /boot/module$number $(basename "$file") $arguments"
    number=$((number + 1))
  done
  echo "}"
} >"$tree/boot/grub/grub.cfg"

# Both loaders when both are installed, else the one there is.
if ! log=$(grub-mkrescue -o "$out" "$tree" 2>&1); then
  echo "$log" >&2
  exit 1
fi
