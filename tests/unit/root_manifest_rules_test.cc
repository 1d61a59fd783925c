// SPDX-License-Identifier: MIT
// What is wrong with a manifest as a whole, how it is told, and where room ends.
#include <doctest/doctest.h>

#include "manifest_fixture.h"
#include "servers/root/manifest_words.h"

using namespace mica::test;
using Faults = std::vector<std::string>;

namespace {

// Two tasks, whose lines from 4 and from 9 on are given.
Parsed two_tasks(const std::string& a, const std::string& b) {
  return Parsed(good_task("a", a) + "\n" + good_task("b", b));
}
Faults two(const std::string& a, const std::string& b) { return two_tasks(a, b).faults(); }

std::string repeated(std::size_t n, const std::string& before, const std::string& after = "\n") {
  std::string text;
  for (std::size_t i = 0; i < n; ++i) text += before + std::to_string(i + 1) + after;
  return text;
}

}  // namespace

TEST_CASE("manifest rules: names of tasks and services are unique") {
  CHECK(Parsed(good_task("a") + good_task("b") + good_task("a")).faults() ==
        Faults{"9: task 'a': line 1 has a task of this name already"});
  CHECK(two("provides x y", "provides z\nprovides y") ==
        Faults{"10: task 'b': provides: task 'a' provides 'y' already"});
  CHECK(parse_task("provides x\nprovides x").faults() == Faults{"5: task 'a': provides: 'x' is there twice"});
}

TEST_CASE("manifest rules: whoever is used is there") {
  CHECK(two("provides x\nuses y", "uses x\nprovides y") == Faults{});
  CHECK(two("provides console", "uses block") == Faults{"9: task 'b': uses: nobody provides 'block'"});
  CHECK(two("provides console", "\nuses consoel") ==
        Faults{"10: task 'b': uses: nobody provides 'consoel'; did you mean 'console'?"});
  CHECK(parse_task("uses a").faults() == Faults{"4: task 'a': uses: nobody provides 'a'"});
}

TEST_CASE("manifest rules: two tasks do not share ports, devices and interrupts") {
  CHECK(two("ports 0x60 4", "ports 0x64 4") == Faults{});
  CHECK(two("ports 0x64 4", "ports 0x60 4") == Faults{});
  CHECK(two("ports 0x60 5", "ports 0x64 4") == Faults{"9: task 'b': ports: task 'a' has it in line 4"});
  CHECK(two("ports 0x64 4", "ports 0x60 5") == Faults{"9: task 'b': ports: task 'a' has it in line 4"});
  CHECK(two("ports 0 0x10000", "\nports 0xffff 1") ==
        Faults{"10: task 'b': ports: task 'a' has it in line 4"});
  CHECK(two("device 0x1000 8K", "device 0x3000 4K") == Faults{});
  CHECK(two("device 0x1000 8K", "device 0x2000 4K") ==
        Faults{"9: task 'b': device: task 'a' has it in line 4"});
  CHECK(two("device 0x2000 4K", "device 0x1000 16K") ==
        Faults{"9: task 'b': device: task 'a' has it in line 4"});
  CHECK(two("interrupt 4", "interrupt 5") == Faults{});
  CHECK(two("interrupt 4", "interrupt 4") == Faults{"9: task 'b': interrupt: task 'a' has it in line 4"});
  CHECK(two("interrupt 4 shared", "interrupt 4") ==
        Faults{"9: task 'b': interrupt: task 'a' has it in line 4"});
  CHECK(two("interrupt 4", "interrupt 4 shared") ==
        Faults{"9: task 'b': interrupt: task 'a' has it in line 4"});
  CHECK(two("interrupt 4 shared", "interrupt 4 shared") == Faults{});
  // Nor is anything there twice in one task.
  CHECK(parse_task("ports 0x60 4\nports 0x62 1").faults() ==
        Faults{"5: task 'a': ports: task 'a' has it in line 4"});
  CHECK(parse_task("interrupt 4\ninterrupt 4").faults() ==
        Faults{"5: task 'a': interrupt: task 'a' has it in line 4"});
}

