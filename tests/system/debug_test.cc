// SPDX-License-Identifier: MIT
// docs/debugging.md says what its commands print. This runs them.
#include <doctest/doctest.h>

#include <cctype>
#include <sstream>
#include <string>

#include "files.h"
#include "process.h"

namespace {

// The text of all blocks of a language, in the order of the page.
std::string blocks(const std::string& page, const std::string& language) {
  std::istringstream lines(page);
  std::string text;
  const std::string begin = std::string("```").append(language);
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line == begin) inside = true;
    else if (line == "```") inside = false;
    else if (inside) text += line + "\n";
  }
  return text;
}

// What stands under a heading.
std::string section(const std::string& page, const std::string& heading) {
  const std::size_t begin = page.find(std::string("\n## ").append(heading).append(1, '\n'));
  REQUIRE_MESSAGE(begin != std::string::npos, "no section: ", heading);
  const std::size_t end = page.find("\n## ", begin + 1);
  return page.substr(begin, end == std::string::npos ? end : end - begin);
}

std::string manual() { return read_file(SOURCES "/docs/debugging.md"); }

// A line without what may be different in the next build: places in memory, blanks.
std::string pattern(const std::string& line) {
  std::string result;
  for (std::size_t i = 0; i < line.size(); ++i) {
    // Where the sources are, as the compiler was told.
    for (const std::string_view place : {SOURCES "/", "../../"}) {
      if (line.compare(i, place.size(), place) == 0) result += ".../", i += place.size();
    }
    if (line.compare(i, 2, "0x") == 0) {
      result += "0x";
      for (i += 2; i < line.size() && std::isxdigit(static_cast<unsigned char>(line[i])); ++i) {}
      --i;
    } else if (!std::isspace(static_cast<unsigned char>(line[i]))) {
      result += line[i];
    } else if (!result.empty() && result.back() != ' ') {
      result += ' ';
    }
  }
  while (!result.empty() && result.back() == ' ') result.pop_back();
  return result;
}

// ./mica with these arguments and this input.
Ran mica(const std::string& arguments, const std::string& input) {
  const TemporaryFolder folder;
  return run(SOURCES "/mica " + arguments + " <" + folder.file("input", input));
}

Ran debug(const std::string& system, const std::string& commands) {
  return mica(std::string("debug ").append(system).append(" --release --icount --timeout 60 --batch -"), commands);
}

void check_lines(const std::string& expected, const std::string& output) {
  std::istringstream printed(output), wanted(expected);
  std::string all = "\n";
  for (std::string line; std::getline(printed, line);) all += pattern(line) + "\n";
  for (std::string line; std::getline(wanted, line);) {
    CHECK_MESSAGE(all.find('\n' + pattern(line) + '\n') != std::string::npos, "not printed: ", line);
  }
}

}  // namespace

TEST_CASE("debug: gdb shows threads, spaces, mappings, partners and contexts as docs/debugging.md says") {
  const std::string page = section(manual(), "The running system in gdb");
  const std::string commands = blocks(page, "gdb"), expected = blocks(page, "text");
  REQUIRE(commands.find("mica partners") != std::string::npos);
  REQUIRE(expected.find("circle: ") != std::string::npos);
  const Ran run = debug("stuck", commands);
  INFO(run.output);
  CHECK(run.status == 0);
  check_lines(expected, run.output);
}

TEST_CASE("debug: a command that fails ends the batch with an error that says why") {
  const Ran early = debug("stuck", "mica threads\n");
  CHECK(early.status != 0);
  CHECK(early.output.find("the kernel has no threads yet") != std::string::npos);
  const Ran nobody = debug("stuck", "mica idle\nmica mappings nobody\n");
  CHECK(nobody.status != 0);
  CHECK(nobody.output.find("no space is called nobody; mica spaces lists them") != std::string::npos);
}

TEST_CASE("debug: a program that crashes three calls deep is reported with functions, lines and inlined ones") {
  const std::string expected = blocks(section(manual(), "A program that crashes"), "text");
  REQUIRE(expected.find("close_day at examples/crash/main.cc") != std::string::npos);
  const Ran run = mica("run crash --icount --timeout 60", "");
  INFO(run.output);
  CHECK(run.status != 0);
  check_lines(expected, run.output);

  // A log of which the names have gone.
  std::istringstream lines(run.output);
  std::string log;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("inlined into") != std::string::npos) continue;
    const std::size_t comment = line.starts_with("crash:   frame ") ? line.find("  ", 15) : std::string::npos;
    log.append(line, 0, comment).append(1, '\n');
  }
  REQUIRE(log.find("close_day") == std::string::npos);
  const Ran again = mica("symbolize " BINARIES "/examples/crash/crash.elf", log);
  CHECK(again.status == 0);
  check_lines(expected, again.output);
  CHECK(again.output.find("root: the system has ended") != std::string::npos);
}
