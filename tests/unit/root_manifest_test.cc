// SPDX-License-Identifier: MIT
// Reading manifests: each property, its default, the ends of its range.
#include <doctest/doctest.h>

#include "manifest_fixture.h"

using namespace mica::test;
using root::Word;

namespace {

constexpr Word K = 1024, M = 1024 * K, G = 1024 * M, second = 1000000;

std::string lines(const std::vector<std::string>& faults) {
  std::string text;
  for (const std::string& fault : faults) text += fault + "\n";
  return text;
}

template <typename Names>
std::string joined(const Names& names) {
  std::string all;
  for (const std::string_view name : names) all += std::string(name) + ";";
  return all;
}

// What a property's line says, and that the same with a wrong value is refused.
void check_number(const std::string& key, Word root::TaskSpec::*value, Word low, Word high) {
  CAPTURE(key);
  const auto line = [&](Word n) { return parse_task(key + " " + std::to_string(n)); };
  CHECK(line(low).fault() == "none");
  CHECK(line(low).task().*value == low);
  CHECK(line(high).fault() == "none");
  CHECK(line(high).task().*value == high);
  const std::string range = "' is not in " + std::to_string(low) + " .. " + std::to_string(high);
  CHECK(line(high + 1).fault() == "4: task 'a': " + key + ": '" + std::to_string(high + 1) + range);
  if (low > 0)
    CHECK(line(low - 1).fault() == "4: task 'a': " + key + ": '" + std::to_string(low - 1) + range);
}

}  // namespace

TEST_CASE("manifest: a task that says nothing has little") {
  const Parsed parsed = parse_task("");
  CHECK(parsed.faults().empty());
  CHECK(parsed.manifest->system.empty());
  CHECK(parsed.manifest->memory == 0);
  REQUIRE(parsed.manifest->tasks.size() == 1);
  const root::TaskSpec& task = parsed.task();
  CHECK(task.line == 1);
  CHECK(task.name == "a");
  CHECK(task.program == "a.elf");
  CHECK(task.memory == 64 * K);
  CHECK(task.arguments.empty());
  CHECK(task.priority == 100);
  CHECK(task.threads == 1);
  CHECK(task.tasks == 0);
  CHECK(task.dma == 0);
  CHECK((task.ports.empty() && task.devices.empty() && task.interrupts.empty()));
  CHECK(task.message_interrupts == 0);
  CHECK((task.provides.empty() && task.uses.empty()));
  CHECK_FALSE(task.restart.always);
  CHECK(task.heartbeat == 0);
  CHECK_FALSE((task.essential || task.holds_memory || task.privileged));
}

TEST_CASE("manifest: the form of lines") {
  const Parsed parsed(
      "# first\n\n\t \r\n system  Two words # name\r\nmemory 1M\n\ntask\ta#b\ntask a # b\nprogram\ta.elf\r\n"
      "    memory   64K#K\n\tmemory 64K # the last line has no end");
  CHECK(lines(parsed.faults()) ==
        "7: task: 'a#b' is no name of up to 31 letters, digits, '-', '_', '.'\n"
        "7: task 'a#b' has no program\n7: task 'a#b' has no memory\n"
        "10: task 'a': memory: '64K#K' is no size\n11: task 'a': memory: line 10 says this already\n");
  CHECK(parsed.manifest->system == "Two words");
  CHECK(parsed.manifest->memory == M);
  REQUIRE(parsed.manifest->tasks.size() == 2);
  CHECK(parsed.task(1).line == 8);
  CHECK(parsed.task(1).program == "a.elf");
  CHECK(parsed.task(1).memory == 64 * K);
}

TEST_CASE("manifest: the system's name may be in quotes") {
  CHECK(Parsed("system \"Mica  demo\"\n" + good_task()).manifest->system == "Mica  demo");
  CHECK(Parsed("system Mica\n" + good_task()).manifest->system == "Mica");
  for (const char* const name : {"\"", "\"a", "\"a\" b", "\"a\"b\""}) {
    CAPTURE(name);
    CHECK(Parsed("system " + std::string(name) + "\n" + good_task()).fault() ==
          "1: system: one '\"' is missing");
  }
  CHECK(Parsed("system \"\"\n" + good_task()).fault() == "1: system: a name is missing");
}

TEST_CASE("manifest: numbers and their ranges") {
  check_number("priority", &root::TaskSpec::priority, 1, 254);
  check_number("threads", &root::TaskSpec::threads, 1, 64);
  check_number("tasks", &root::TaskSpec::tasks, 0, 64);
  check_number("interrupt message", &root::TaskSpec::message_interrupts, 1, 24);
  CHECK(parse_task("priority 0xFe").task().priority == 254);
  for (const char* const text :
       {"x", "0x", "-1", "+1", "1.5", "0xg", "1a", "18446744073709551616", "0x10000000000000000"}) {
    CAPTURE(text);
    CHECK(parse_task("priority " + std::string(text)).fault() ==
          "4: task 'a': priority: '" + std::string(text) + "' is no number");
  }
}

