// SPDX-License-Identifier: MIT
// docs/manual/manifest.md says what the reader of manifests does: its example has every
// property, and each row of its table of errors is what is said.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>

#include "manifest_fixture.h"

using namespace mica::test;

namespace {

std::vector<std::string> manual() {
  std::ifstream in(MICA_MANIFEST_MANUAL);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  REQUIRE_FALSE(lines.empty());
  return lines;
}

std::string example() {
  std::string text;
  bool inside = false;
  for (const std::string& line : manual()) {
    if (inside && line == "```") return text;
    if (inside) text += line + "\n";
    inside = inside || line == "```manifest";
  }
  FAIL("there is no example");
  return {};
}

// The texts in backquotes.
std::vector<std::string> quotes_of(const std::string& cell) {
  std::vector<std::string> quotes;
  for (std::size_t at = cell.find('`'); at != std::string::npos;) {
    const std::size_t end = cell.find('`', at + 1);
    REQUIRE(end != std::string::npos);
    quotes.push_back(cell.substr(at + 1, end - at - 1));
    at = cell.find('`', end + 1);
  }
  return quotes;
}

// The rows below the line with the table's head, as cells.
std::vector<std::vector<std::string>> table(const std::string& head) {
  const std::vector<std::string> lines = manual();
  auto line = std::find(lines.begin(), lines.end(), head);
  REQUIRE(line != lines.end());
  std::vector<std::vector<std::string>> rows;
  for (line += 2; line != lines.end() && line->starts_with("| "); ++line) {
    std::vector<std::string> cells;
    for (std::size_t at = 2, end = 0; (end = line->find(" |", at)) != std::string::npos; at = end + 3) {
      cells.push_back(line->substr(at, end - at));
      if (end + 3 > line->size()) break;
    }
    rows.push_back(cells);
  }
  REQUIRE_FALSE(rows.empty());
  return rows;
}

template <typename Has>
bool some(const Parsed& parsed, Has has) {
  return std::any_of(parsed.manifest->tasks.begin(), parsed.manifest->tasks.end(), has);
}

}  // namespace

TEST_CASE("manifest manual: the example is right and has every property") {
  const Parsed parsed(example());
  CHECK(parsed.faults() == std::vector<std::string>{});
  CHECK(parsed.manifest->system == "Mica demo");
  CHECK(parsed.manifest->memory == 64 << 20);
  using Task = const root::TaskSpec&;
  CHECK(some(parsed, [](Task t) { return !t.arguments.empty(); }));
  CHECK(some(parsed, [](Task t) { return t.priority != 100; }));
  CHECK(some(parsed, [](Task t) { return t.threads > 1; }));
  CHECK(some(parsed, [](Task t) { return t.tasks > 0; }));
  CHECK(some(parsed, [](Task t) { return !t.ports.empty(); }));
  CHECK(some(parsed, [](Task t) { return !t.devices.empty(); }));
  CHECK(some(parsed, [](Task t) { return !t.interrupts.empty() && !t.interrupts[0].shared; }));
  CHECK(some(parsed, [](Task t) { return !t.interrupts.empty() && t.interrupts[0].shared; }));
  CHECK(some(parsed, [](Task t) { return t.message_interrupts > 0; }));
  CHECK(some(parsed, [](Task t) { return t.dma > 0; }));
  CHECK(some(parsed, [](Task t) { return !t.provides.empty(); }));
  CHECK(some(parsed, [](Task t) { return !t.uses.empty(); }));
  CHECK(some(parsed, [](Task t) { return t.restart.always && t.restart.limit == 0; }));
  CHECK(some(parsed, [](Task t) { return t.restart.limit > 0; }));
  CHECK(some(parsed, [](Task t) { return t.heartbeat > 0; }));
  CHECK(some(parsed, [](Task t) { return t.essential; }));
  CHECK(some(parsed, [](Task t) { return t.holds_memory; }));
  CHECK(some(parsed, [](Task t) { return t.privileged; }));
}

TEST_CASE("manifest manual: the words of the tables are those that the reader knows") {
  const std::string text = example();
  for (const auto& cells : table("| word | meaning | range | if it is not there |")) {
    CAPTURE(cells[0]);
    const std::string written = quotes_of(cells[0]).at(0);
    const std::string word = written.substr(0, written.find(' '));
    CHECK(text.find("  " + word) != std::string::npos);
    CHECK(parse_task(word).fault().find("unknown word") == std::string::npos);
  }
}

TEST_CASE("manifest manual: each error of the table is told so") {
  for (const auto& cells : table("| written | said |")) {
    REQUIRE(cells.size() == 2);
    std::string text;
    for (const std::string& line : quotes_of(cells[0])) text += line + "\n";
    CAPTURE(text);
    const std::string said = quotes_of(cells[1]).at(0);
    const auto faults = Parsed(text).faults();
    CAPTURE(said);
    CHECK(std::any_of(faults.begin(), faults.end(),
                      [&](const std::string& f) { return f.substr(f.find(": ") + 2) == said; }));
  }
}
