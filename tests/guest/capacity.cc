// SPDX-License-Identifier: MIT
// Kernel memory comes back, to the frame: the short form of bench/capacity, with the
// same means (bench/lib/population.h).
#include "../../bench/lib/population.h"
#include "messages.h"

using namespace guest;

namespace {

using bench::Population;

// Below 4096, so that no table for thread numbers is new; the numbers behind are counted with.
constexpr Word first_number = 1024, first_to_count = 4096;

// Here the tables are made.
Word free_frames() {
  static bool prepared = false;
  if (!prepared) require(bench::use_all_thread_numbers());
  prepared = true;
  const Word frames = bench::count_free_frames(first_to_count);
  require(frames != 0, "kernel memory cannot be counted");
  return frames;
}

// 1 MiB of pages.
l4::Fpage pages() {
  constexpr unsigned order = 20;
  static Word at = 0;
  if (at == 0) at = runtime::allocate_memory(order);
  require(at != 0);
  return l4::Fpage::memory(at, order, l4::read_write);
}

}  // namespace

TEST("counting free kernel memory changes nothing") {
  const Word free = free_frames();
  for (int i = 0; i < 3; ++i) expect_eq(free_frames(), free);
}

TEST("the count sees one frame: a space takes two and its TCB's") {
  const Word free = free_frames();
  const l4::ThreadId one = l4::ThreadId::global(first_number, 1), nil = l4::ThreadId::nil();
  require(thread_control(one, one, l4::ThreadId::self(), nil) == 0);
  expect_eq(free_frames(), free - 3);
  require(thread_control(one, nil, nil, nil) == 0);
  expect_eq(free_frames(), free);
}

TEST("250 spaces with 1,000 threads and 64,000 mappings, three times: no frame is missing afterwards") {
  const l4::Fpage given = pages();
  const Word free = free_frames();
  for (Word round = 0; round < 3; ++round) {
    context("round", round);
    Population population(first_number, 250);
    require(population.make_spaces(), "spaces");
    require(population.make_threads(), "threads");
    const Word before = free_frames();
    require(population.map(given), "mappings");
    expect(free_frames() <= before - 2 * 250, "the mappings are there");
    expect(population.end());
    expect_eq(free_frames(), free);
  }
}

TEST("spaces until kernel memory is used up: error 8, and all of it comes back") {
  const Word free = free_frames();
  Population population(first_number, 3000);
  expect(!population.make_spaces());
  expect_eq(L4_ErrorCode(), Word{L4_ErrNoMem});
  expect(population.spaces() >= free / 16);
  expect(population.end());
  expect_eq(free_frames(), free);
}

TEST("mappings until kernel memory is used up: error 4, and all of it comes back") {
  const l4::Fpage given = pages();
  const Word free = free_frames();
  Population population(first_number, static_cast<unsigned>(free / 12));
  require(population.make_spaces());
  expect(!population.map(given));
  expect_eq(L4_ErrorCode(), send_overflow);
  expect(population.end());
  expect_eq(free_frames(), free);
}

TEST("threads whose numbers are 4,096 apart are different ones, also where nobody was found before") {
  const l4::ThreadId self = l4::ThreadId::self(), nil = l4::ThreadId::nil();
  const l4::ThreadId far[] = {l4::ThreadId::global(5000, 1), l4::ThreadId::global(9096, 1),
                              l4::ThreadId::global(13192, 1)};
  for (const l4::ThreadId id : far) expect_eq(state_of(id), 0u);
  for (const l4::ThreadId id : far) expect_eq(thread_control(id, self, self, nil), 0u);
  for (const l4::ThreadId id : far) {
    context("number", id.number());
    expect_eq(state_of(id), Word{L4_SCHEDRESULT_INACTIVE});
  }
  for (const l4::ThreadId id : far) expect_eq(thread_control(id, nil, nil, nil), 0u);
}
