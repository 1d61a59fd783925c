# SPDX-License-Identifier: MIT
# Typing at the shell of a system that ./mica boots; sourced by ./mica.

# wait_for_screen N PATTERN FILE PROCESS: until the file has N matches, or the process has ended, or
# $timeout seconds have passed.
wait_for_screen() {
  local until=$((SECONDS + timeout))
  until (($(tr -d '\r' <"$3" | grep -oE "$2" | wc -l) >= $1)); do
    kill -0 "$4" 2>/dev/null && ((SECONDS < until)) || return 1
    sleep 0.1
  done
}

# type_to_shell FOLDER END LINE...: boots, types the lines at the shell's prompts, and `shutdown` when
# the screen has a match of END. What the screen shows goes to
# FOLDER/screen.
type_to_shell() {
  local folder=$1 end=$2 prompts=0 line keys qemu status=0
  shift 2
  mkfifo "$folder/keys"
  : >"$folder/screen"
  boot_qemu "$here/build/release" <"$folder/keys" >"$folder/screen" &
  qemu=$!
  exec {keys}>"$folder/keys"
  for line; do
    prompts=$((prompts + 1))
    wait_for_screen "$prompts" 'mica> ' "$folder/screen" "$qemu" || status=1
    printf '%s\r' "$line" >&"$keys" || status=1
  done
  wait_for_screen 1 "$end" "$folder/screen" "$qemu" || status=1
  printf 'shutdown\r' >&"$keys" || status=1
  wait "$qemu" || status=1
  exec {keys}>&-
  return "$status"
}