TEST_CASE("manifest rules: sums") {
  const std::string tasks = good_task("a") + good_task("b");
  CHECK(Parsed("memory 128K\n" + tasks).faults() == Faults{});
  CHECK(
      Parsed("memory 124K\n" + tasks).faults() ==
      Faults{"6: task 'b': memory: with this task all have 128K together, of 124K that the system may have"});
  CHECK(two("interrupt message 12", "interrupt message 12") == Faults{});
  CHECK(two("interrupt message 12", "interrupt message 13") ==
        Faults{"6: task 'b': interrupt message: more than 24 in all"});
  std::string all;
  for (int i = 0; i < 16; ++i) {
    const std::string n = std::to_string(i);
    all += good_task("t" + n, "provides a" + n + " b" + n + " c" + n + " d" + n);
  }
  CHECK(Parsed(all).faults() == Faults{});
  CHECK(Parsed(all + good_task("last", "provides e")).faults() ==
        Faults{"65: task 'last': provides: more than 64 names in all"});
}

TEST_CASE("manifest rules: where room ends") {
  std::string tasks;
  for (int i = 0; i < 32; ++i) tasks += good_task(std::to_string(i));
  CHECK(Parsed(tasks).faults() == Faults{});
  // One complaint for all that are too many; what is in them is read nevertheless.
  CHECK(Parsed(tasks + good_task("more", "priority 0") + good_task("still-more")).faults() ==
        Faults{"129: task: more than 32 tasks", "132: task 'more': priority: '0' is not in 1 .. 254"});
  CHECK(parse_task(repeated(8, "ports ", " 1\n")).faults() == Faults{});
  CHECK(parse_task(repeated(9, "ports ", " 1\n")).faults() ==
        Faults{"12: task 'a': ports: more than 8 of them"});
  CHECK(parse_task(repeated(8, "device 0x", "000 4K\n")).faults() == Faults{});
  CHECK(parse_task(repeated(9, "device 0x", "000 4K\n")).faults() ==
        Faults{"12: task 'a': device: more than 8 of them"});
  CHECK(parse_task(repeated(4, "interrupt ")).faults() == Faults{});
  CHECK(parse_task(repeated(5, "interrupt ")).faults() ==
        Faults{"8: task 'a': interrupt: more than 4 of them"});
  CHECK(parse_task(std::string("provides") + repeated(4, " x", "")).faults() == Faults{});
  CHECK(parse_task(std::string("provides") + repeated(5, " x", "")).faults() ==
        Faults{"4: task 'a': provides: more than 4 of them"});
  CHECK(parse_task(std::string("uses") + repeated(16, " x", "")).task().uses.size() == 16);
  CHECK(parse_task(std::string("uses") + repeated(17, " x", "")).complaints[0].text ==
        std::string("task 'a': uses: more than 16 of them"));
}

TEST_CASE("manifest rules: unknown words, and which ones were meant") {
  const auto fault = [](const std::string& line) { return parse_task(line).fault(); };
  CHECK(fault("prioritie 3") == "4: unknown word 'prioritie'; did you mean 'priority'?");
  CHECK(fault("use x") == "4: unknown word 'use'; did you mean 'uses'?");
  CHECK(fault("meomry 4K") == "4: unknown word 'meomry'; did you mean 'memory'?");
  CHECK(fault("taks b") == "4: unknown word 'taks'; did you mean 'task'?");
  CHECK(fault("x") == "4: unknown word 'x'");
  CHECK(fault("colour red") == "4: unknown word 'colour'");
  CHECK(fault("Memory 4K") == "4: unknown word 'Memory'; did you mean 'memory'?");
  CHECK(Parsed("sistem x\n" + good_task()).fault() == "1: unknown word 'sistem'; did you mean 'system'?");
  CHECK(Parsed("priority 5\n" + good_task()).fault() == "1: 'priority' has no place before the first task");
  CHECK(parse_task("system late").fault() == "4: 'system' has its place before the first task");
  CHECK(Parsed("system a\nsystem b\n" + good_task()).fault() == "2: system: line 1 says this already");
  CHECK(parse_task("essential\nessential").fault() == "5: task 'a': essential: line 4 says this already");
}

TEST_CASE("manifest rules: similar words") {
  const auto meant = [](std::string_view written) {
    root::Meant result(written);
    for (const char* const word : {"memory", "device", "dma", "uses"}) result.consider(word);
    return result.word();
  };
  CHECK(meant("memory") == "memory");
  CHECK(meant("emory") == "memory");
  CHECK(meant("memoryy") == "memory");
  CHECK(meant("mermoy") == "memory");
  CHECK(meant("mmeory") == "memory");
  CHECK(meant("mem") == "");
  CHECK(meant("damn") == "");
  CHECK(meant("dam") == "dma");
  CHECK(meant("") == "");
  CHECK(meant(std::string(100, 'm')) == "");
}

