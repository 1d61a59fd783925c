// SPDX-License-Identifier: MIT
// Foreign programs: systems/foreign, whose test task starts plain X.2 programs, files that are
// none, and programs of Linux.
#include <doctest/doctest.h>

#include "files.h"
#include "machine.h"

TEST_CASE("foreign programs: plain X.2 ones run, bad files are refused with their cause, Linux ones are served") {
  const Outcome outcome = Machine().system("foreign").run(60);
  CAPTURE(outcome.output);
  CHECK(outcome.status == success);
  CHECK_FALSE(outcome.says("not ok"));
  CHECK(outcome.says("\n0 of "));
  CHECK(outcome.says("plain: ThreadControl: refused, no privilege\n"));
  CHECK(outcome.says("plain: I end\n"));
  CHECK(outcome.says("crash: plain_wild.elf (program plain_wild.elf) thread "));
  CHECK(outcome.says(": jump at 0x123450, address 0x123450"));
  CHECK(outcome.says(": invalid opcode at 0x"));
  for (const std::string cause :
       {"text.elf: not an ELF file", "empty.elf: empty file", "header.elf: truncated: the ELF header is cut off",
        "segment.elf: truncated: a segment lies outside the file", "class.elf: a 32-bit ELF file; a 64-bit one is needed",
        "machine.elf: an ELF file for another machine than x86-64",
        "type.elf: position independent or shared; a static program is needed (-static -no-pie)",
        "overlap.elf: its segments overlap each other", "entry.elf: its entry point is in no executable segment",
        "huge.elf: the image is larger than 64 MiB", "wrap.elf: a segment's addresses wrap around",
        "headers.elf: truncated: a program header lies outside the file",
        "file_size.elf: a segment is larger in the file than in memory"}) {
    CHECK_MESSAGE(outcome.says("root: bad_" + cause + "\n"), cause);
  }
  CHECK(outcome.says("linux: hello from Mica a b\n"));
  CHECK(outcome.says("personality: program "));
}
