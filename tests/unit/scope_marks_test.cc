// SPDX-License-Identifier: MIT
// What the microscope keeps between marks, and which part of it is shown.
#include <doctest/doctest.h>

#include "bench/scope/marks.h"
#include "bench/scope/plugin_options.h"

using namespace scope;

namespace {

Record record_with(unsigned instructions) {
  Record record;
  for (unsigned i = 0; i < instructions; ++i)
    record.instructions.push_back({.address = 0x1000 + 4 * i, .size = 4});
  return record;
}

void run(Recorder& recorder, std::initializer_list<std::uint32_t> instructions) {
  for (const std::uint32_t i : instructions) recorder.executed(i);
}

}  // namespace

TEST_CASE("microscope, marks: the no-op with a number") {
  const std::uint8_t opens[] = {0x0f, 0x1f, 0x84, 0x00, 0x07, 0x00, 0x42, 0x4d};
  const std::uint8_t closes[] = {0x0f, 0x1f, 0x84, 0x00, 0xff, 0x01, 0x43, 0x4d};
  const std::uint8_t neither[] = {0x0f, 0x1f, 0x84, 0x00, 0x07, 0x00, 0x00, 0x00};
  REQUIRE(magic_mark(opens));
  CHECK(magic_mark(opens)->id == 7);
  CHECK(magic_mark(opens)->opens);
  REQUIRE(magic_mark(closes));
  CHECK(magic_mark(closes)->id == 0x1ff);
  CHECK_FALSE(magic_mark(closes)->opens);
  CHECK_FALSE(magic_mark(neither));
  CHECK_FALSE(magic_mark({opens, 7}));
}

TEST_CASE("microscope, marks: a window is of one processor, the last one is kept, opening begins anew") {
  Record record = record_with(3);
  Recorder recorder(record);
  CHECK_FALSE(recorder.close(0, 1));
  recorder.open(0, 1);
  CHECK(recorder.sees(0));
  CHECK_FALSE(recorder.sees(1));
  run(recorder, {0, 1, 2});
  recorder.open(1, 1);  // another processor: nothing
  CHECK_FALSE(recorder.close(1, 1));
  CHECK_FALSE(recorder.close(0, 2));  // another window
  CHECK(recorder.close(0, 1));
  recorder.open(0, 1);
  run(recorder, {0});
  recorder.open(0, 1);
  run(recorder, {1, 2});
  CHECK(recorder.close(0, 1));
  CHECK(record.windows[1].counts == std::vector<std::uint64_t>{3, 2});
  REQUIRE(record.windows[1].trace.size() == 2);
  CHECK(record.windows[1].trace[0].instruction == 1);
}

TEST_CASE("microscope, rounds: a loop is cut at its last instruction, what is none is not cut") {
  Record record = record_with(8);
  Recorder recorder(record);
  recorder.open(0, 1);
  run(recorder, {0, 1});
  for (unsigned i = 0; i < 10; ++i) {
    run(recorder, {2, 3});
    if (i == 7) run(recorder, {4});  // a longer round
    run(recorder, {5});
    recorder.accessed({.address = 0x80, .instruction = 5, .what = Event::load, .bytes = 8});
  }
  run(recorder, {6});
  recorder.close(0, 1);
  const Window& loop = record.windows[1];
  CHECK(loop.rounds == std::vector<std::uint64_t>{3, 3, 3, 3, 3, 3, 4, 3, 3});
  REQUIRE(loop.trace.size() == 4);
  CHECK(loop.trace[0].instruction == 2);
  CHECK(loop.trace[3].what == Event::load);

  recorder.open(0, 2);
  run(recorder, {0, 1, 2, 1, 2, 1, 2});
  recorder.close(0, 2);
  CHECK(record.windows[2].rounds.empty());
  CHECK(record.windows[2].trace.size() == 7);

  recorder.open(0, address_window);  // the marks say what an iteration is
  for (unsigned i = 0; i < 20; ++i) run(recorder, {2, 3});
  recorder.close(0, address_window);
  CHECK(record.windows[address_window].rounds.empty());
  CHECK(record.windows[address_window].trace.size() == 40);
  recorder.open(0, 3);
  recorder.close(0, 3);
  CHECK(record.windows[3].trace.empty());
}

TEST_CASE("microscope, rounds: neither a kernel's loop nor a repeated instruction is the user's loop") {
  Record record = record_with(8);
  record.instructions[1].side = record.instructions[2].side = kernel;
  Recorder recorder(record);
  recorder.open(0, 1);
  recorder.executed(0);
  for (unsigned i = 0; i < 20; ++i) run(recorder, {1, 2});
  for (unsigned i = 0; i < 20; ++i) recorder.executed(3);
  recorder.close(0, 1);
  CHECK(record.windows[1].rounds.empty());
  CHECK(record.windows[1].trace.size() == 61);

  recorder.open(0, 2);
  for (unsigned i = 0; i < 10; ++i) run(recorder, {0, 1, 2, 3, 3, 3});
  recorder.close(0, 2);
  CHECK(record.windows[2].rounds == std::vector<std::uint64_t>(9, 6));

  recorder.open(0, 3);  // nobody but the kernel
  for (unsigned i = 0; i < 10; ++i) run(recorder, {1, 2});
  recorder.close(0, 3);
  CHECK(record.windows[3].rounds == std::vector<std::uint64_t>(9, 2));
}

TEST_CASE("microscope, options of the plugin") {
  PluginOptions options;
  const auto parsed = [&](std::vector<std::string> arguments) {
    options = {};
    return parse(options, arguments);
  };
  CHECK(parsed({"record=/r", "begin=0x1000", "end=0x2000", "times=3"}).empty());
  CHECK(options.begin == 0x1000);
  CHECK(options.times == 3);
  CHECK(options.side_of(0x1000) == user);
  CHECK(options.side_of(0xffff'ffff'e000'0010) == stub);
  CHECK(options.side_of(0xffff'8000'0000'0000) == kernel);
  CHECK(parsed({"record=/r", "kernel=0x1000-0x1fff", "stub=0"}).empty());
  CHECK(options.side_of(0x1fff) == kernel);
  CHECK(options.side_of(0x2000) == user);
  CHECK(options.side_of(0xffff'ffff'e000'0010) == user);
  for (const auto& bad : std::vector<std::vector<std::string>>{{},
                                                               {"record=/r", "waits=/w"},
                                                               {"record="},
                                                               {"record=/r", "kernel=2-1"},
                                                               {"record=/r", "times=x"},
                                                               {"record=/r", "end=0x1"},
                                                               {"record=/r", "begin=f", "end=f"},
                                                               {"record=/r", "symbols=/nowhere"}}) {
    CHECK_FALSE(parsed(bad).empty());
  }
}