TEST_CASE("manifest: sizes") {
  const auto memory = [](const std::string& size) { return Parsed("task a\nprogram a.elf\nmemory " + size); };
  CHECK(memory("4096").task().memory == 4 * K);
  CHECK(memory("0x1000").task().memory == 4 * K);
  CHECK(memory("0x10K").task().memory == 16 * K);
  CHECK(memory("3M").task().memory == 3 * M);
  CHECK(memory("1024G").task().memory == 1024 * G);
  CHECK(memory("1024G").faults().empty());
  for (const char* const size : {"0", "0K", "1", "4095", "6K", "4097"}) {
    CAPTURE(size);
    CHECK(memory(size).fault() == "3: task 'a': memory: '" + std::string(size) + "' is no multiple of 4K");
    CHECK(memory(size).faults().size() == 1);
  }
  for (const char* const size : {"4k", "K", "4KK", "4 K", "-4K", "4T", "8589934592G", "0x8000000000000000"}) {
    CAPTURE(size);
    CHECK_FALSE(memory(size).faults().empty());
  }
  CHECK(memory("1025G").fault() == "3: task 'a': memory: '1025G' is more than 1073741824K");
  CHECK(parse_task("dma 64K").task().dma == 64 * K);
  CHECK(parse_task("dma 64K").fault() == "none");
  CHECK(parse_task("dma 68K").fault() == "1: task 'a': dma: more than all its memory");
}

TEST_CASE("manifest: times") {
  CHECK(parse_task("heartbeat 1ms").task().heartbeat == 1000);
  CHECK(parse_task("heartbeat 86400s").task().heartbeat == 86400 * second);
  CHECK(parse_task("heartbeat 86400000ms").fault() == "none");
  CHECK(parse_task("heartbeat 86401s").fault() == "4: task 'a': heartbeat: '86401s' is not in 1ms .. 86400s");
  CHECK(parse_task("heartbeat 0ms").fault() == "4: task 'a': heartbeat: '0ms' is not in 1ms .. 86400s");
  for (const char* const time : {"5", "s", "ms", "5m", "5us", "5S", "1.5s", "9223372036855s"}) {
    CAPTURE(time);
    CHECK(parse_task("heartbeat " + std::string(time)).fault() ==
          "4: task 'a': heartbeat: '" + std::string(time) + "' is no time, as 500ms or 10s are");
  }
}

TEST_CASE("manifest: program and arguments") {
  CHECK(parse_task("arguments port=0x3f8  fast x#y # comment").task().arguments == "port=0x3f8  fast x#y");
  CHECK(parse_task("arguments").task().arguments.empty());
  CHECK(parse_task("arguments # none").task().arguments.empty());
  CHECK(parse_task("arguments " + std::string(511, 'x')).fault() == "none");
  CHECK(parse_task("arguments " + std::string(512, 'x')).fault() ==
        "4: task 'a': arguments: more than 511 characters");
  const auto program = [](std::size_t size) {
    return Parsed("task a\nmemory 4K\nprogram " + std::string(size, 'p'));
  };
  CHECK(program(63).fault() == "none");
  CHECK(program(64).fault() == "3: task 'a': program: more than 63 characters");
}

