# SPDX-License-Identifier: MIT
# ./mica picture: the drawing that the shell's command `picture` makes; sourced by ./mica.

# wait_for_screen N PATTERN FILE PROCESS: until the file has N matches, or the process has ended, or
# $timeout seconds have passed.
wait_for_screen() {
  local until=$((SECONDS + timeout))
  until (($(tr -d '\r' <"$3" | grep -oE "$2" | wc -l) >= $1)); do
    kill -0 "$4" 2>/dev/null && ((SECONDS < until)) || return 1
    sleep 0.1
  done
}

# draw_running_system FOLDER LINE...: boots, types the lines and `picture` at the shell's prompts;
# what the screen shows goes to FOLDER/screen.
draw_running_system() {
  local folder=$1 prompts=0 line keys qemu status=0
  shift
  mkfifo "$folder/keys"
  : >"$folder/screen"
  boot_qemu "$here/build/release" <"$folder/keys" >"$folder/screen" &
  qemu=$!
  exec {keys}>"$folder/keys"
  for line in "$@" picture; do
    prompts=$((prompts + 1))
    wait_for_screen "$prompts" 'mica> ' "$folder/screen" "$qemu" || status=1
    printf '%s\r' "$line" >&"$keys" || status=1
  done
  wait_for_screen 1 '^}$' "$folder/screen" "$qemu" || status=1
  printf 'shutdown\r' >&"$keys" || status=1
  wait "$qemu" || status=1
  exec {keys}>&-
  return "$status"
}

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
  draw_running_system "$folder" "${lines[@]}" || status=1
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
