// SPDX-License-Identifier: MIT
// The region mapper of a task: its thread 0, if the program was linked with REGIONS. It maps
// what the task's other threads touch: pages of dataspaces that are attached, asked of their
// pagers (dataspace.h), and the pages of the program. main() runs on thread 1.
//
// A thread that touches an address where nothing is, or with a right that is not there, ends
// the task, with a report in the log. A pager that was restarted is found again by its name,
// and the fault is tried again.
//
// malloc and new get memory of the pager `anonymous`, up to what the argument heap= says (64M), as
// it is touched; stacks of threads are of the same pager and have a guard page below them. The
// argument memory= names another pager.
#pragma once

#include "dataspace.h"

namespace mica {

struct Regions {
  static constexpr long id = 0x29;

  // Attaches bytes of a dataspace from an offset on, at an address that the mapper chooses.
  // The handle is the task's at the pager of that name; it stays open. Errors: bad_argument,
  // no_room.
  using attach = Operation<Regions, 0, Word(Name pager, Word handle, Word offset, Word bytes, Word rights)>;
  // Nothing is at the address any more. not_found: no region begins there.
  using detach = Operation<Regions, 1, void(Word address)>;
  // A thread that runs entry(argument) on a stack of its own; it ends when that returns.
  // Errors: as Root::create_thread and Dataspace::create.
  using start_thread = Operation<Regions, 2, l4::ThreadId(Word entry, Word argument, Word stack_bytes)>;
  // The end of the calling thread, which gets no answer.
  using end_thread = Operation<Regions, 3, void()>;

  using Operations = mica::Operations<attach, detach, start_thread, end_thread>;
};

inline l4::ThreadId region_mapper() { return this_task().task.thread(0); }

using ThreadFunction = void (*)(Word argument);

inline Result<l4::ThreadId> start_thread(ThreadFunction entry, Word argument, Word stack_bytes = 0x4000) {
  return call<Regions::start_thread>(region_mapper(), reinterpret_cast<Word>(entry), argument, stack_bytes);
}

// Memory of the pager that the heap is of, attached, with a page of nothing below and above; it
// stays. Errors: as Dataspace::create and Regions::attach.
Result<std::span<std::byte>> new_memory(Word bytes);

}  // namespace mica

// The heap. Null, or a nullptr of operator new(std::nothrow), when there is no room; new without that
// ends the program.
extern "C" {
void* malloc(std::size_t bytes);
void* calloc(std::size_t count, std::size_t bytes);
void* realloc(void* memory, std::size_t bytes);
void free(void* memory);
}
