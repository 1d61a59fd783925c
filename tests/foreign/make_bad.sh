#!/bin/bash
# SPDX-License-Identifier: MIT
# use: make_bad.sh GOOD.elf FOLDER
# Writes files that are no programs into the folder: GOOD with one thing wrong in each.
set -euo pipefail
good=$1 folder=$2
mkdir -p "$folder"

# spoil NAME OFFSET BYTES: BYTES as printf writes them.
spoil() {
  cp "$good" "$folder/bad_$1.elf"
  chmod u+w "$folder/bad_$1.elf"
  printf "$3" | dd of="$folder/bad_$1.elf" bs=1 seek="$2" conv=notrunc status=none
}
# bytes OFFSET: the eight bytes there, for printf.
bytes() { od -An -tx1 -j"$1" -N8 "$good" | sed 's/ /\\x/g' | tr -d '\n'; }

headers=64 second=$((64 + 56)) last=$((64 + 3 * 56)) # the program headers stand behind the file header
printf 'just text\n' >"$folder/bad_text.elf"
: >"$folder/bad_empty.elf"
head -c 40 "$good" >"$folder/bad_header.elf"
head -c 4200 "$good" >"$folder/bad_segment.elf"
spoil class 4 '\x01'
spoil type 16 '\x03'
spoil machine 18 '\xb7'
spoil entry 24 '\x00\x00\x00\x70'
spoil headers 32 '\xff\xff\xff\xff\xff\xff\xff\x7f'
spoil huge $((last + 40)) '\x00\x00\x00\x00\x00\x00\x00\x10'
spoil wrap $((last + 40)) '\xff\xff\xff\xff\xff\xff\xff\xff'
spoil file_size $((headers + 32)) '\x00\x00\x00\x00\x01\x00\x00\x00'
spoil high $((last + 16)) '\x00\x00\x00\x00\x00\x80\x00\x00'
spoil reserved $((last + 16)) '\x00\x00\xf0\xbf\x00\x00\x00\x00'
spoil overlap $((second + 16)) "$(bytes $((headers + 16)))"