TEST_CASE("manifest rules: what every manifest and task needs") {
  for (const char* const text : {"", "\n\n", "# task a", "system x"}) {
    CAPTURE(text);
    CHECK(Parsed(text).faults() == Faults{"1: there is no task"});
  }
  CHECK(Parsed("task a").faults() == Faults{"1: task 'a' has no program", "1: task 'a' has no memory"});
  CHECK(Parsed("task a\nprogram\nmemory\n").faults() ==
        Faults{"2: task 'a': program: the name of a file is missing",
               "3: task 'a': memory: a size is missing"});
  CHECK(Parsed("task\nprogram a\nmemory 4K\n").faults() == Faults{"1: task: a name is missing"});
}

TEST_CASE("manifest rules: names of tasks and services are short and plain") {
  CHECK(Parsed(good_task(std::string(31, 'n'))).faults().empty());
  CHECK(Parsed(good_task("Aa0-_.zZ9")).faults().empty());
  for (const std::string& name :
       {std::string(32, 'n'), std::string("a/b"), std::string("\xc3\xa4"), std::string("a@")}) {
    CAPTURE(name);
    CHECK(Parsed(good_task(name)).fault().find("is no name of up to 31 letters") != std::string::npos);
    CHECK(parse_task("provides " + name).fault().find("is no name of up to 31 letters") != std::string::npos);
  }
}

TEST_CASE("manifest rules: complaints hold nothing that a terminal would mind, and end") {
  CHECK(parse_task("priority \xe4").fault() == "4: task 'a': priority: '?' is no number");
  CHECK(parse_task("priority " + std::string(50, 'x')).fault() ==
        "4: task 'a': priority: '" + std::string(40, 'x') + "...' is no number");
  for (const char c : {'\x01', '\x1b', '\x7f', '\0', '\r'}) {
    CAPTURE(int{c});
    CHECK(parse_task("arguments x" + std::string(1, c) + "y").fault() ==
          "4: there is a character that is no text");
  }
  CHECK(parse_task("arguments \xc3\xa4\t\xf0\x9f\x98\x80").fault() == "none");

  const std::string long_text(300, 'y');
  root::Complaints complaints;
  complaints.add(1, {std::string_view(long_text)});
  CHECK(complaints[0].text == std::string(199, 'y'));
  complaints.add(2, {root::Word{0}, " ", root::hex(0), " ", ~root::Word{0}, " ", root::hex(~root::Word{0})});
  CHECK(complaints[1].text == std::string("0 0x0 18446744073709551615 0xffffffffffffffff"));
}

TEST_CASE("manifest rules: complaints are in the order of lines, up to 32 of them") {
  const Parsed parsed = parse_task(std::string("uses nobody\n") + repeated(40, "wrong"));
  REQUIRE(parsed.complaints.full());
  const Faults faults = parsed.faults();
  REQUIRE(faults.size() == 32);
  CHECK(faults[0] == "5: unknown word 'wrong1'");
  CHECK(faults[31] == "36: unknown word 'wrong32'");
  const Parsed few = parse_task(std::string("uses nobody\n") + repeated(2, "wrong"));
  CHECK(few.faults() == Faults{"4: task 'a': uses: nobody provides 'nobody'", "5: unknown word 'wrong1'",
                               "6: unknown word 'wrong2'"});
}

TEST_CASE("manifest: what a region contains, up to the end of all numbers") {
  constexpr root::Word top = ~root::Word{0} - 0xfff;
  const root::Region region{0x1000, 0x3000};
  CHECK(region.contains(0x1000, 0x3000));
  CHECK(region.contains(0x3fff, 1));
  CHECK_FALSE(region.contains(0x3fff, 2));
  CHECK_FALSE(region.contains(0xfff, 1));
  CHECK_FALSE(region.contains(0x4000, 1));
  CHECK_FALSE(region.contains(0x1000, 0x3001));
  // The sums that a request can make overflow.
  CHECK_FALSE(region.contains(top, 0x1000));
  CHECK_FALSE(region.contains(0x1000, ~root::Word{0}));
  const root::Region high{top, 0x1000};
  CHECK(high.contains(top, 0x1000));
  CHECK_FALSE(high.contains(top, 0x2000));
  CHECK_FALSE(high.contains(0, 0x1000));
  CHECK_FALSE(root::Region{}.contains(0, 1));
}
