# SPDX-License-Identifier: MIT
# Checks conformance.md. Use, in the folder of the tests:
#
#     awk -f check_conformance.awk conformance.md ../ukernel/abi.h guest/*.cc unit/*.cc system/*.cc
#
# Every fault is told with its row; the status is 1 if there is any.

function fault(text) {
  print "conformance: " text > "/dev/stderr"
  faults++
}
function trimmed(text) {
  gsub(/^ +| +$/, "", text)
  return text
}

FNR == 1 {
  kind = FILENAME ~ /\.md$/ ? "table" : FILENAME ~ /abi\.h$/ ? "abi" : "test"
  file = FILENAME
  sub(/^.*\/tests\//, "", file)
  if (kind == "test") files[file] = 1
  name = ""
}

# --- The table: | id | what holds | file | test | --------------------------------

kind == "table" && /^\|/ && !/^\|---/ && !/^\| id / {
  if (split($0, cell, "|") != 6) {
    fault("line " FNR " has not four cells")
    next
  }
  id = trimmed(cell[2])
  if (id != "") {
    row = id
    if (id in line_of) fault("row " id " is there twice, in lines " line_of[id] " and " FNR)
    line_of[id] = FNR
    if (trimmed(cell[3]) == "") fault("row " id " says nothing")
  } else if (row == "") {
    fault("line " FNR " has no row above it")
  }
  n++
  row_of[n] = row
  test_file[n] = trimmed(cell[4])
  test_name[n] = trimmed(cell[5])
  if (test_file[n] == "" || test_name[n] == "") fault("row " row " has no test")
  next
}

# --- Error codes -----------------------------------------------------------------

kind == "abi" && /^enum class (IpcError|CallError)/ {
  errors = /IpcError/ ? "error.ipc." : "error.call."
  next
}
kind == "abi" && errors != "" {
  if (/^}/) {
    errors = ""
    next
  }
  count = split($0, part, ",")
  for (i = 1; i <= count; i++) {
    code = part[i]
    sub(/=.*/, "", code)
    code = trimmed(code)
    if (code != "" && code != "none") needed[errors code] = 1
  }
}

# --- Tests: TEST("..."), TEST_CASE("..."), names over several lines -----------------

kind == "test" && /^TEST(_CASE)?\(/ { name = "(" }
kind == "test" && name != "" {
  rest = $0
  while (match(rest, /"[^"]*"/)) {
    name = name substr(rest, RSTART + 1, RLENGTH - 2)
    rest = substr(rest, RSTART + RLENGTH)
  }
  if (rest ~ /\)/) {
    tests[file "|" substr(name, 2)] = 1
    name = ""
  }
}

END {
  if (n == 0) fault("there are no rows")
  for (i = 1; i <= n; i++) {
    if (test_file[i] == "" || test_name[i] == "") continue
    key = test_file[i] "|" test_name[i]
    used[key] = 1
    if (!(test_file[i] in files)) fault("row " row_of[i] ": there is no file " test_file[i])
    else if (!(key in tests)) fault("row " row_of[i] ": " test_file[i] " has no test \"" test_name[i] "\"")
  }
  for (code in needed)
    if (!(code in line_of)) fault("there is no row " code)
  for (key in tests)
    if (key ~ /^guest\// && !(key in used)) fault("in no row: " key)
  exit faults != 0
}
