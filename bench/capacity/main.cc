// SPDX-License-Identifier: MIT
// A root task that measures how much the kernel can hold, and whether it gives all of it
// back: 4,096 spaces, 16,384 active threads and 1,048,576 mappings at once, made and
// ended three times (lib/population.h).
//
//   */bytes       kernel memory of one: what is free before and after, counted in whole
//                 frames, divided by how many were made in between. A space has its areas
//                 and one active thread, whose part of it is in this figure; a thread is
//                 a further one; the page table of a mapping is there already. A page
//                 table is one of 511 with one mapping each, which is in this figure
//   */create      instructions of making one, user's loop included; of a mapping also
//                 its share of the start, the page fault and the answer
//   */end         instructions of ending one space with its threads and mappings
//   all/...       instructions of making, and ending, all of it
//   lost/bytes    kernel memory that is free before the first round and not after the
//                 last one. It has to be 0 after each; otherwise this program fails
//
// Needs a machine and kernel memory of a size (systems/bench-capacity).
#include <runtime/program.h>

#include "../lib/helper.h"
#include "../lib/population.h"
#include "../lib/report.h"
#include "../lib/ticks.h"
#include "../lib/world.h"

namespace bench {

namespace {

using l4::Fpage;
using l4::Word;

constexpr unsigned spaces = 4096, rounds = 3, pages_order = 8;
constexpr Word threads = Word{spaces} * Population::threads_a_space, mappings = Word{spaces} << pages_order;
static_assert(threads == 16'384 && mappings == 1'048'576);
constexpr Word first_of_population = 4096, first_to_count = first_of_population + threads;

Word count() {
  const Word frames = count_free_frames(first_to_count);
  if (frames == 0) runtime::panic("kernel memory cannot be counted");
  return frames;
}

// How long `act` takes; it must succeed.
template <class Act>
Word timed(const char* what, unsigned round, Act act) {
  const Word start = ticks();
  const bool good = act();
  const Word taken = ticks() - start;
  if (!good) {
    runtime::print("round {}: {}: error {}\n", round, what, L4_ErrorCode());
    runtime::panic("it does not hold as much");
  }
  return taken;
}

// What is counted of each phase of a round.
struct Figures {
  Samples space, thread, mapping, end, all, all_end;
};
constinit Figures figures = {};

void one_round(unsigned round, Fpage pages) {
  Population population(first_of_population, spaces);
  const Word space = timed("spaces", round, [&] { return population.make_spaces(); });
  const Word thread = timed("threads", round, [&] { return population.make_threads(); });
  const Word mapping = timed("mappings", round, [&] { return population.map(pages); });
  const Word end = timed("end", round, [&] { return population.end(); });
  figures.space.add(space, spaces);
  figures.thread.add(thread, threads - spaces);
  figures.mapping.add(mapping, mappings);
  figures.all.add(space + thread + mapping, 1);
  figures.end.add(end, spaces);
  figures.all_end.add(end, 1);
}

// A page that is mapped to many places that are far apart. Returns the frames that are free
// after it.
Word measure_page_table(Word page) {
  constexpr Word tables = 511, distance = Word{1} << 21;
  Helper helper = Helper::start(100);
  const auto give = [&](Word n) {
    helper.give(Fpage::page(page, l4::full_access), helper_window + n * distance);
  };
  give(0);  // the table of these tables is there now
  const Word free = count();
  for (Word n = 1; n <= tables; ++n) give(n);
  Samples bytes;
  bytes.add((free - count()) * Population::frame_bytes, tables);
  add_row({"capacity", "page-table/bytes", 0, 0, false, "bytes"}, 0, bytes);
  helper.end();
  return count();
}

// What each of them takes, in a round of its own. Returns the frames that are free after it.
Word measure_sizes(Word free_at_first, Fpage pages) {
  Population population(first_of_population, spaces);
  Word free = free_at_first;
  const auto row = [&](const char* name, Word number) {
    const Word now = count();
    Samples bytes;
    bytes.add((free - now) * Population::frame_bytes, number);
    add_row({"capacity", name, 0, 0, false, "bytes"}, 0, bytes);
    free = now;
  };
  timed("spaces", 0, [&] { return population.make_spaces(); });
  row("space/bytes", spaces);
  timed("threads", 0, [&] { return population.make_threads(); });
  row("thread/bytes", threads - spaces);
  timed("mappings", 0, [&] { return population.map(pages); });
  row("mapping/bytes", mappings);
  timed("end", 0, [&] { return population.end(); });
  return count();
}

}  // namespace

}  // namespace bench

int main() {
  using namespace bench;
  start_pager();
  const Word memory = runtime::allocate_memory(12 + pages_order);
  if (memory == 0 || !use_all_thread_numbers()) runtime::panic("no memory to begin with");
  const Fpage pages = Fpage::memory(memory, 12 + pages_order, l4::read_write);

  const Word free = count();
  runtime::print("{} frames of kernel memory are free\n", free);
  Word after = measure_sizes(free, pages);
  bool same = after == free;
  after = measure_page_table(memory);
  same = same && after == free;
  for (unsigned round = 1; round <= rounds; ++round) {
    one_round(round, pages);
    after = count();
    runtime::print("round {}: {} frames are free after it\n", round, after);
    same = same && after == free;
  }
  add_row({"capacity", "space/create"}, 0, figures.space);
  add_row({"capacity", "thread/create"}, 0, figures.thread);
  add_row({"capacity", "mapping/create"}, 0, figures.mapping);
  add_row({"capacity", "space/end"}, 0, figures.end);
  add_row({"capacity", "all/create"}, 0, figures.all);
  add_row({"capacity", "all/end"}, 0, figures.all_end);
  add_value({"capacity", "free/bytes", 0, 0, false, "bytes"}, free * Population::frame_bytes);
  add_value({"capacity", "lost/bytes", 0, 0, false, "bytes"}, (free - after) * Population::frame_bytes);
  print_report();
  return same ? 0 : 1;
}
