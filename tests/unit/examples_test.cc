// SPDX-License-Identifier: MIT
// The parts of the tutorial's examples that make no system call.
#include <doctest/doctest.h>

#include <map>

#include "examples/copy_on_write/copies.h"
#include "examples/metronome/clock_chip.h"
#include "examples/scheduler/stride.h"

TEST_CASE("examples: a view is of the originals until something is written, and refuses to change code") {
  using namespace copy_on_write;
  alignas(page_size) static std::byte program[4 * page_size], store[2 * page_size];
  const auto start = reinterpret_cast<l4::Word>(program), frames_start = reinterpret_cast<l4::Word>(store);
  const l4::Word data = start + 2 * page_size, end = start + 4 * page_size;
  FrameStore frames(frames_start, sizeof(store));
  View one(start, data, end), two(start, data, end);
  program[2 * page_size + 5] = std::byte{42};

  CHECK(one.page_for(start + 8, l4::execute, frames) == l4::Fpage::page(start, l4::read_execute));
  CHECK(one.page_for(data + 8, l4::read, frames) == l4::Fpage::page(data, l4::read));
  CHECK(one.page_for(start + 8, l4::write, frames).is_nil());
  CHECK(one.page_for(end, l4::read, frames).is_nil());
  CHECK(one.page_for(start - 1, l4::read, frames).is_nil());
  CHECK(one.copied() == 0);

  const l4::Fpage copy = one.page_for(data + 8, l4::write, frames);
  CHECK(copy == l4::Fpage::page(frames_start, l4::read_write));
  CHECK(store[5] == std::byte{42});
  CHECK(one.page_for(data, l4::read, frames) == copy);
  CHECK(two.page_for(data, l4::read, frames) == l4::Fpage::page(data, l4::read));
  CHECK(two.page_for(data, l4::write, frames) == l4::Fpage::page(frames_start + page_size, l4::read_write));
  CHECK(two.page_for(data + page_size, l4::write, frames).is_nil());  // no frame is left
  CHECK(one.copied() == 1);
}

TEST_CASE("examples: strides give slices in proportion to tickets, and evenly") {
  scheduler::Stride<3> stride;
  for (unsigned n = 0; n < 3; ++n) stride.jobs[n] = {l4::ThreadId::global(n, 1), l4::Word{1} << n};
  for (int round = 1; round <= 10; ++round) {
    for (int n = 0; n < 7; ++n) stride.next();
    for (unsigned n = 0; n < 3; ++n) {
      const auto due = static_cast<l4::Word>(round) << n;
      CHECK(stride.jobs[n].slices >= due - 1);
      CHECK(stride.jobs[n].slices <= due + 1);
    }
  }
}

namespace {

struct FakeClock {
  std::map<std::uint8_t, std::uint8_t>* registers;
  std::uint8_t* chosen;
  std::uint8_t in8(std::uint16_t port) const {
    CHECK(port == 0x71);
    const std::uint8_t value = (*registers)[*chosen];
    if (*chosen == 12) (*registers)[12] = 0;  // reading it forgets
    return value;
  }
  void out8(std::uint16_t port, std::uint8_t value) const {
    if (port == 0x70) *chosen = value;
    else (*registers)[*chosen] = value;
  }
};

}  // namespace

TEST_CASE("examples: the metronome's chip is set to its rate, and beats once an interrupt") {
  std::map<std::uint8_t, std::uint8_t> registers = {{11, 0x32}, {12, 0xc0}};
  std::uint8_t chosen = 0;
  metronome::ClockChip<FakeClock> chip(FakeClock{&registers, &chosen});
  chip.start();
  CHECK((registers[10] & 0x70) == 0x20);
  const unsigned rate = 32768u >> ((registers[10] & 0x0f) - 1);
  CHECK(rate == chip.beats_per_second);
  CHECK(registers[11] == 0x42);  // periodic, no other interrupt, the mode as it was
  CHECK_FALSE(chip.beat());
  registers[12] = 0xc0;
  CHECK(chip.beat());
  CHECK_FALSE(chip.beat());
}
