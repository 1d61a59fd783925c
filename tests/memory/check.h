// SPDX-License-Identifier: MIT
// What the tests of the pagers have in common.
#pragma once

#include <mica/regions.h>

#include "../task_checks.h"

namespace memory_test {

using mica::Dataspace;
using mica::Error;
using mica::Name;
using mica::Regions;
using mica::Result;
using mica::Root;
using mica::TaskId;
using mica::Word;
using task_checks::check;

inline constexpr Word page_size = 0x1000;

// The pager of that name; its thread is asked for again after a restart.
inline l4::ThreadId pager(std::string_view name) { return task_checks::server(name); }

// Where Dataspace::map without the region mapper puts pages.
inline constexpr Word own_window = Word{1} << 45;
inline Error map(l4::ThreadId from, Word handle, Word offset, Word rights) {
  const mica::Window window{l4::Fpage::page(own_window)};
  return mica::map_call<Dataspace::map>(from, window, handle, offset, rights, Word{0}).error();
}

inline volatile Word* attach(std::string_view name, Word handle, Word bytes, Word rights = 6) {
  const auto address = mica::call<Regions::attach>(mica::region_mapper(), Name(name), handle, Word{0}, bytes, rights);
  return address ? reinterpret_cast<volatile Word*>(*address) : nullptr;
}
inline bool detach(volatile Word* memory) {
  return mica::call<Regions::detach>(mica::region_mapper(), reinterpret_cast<Word>(memory)).ok();
}

// Does each page of the memory begin with first, first + 1, ...? Filled so by fill().
inline void fill(volatile Word* memory, Word pages, Word first) {
  for (Word i = 0; i < pages; ++i) memory[i * page_size / sizeof(Word)] = first + i;
}
inline bool filled(const volatile Word* memory, Word pages, Word first) {
  for (Word i = 0; i < pages; ++i) {
    if (memory[i * page_size / sizeof(Word)] != first + i) return false;
  }
  return true;
}

void test_anonymous();
void test_sharing();
void test_restart();
void test_heap();
void test_crashes();
void test_copies();
void test_files();
void test_pinned();
void test_paging();

// What the same program does as a child of the tests: an argument says it.
int run_child(std::string_view part);

// Runs it; the end of a child that cannot be made has code -2.
mica::Ending run(std::string_view part, Word memory = Word{256} << 10);

}  // namespace memory_test
