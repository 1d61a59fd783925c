// SPDX-License-Identifier: MIT
// N spaces with a thread each, or N mappings of one page in one space, are there while
//
//   ipc-spaces/N, ipc-mappings/N   two others do an IPC round trip between spaces
//   create-spaces/N                a thread without pager is made and deleted
//   map-mappings/N                 another page is mapped to that space and taken from it
#include <runtime/program.h>

#include "../lib/helper.h"
#include "../lib/loops.h"
#include "../lib/measure.h"
#include "../lib/population.h"
#include "../lib/repeat.h"
#include "../lib/world.h"
#include "threads.h"

namespace bench {

namespace {

using l4::Fpage;
using l4::ThreadId;
using l4::Word;

constexpr Word first_of_population = 65'536;
constinit ThreadId partner, guinea_pig;

void create_and_delete() {
  const ThreadId self = ThreadId::self();
  void* const no_utcb = reinterpret_cast<void*>(~Word{0});
  if (L4_ThreadControl(guinea_pig, self, self, ThreadId::nil(), no_utcb) != 1 ||
      !runtime::delete_thread(guinea_pig)) [[unlikely]] {
    runtime::panic("ThreadControl failed");
  }
}

template <unsigned mark, unsigned number>
void with_spaces(const char* ipc_name, const char* create_name) {
  Population population(first_of_population, number);
  if (!population.make_spaces()) runtime::panic("not so many spaces");
  measure_rounds<mark>({"thread", ipc_name}, round_trips<0>(partner));
  measure_rounds<mark + 1>({"thread", create_name}, repeat(create_and_delete));
  if (!population.end()) runtime::panic("a space cannot be deleted");
}

template <unsigned mark, Word number>
void with_mappings(const char* ipc_name, const char* map_name, Word pages) {
  const Helper helper = Helper::start(100);
  const Fpage other = Fpage::page(pages + page_size, l4::full_access);
  helper.give_often(pages, number, helper_window);
  measure_rounds<mark>({"thread", ipc_name}, round_trips<0>(partner));
  measure_rounds<mark + 1>({"thread", map_name}, repeat([&helper, other] {
                             helper.give(other, helper_window - page_size);
                             Word mr[8] = {other.raw};
                             l4_unmap_registers(0, mr);
                           }));
  L4_UnmapFpage(Fpage::page(pages, l4::full_access));
  Helper(helper).end();
}

}  // namespace

void measure_many() {
  partner = start_in_space(echo);
  guinea_pig = runtime::new_thread_id();
  with_spaces<31, 1>("ipc-spaces/1", "create-spaces/1");
  with_spaces<33, 10>("ipc-spaces/10", "create-spaces/10");
  with_spaces<35, 100>("ipc-spaces/100", "create-spaces/100");
  with_spaces<37, 1000>("ipc-spaces/1000", "create-spaces/1000");
  with_spaces<39, 10'000>("ipc-spaces/10000", "create-spaces/10000");
  const Word pages = allocate_small_pages(2);
  with_mappings<51, 1>("ipc-mappings/1", "map-mappings/1", pages);
  with_mappings<53, 10>("ipc-mappings/10", "map-mappings/10", pages);
  with_mappings<55, 100>("ipc-mappings/100", "map-mappings/100", pages);
  with_mappings<57, 1000>("ipc-mappings/1000", "map-mappings/1000", pages);
  with_mappings<59, 10'000>("ipc-mappings/10000", "map-mappings/10000", pages);
  with_mappings<61, 100'000>("ipc-mappings/100000", "map-mappings/100000", pages);
  with_mappings<63, 1'000'000>("ipc-mappings/1000000", "map-mappings/1000000", pages);
  runtime::delete_thread(partner);
}

}  // namespace bench
