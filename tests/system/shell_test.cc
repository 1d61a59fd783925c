// SPDX-License-Identifier: MIT
// The shell system: systems/shell, as a person uses it.
#include <doctest/doctest.h>

#include <regex>

#include "files.h"
#include "machine.h"

namespace {

struct Exchange {
  std::string typed, expected;  // a regular expression, somewhere in the answer
};

const std::vector<Exchange> conversation = {
    {"help", "\n  kill +TASK .*\n(.*\n)*Tab completes"},
    {"help irq", "^help irq\n  irq  .*\n$"},
    {"ps",
     "\n +[0-9]+  serial +serial\\.elf +waits +2 +[0-9]+ +200 +0\n(.*\n)* +[0-9]+  shell +shell\\.elf .* 150 "
     "+0\n"},
    {"spaces", "\n +[0-9]+  echo +[0-9]+ +128  +[0-9]+: (waits|ready)\n"},
    {"mem",
     "\n[0-9]+ KiB in all, [0-9]+ KiB free; [0-9]+ tasks hold [0-9]+ KiB; the boot archive has [0-9]+ KiB\n"},
    {"irq", "\n +4 +[0-9]+  serial\n"},
    {"ls", "\n +[0-9]+  hello\\.elf\n(.*\n)* +[0-9]+  manifest\n"},
    {"cat manifest", "\n# The default system.*\nsystem Mica\n(.*\n)*task shell.*\n"},
    {"manifest", "\n# The default system.*\nsystem Mica\n(.*\n)*task shell.*\n"},
    {"cat nothing", "\nnothing: not found\n"},
    {"map echo", "\nphysical address .*\n0x[0-9a-f]+ +4\n"},
    {"run hello.elf", "\nhello: I am thread "},
    {"run nothing.elf", "\nnothing\\.elf: not found\n"},
    {"run manifest", "\nmanifest: "},
    {"run hello.elf &", "\ntask [0-9]+\n"},
    {"kill echo", "root: echo is started again\n"},
    {"ps", "\n +[0-9]+  echo +echo\\.elf .* 100 +1\n"},
    {"restart echo", "root: echo is started again\n"},
    {"ipcbench 100", "\n100 calls to the echo server and back: [0-9]+ ticks"},
    {"restart nobody", "\nnobody: not found\n"},
    {"kill 99", "\n99: not found\n"},
    // The terminal itself: what is typed next reaches its next incarnation.
    {"kill serial", ""},
    {"ps", "\n +[0-9]+  serial +serial\\.elf .* 200 +1\n"},
    {"nonsense", "\nnonsense: no such command; try help\n"},
    {"shutdown", "root: the system has ended\n"},
};

}  // namespace

TEST_CASE("shell: its commands, restarts of a server and of its own terminal, and the end") {
  std::vector<std::string> lines;
  for (const Exchange& exchange : conversation) lines.push_back(exchange.typed);
  const Conversation session =
      Machine().system("shell").talk(lines, "mica> ", 90);
  CAPTURE(session.outcome.output);
  CHECK(session.outcome.status == success);
  REQUIRE(session.answers.size() == conversation.size());
  for (std::size_t i = 0; i < conversation.size(); ++i) {
    CAPTURE(conversation[i].typed);
    CAPTURE(conversation[i].expected);
    CAPTURE(session.answers[i]);
    CHECK(std::regex_search(session.answers[i], std::regex(conversation[i].expected)));
  }
}
