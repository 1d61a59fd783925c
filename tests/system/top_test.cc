// SPDX-License-Identifier: MIT
// The shell's `top`, in a system with a task that uses all of the processor that is left, and the
// quanta by which it knows.
#include <doctest/doctest.h>

#include <algorithm>
#include <regex>

#include "files.h"
#include "process.h"

namespace {

using Clock = Process::Clock;

// Types lines at the shell's prompts; all that the screen has shown.
std::string type(const std::vector<std::string>& lines) {
  Process machine({SOURCES "/mica", "boot", "--root", real_root, "--module", BINARIES "/tests/system/spin.tar",
                   "--timeout", "90", "--icount"});
  std::string screen;
  std::size_t seen = 0;
  const auto until = Clock::now() + std::chrono::seconds(90);
  // The judge and `top` would take each other's quanta.
  while (screen.find("judge has ended") == std::string::npos && Clock::now() < until) {
    if (!machine.read_some(screen, until)) return screen;
  }
  for (const std::string& line : lines) {
    std::size_t prompt;
    while ((prompt = screen.find("mica> ", seen)) == std::string::npos && Clock::now() < until) {
      if (!machine.read_some(screen, until)) return screen;
    }
    seen = prompt + 1;
    machine.write_text(line);
    machine.write_text("\r");
  }
  while (Clock::now() < until && machine.read_some(screen, until)) {}
  return screen;
}

// What the row of that task says behind its name and state.
std::smatch row_of(const std::string& screen, const std::string& name) {
  std::string row = "\n *[0-9-]+  ";
  row.append(name).append(" [^\n]* ([0-9]+)\\.([0-9])(?: +([0-9]+|-))?\r?\n");
  std::smatch found;
  std::regex_search(screen, found, std::regex(row));
  return found;
}

// The share of a row, in tenths of a percent; -1: there is no such row.
long share_of(const std::string& screen, const std::string& name) {
  const std::smatch found = row_of(screen, name);
  return found.empty() ? -1 : std::stol(found[1]) * 10 + std::stol(found[2]);
}

std::string rate_of(const std::string& screen, const std::string& name) {
  const std::smatch found = row_of(screen, name);
  return found.empty() ? "no row" : found[3].str();
}

}  // namespace

TEST_CASE("top: who uses the processor and who sends is found, round after round, and goes on") {
  const std::string screen = type({"top 1", "trace on", "top 1", "trace use", "kill trace", "top 1", "top many", "shutdown"});
  INFO(screen);
  std::size_t at = 0;
  for (int round = 0; round < 3; ++round) {
    at = screen.find("looking for a second", at + 1);
    REQUIRE(at != std::string::npos);
    const std::string table = screen.substr(at, screen.find("mica> ", at) - at);
    CHECK(share_of(table, "spin") >= 800);
    CHECK(share_of(table, "spin") <= 1000);
    for (const char* const idle : {"shell", "serial"}) {
      CHECK(share_of(table, idle) >= 0);
      CHECK(share_of(table, idle) < 100);
    }
    const long rest = share_of(table, "idle,");
    CHECK(rest >= 0);
    CHECK(rest < 200);
    if (round == 2) {  // there is nobody any more who counts messages
      CHECK(rate_of(table, "asker") == "-");
      continue;
    }
    const std::string rate = rate_of(table, "asker");
    REQUIRE_MESSAGE(rate.find_first_not_of("0123456789") == std::string::npos, rate);
    CHECK(std::stol(rate) >= 100);
    CHECK(std::stol(rate) <= 1100);
    CHECK(rate_of(table, "spin") == "0");
  }
  // A trace that was on before stays on, and its counts go on.
  at = screen.find("thread            us");
  REQUIRE(at != std::string::npos);
  const std::string use = screen.substr(at, screen.find("mica> ", at) - at);
  CHECK(std::count(use.begin(), use.end(), '\n') > 4);
  CHECK(screen.find("use: top [ROUNDS]") != std::string::npos);

  // The first quantum was counted down, the second one was used up and the thread went on without.
  std::smatch judged;
  REQUIRE(std::regex_search(screen, judged, std::regex("judge: no_end=true left=([0-9]+) gone=true state=3")));
  CHECK(std::stol(judged[1]) < 1000000);
  CHECK(std::stol(judged[1]) > 100000);
  CHECK(screen.find("judge: other thread: ") != std::string::npos);
}
