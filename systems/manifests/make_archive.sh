#!/bin/sh
# SPDX-License-Identifier: MIT
# use: make_archive.sh MANIFEST OUT FILE...
# The boot archive of a system: the manifest, as file `manifest`, and the other files.
set -eu
manifest=$1 out=$2
shift 2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$(dirname "$out")"
cp "$manifest" "$folder/manifest"
for file; do cp "$file" "$folder/"; done
for program in $(awk '$1 == "program" { print $2 }' "$manifest"); do
  [ -f "$folder/$program" ] || { echo "$manifest: program $program is not among the archive's files" >&2; exit 1; }
done
cd "$folder"
tar --format=ustar --owner=0 --group=0 --mtime=@0 --sort=name -cf archive.tar --exclude=archive.tar -- *
cd "$OLDPWD"
cp "$folder/archive.tar" "$out"
