#!/bin/sh
# SPDX-License-Identifier: MIT
# use: make_archive.sh CHECKER MANIFEST OUT FILE...
# The boot archive of a system: the manifest, as file `manifest`, and the other files. CHECKER
# (servers/root/host) says what is wrong with it.
set -eu
checker=$1 manifest=$2 out=$3
shift 3
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$(dirname "$out")"
cp "$manifest" "$folder/manifest"
for file; do cp "$file" "$folder/"; done
"$checker" "$manifest" "$folder"
cd "$folder"
tar --format=ustar --owner=0 --group=0 --mtime=@0 --sort=name -cf archive.tar --exclude=archive.tar -- *
cd "$OLDPWD"
cp "$folder/archive.tar" "$out"