TEST_CASE("manifest: ports, devices, interrupts") {
  const Parsed parsed = parse_task(
      "ports 0x3f8 8\nports 0 1\nports 0xffff 1\ndevice 0xfee00000 4K\ndevice 0 0x2000\n"
      "interrupt 4\ninterrupt message 3\ninterrupt 255 shared\ninterrupt 1");
  CHECK(parsed.fault() == "none");
  const root::TaskSpec& task = parsed.task();
  REQUIRE(task.ports.size() == 3);
  CHECK((task.ports[0].first == 0x3f8 && task.ports[0].size == 8 && task.ports[0].where == 4));
  CHECK((task.ports[2].first == 0xffff && task.ports[2].size == 1 && task.ports[2].where == 6));
  REQUIRE(task.devices.size() == 2);
  CHECK((task.devices[0].first == 0xfee00000 && task.devices[0].size == 4 * K && task.devices[0].where == 7));
  CHECK((task.devices[1].first == 0 && task.devices[1].size == 8 * K));
  REQUIRE(task.interrupts.size() == 3);
  CHECK((task.interrupts[0].number == 4 && !task.interrupts[0].shared && task.interrupts[0].where == 9));
  CHECK((task.interrupts[1].number == 255 && task.interrupts[1].shared));
  CHECK(task.message_interrupts == 3);

  CHECK(parse_task("ports 0 0x10000").fault() == "none");
  CHECK(parse_task("ports 0 0x10001").fault() == "4: task 'a': ports: '0x10001' is not in 1 .. 65536");
  CHECK(parse_task("ports 0xffff 2").fault() == "4: task 'a': ports: '2' is not in 1 .. 1");
  CHECK(parse_task("ports 0x10000 1").fault() == "4: task 'a': ports: '0x10000' is not in 0 .. 65535");
  CHECK(parse_task("ports 0 0").fault() == "4: task 'a': ports: '0' is not in 1 .. 65536");
  CHECK(parse_task("ports 0").fault() == "4: task 'a': ports: a number is missing");
  CHECK(parse_task("device 0x3ffffffff000 4K").fault() == "none");
  CHECK(parse_task("device 0x3ffffffff000 8K").fault() == "4: task 'a': device: '8K' is more than 4K");
  CHECK_FALSE(parse_task("device 0x400000000000 4K").faults().empty());
  CHECK_FALSE(parse_task("device 0xfffffffffffff000 8K").faults().empty());
  CHECK(parse_task("device 0x1000").fault() == "4: task 'a': device: a size is missing");
  CHECK(parse_task("device 0x1001 4K").fault() == "4: task 'a': device: 0x1001 is no multiple of 4K");
  CHECK(parse_task("interrupt 0").fault() == "4: task 'a': interrupt: '0' is not in 1 .. 255");
  CHECK(parse_task("interrupt 256").fault() == "4: task 'a': interrupt: '256' is not in 1 .. 255");
  CHECK(parse_task("interrupt 4 alone").fault() == "4: task 'a': interrupt: 'alone' is one word too many");
  CHECK(parse_task("interrupt 4 shared too").fault() == "4: task 'a': interrupt: 'too' is one word too many");
}

TEST_CASE("manifest: names that are provided and used") {
  const Parsed parsed = parse_task("provides x y\nuses y\nprovides z\nuses x z");
  CHECK(parsed.fault() == "none");
  CHECK(joined(parsed.task().provides) == "x;y;z;");
  CHECK(joined(parsed.task().uses) == "y;x;z;");
}

TEST_CASE("manifest: what happens when a task ends") {
  CHECK_FALSE(parse_task("restart never").task().restart.always);
  const auto policy = [](const char* text) {
    return parse_task("restart " + std::string(text)).task().restart;
  };
  CHECK((policy("always").always && policy("always").limit == 0));
  CHECK((policy("always at most 1 in 10s").always && policy("always at most 1 in 10s").limit == 1));
  CHECK(policy("always at most 8 in 10s").window == 10 * second);
  CHECK(parse_task("essential").task().essential);
  CHECK(parse_task("holds memory").task().holds_memory);
  const auto fault = [](const char* text) { return parse_task(text).fault(); };
  CHECK(fault("restart always at most 8 in 10s") == "none");
  CHECK(fault("restart always at most 9 in 10s") == "4: task 'a': restart: '9' is not in 1 .. 8");
  CHECK(fault("restart always at most 0 in 10s") == "4: task 'a': restart: '0' is not in 1 .. 8");
  CHECK(fault("restart") == "4: task 'a': restart: 'never' or 'always' is missing");
  CHECK(fault("restart never again") == "4: task 'a': restart: 'again' is one word too many");
  CHECK(fault("restart always soon") == "4: task 'a': restart: 'at' is expected, not 'soon'");
  CHECK(fault("restart always at least") == "4: task 'a': restart: 'most' is expected, not 'least'");
  CHECK(fault("restart always at most") == "4: task 'a': restart: a number is missing");
  CHECK(fault("restart always at most 5 per") == "4: task 'a': restart: 'in' is expected, not 'per'");
  CHECK(fault("restart always at most 5 in") == "4: task 'a': restart: a time is missing");
  CHECK(fault("restart always at most 5 in 1s 2") == "4: task 'a': restart: '2' is one word too many");
  CHECK(fault("essential really") == "4: task 'a': essential: 'really' is one word too many");
  CHECK(fault("holds") == "4: task 'a': holds: 'memory' is missing");
  CHECK(fault("holds water") == "4: task 'a': holds: 'memory' is expected, not 'water'");
  CHECK(fault("holds memory twice") == "4: task 'a': holds: 'twice' is one word too many");
}

TEST_CASE("manifest: privilege") {
  CHECK(parse_task("privilege control").task().privileged);
  CHECK_FALSE(parse_task("privilege control").task().may_inject);
  CHECK(parse_task("privilege control inject").task().may_inject);
  CHECK(parse_task("privilege inject").fault() == "4: task 'a': privilege: 'control' is expected, not 'inject'");
  CHECK(parse_task("privilege control all").fault() == "4: task 'a': privilege: 'all' is one word too many");
  CHECK(parse_task("privilege all").fault() == "4: task 'a': privilege: 'control' is expected, not 'all'");
  CHECK(parse_task("privilege").fault() == "4: task 'a': privilege: 'control' is missing");
}
