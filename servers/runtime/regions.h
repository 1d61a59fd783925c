// SPDX-License-Identifier: MIT
// The region mapper (include/mica/regions.h): what thread 0 of a program with REGIONS is.
//
// Owns: the table of regions, and the dataspaces of the heap and of stacks. It is paged by the
// root server, so it touches only the program's own pages, and a stack's when it has had
// them mapped.
// Serves: mica::Regions, for the threads of its own task only.
// Trusts: nobody's pages; a pager that answers with an error ends the task.
#pragma once

#include <mica/connection.h>
#include <mica/regions.h>
#include <mica/server.h>

#include "region_table.h"

namespace runtime {

using mica::Error;
using mica::Name;
using mica::Result;
using mica::Word;

// The heap's place, for heap.cc; none if there is no pager for it.
extern Word heap_start, heap_bytes;

class RegionMapper {
 public:
  using Interface = mica::Regions;
  static constexpr bool admits_all = true;  // each operation looks whether it is the task itself
  using Client = mica::Client<>;

  // The heap, and main() on a thread of its own. The error of the first that does not work.
  Result<void> begin();

  Result<Word> handle(mica::Regions::attach, Client&, const Name& pager, Word handle, Word offset, Word bytes,
                      Word rights);
  Result<void> handle(mica::Regions::detach, Client&, Word address);
  Result<l4::ThreadId> handle(mica::Regions::start_thread, Client&, Word entry, Word argument, Word stack_bytes);
  Result<void> handle(mica::Regions::end_thread, Client&);

  // Page faults of the task's threads: one in the region of the one before, whose pager answers
  // with the page, and all others.
  [[gnu::always_inline]] bool page_fault(l4::ThreadId from, Word address, Word access) {
    const Word place = address - recent_.start;
    if (!from.is_local() || place >= recent_.bytes || (access & ~recent_.rights) != 0) [[unlikely]] return false;
    L4_Accept(L4_MapGrantItems(l4::Fpage::page(address)));
    l4::Words m(l4::Tag::make(mica::Dataspace::map::label(), 4), recent_.handle, recent_.offset + place, access,
                recent_.rights);
    l4::call_words(recent_pager_, m);
    if (m.tag() == l4::Tag::make(0, 0, 2)) [[likely]] return true;
    L4_Accept(L4_UntypedWordsAcceptor);
    return false;
  }
  bool message(l4::ThreadId from, l4::Words& m);

 private:
  struct Pager {
    Name name{};
    mica::Connection<mica::Dataspace> connection{std::string_view{}};
  };

  Result<unsigned> pager_named(std::string_view name);
  // A new dataspace for the heap or a stack, attached.
  Result<Region> attach_new(Word bytes);
  // Has the page mapped; asks a pager that was restarted again.
  Result<void> map(const Region& region, Word address, Word rights);
  void detach(Word start);
  void drop_stack(Region& stack);
  [[noreturn]] void crash(l4::ThreadId thread, const l4::Words& fault, Error error, const Region* region);

  RegionTable regions_;
  Region recent_;                // the region of the last fault, and its pager as it was then
  l4::ThreadId recent_pager_;
  std::array<Pager, 8> pagers_{};
  unsigned pager_count_ = 0;
  std::array<Region, mica::threads_per_task> stacks_{};  // by thread; without bytes: none
};

}  // namespace runtime
