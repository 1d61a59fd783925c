// SPDX-License-Identifier: MIT
// The threads of a program with a region mapper, and how it begins.
#include "program.h"
#include "regions.h"
#include "task.h"

namespace runtime {

constinit Word heap_start = 0, heap_bytes = 0;

namespace {

using mica::Dataspace;
using mica::Regions;
using mica::Root;

constexpr Word page_size = 0x1000, main_stack_bytes = 0x10000;

struct Start {  // at the top of a thread's stack
  Word entry, argument;
};

// Exceptions go to the root server, as the first thread's do.
void run_thread(Word record) {
  const Start start = *reinterpret_cast<const Start*>(record);
  L4_Set_ExceptionHandler(mica::root_server());
  reinterpret_cast<mica::ThreadFunction>(start.entry)(start.argument);
  (void)mica::call<Regions::end_thread>(mica::region_mapper());
  for (;;) L4_Sleep(L4_Never);
}

void run_main(Word) { exit(main()); }

std::string_view memory_pager() { return mica::argument("memory", "anonymous"); }

}  // namespace

Result<Region> RegionMapper::attach_new(Word bytes) {
  const auto number = pager_named(memory_pager());
  if (!number) return number.error();
  mica::Connection<Dataspace>& pager = pagers_[*number].connection;
  const auto handle = pager.call_again<Dataspace::create>(bytes);
  if (!handle) return handle.error();
  Region region{0, bytes, *handle, 0, *number, l4::read_write.raw};
  const auto start = regions_.insert(region);
  if (!start) {
    (void)pager.call<Dataspace::close>(*handle);
    return start.error();
  }
  region.start = *start;
  return region;
}

Result<l4::ThreadId> RegionMapper::handle(Regions::start_thread, Client& client, Word entry, Word argument,
                                          Word stack_bytes) {
  if (client.task != mica::this_task().task) return Error::denied;
  if (stack_bytes < page_size || stack_bytes % page_size != 0) return Error::bad_argument;
  auto stack = attach_new(stack_bytes);
  if (!stack) return stack.error();
  Region region = *stack;
  const Result<void> mapped = map(region, region.end() - page_size, l4::read_write.raw);
  const Result<l4::ThreadId> thread = mapped ? mica::call<Root::create_thread>(mica::root_server(), l4::ThreadId::self())
                                             : Result<l4::ThreadId>(mapped.error());
  if (!thread) {
    drop_stack(region);
    return thread;
  }
  auto* const record = reinterpret_cast<Start*>(region.end() - sizeof(Start));
  *record = {entry, argument};
  const std::span rest(reinterpret_cast<std::byte*>(region.start), region.bytes - sizeof(Start));
  stacks_[thread->number() % mica::threads_per_task] = region;
  start_task(*thread, thread_entry_ip(), stack_for(run_thread, reinterpret_cast<Word>(record), rest));
  return thread;
}

Result<void> RegionMapper::handle(Regions::end_thread, Client& client) {
  if (client.task != mica::this_task().task) return Error::denied;
  const Word number = client.thread.number() % mica::threads_per_task;
  (void)mica::call<Root::delete_thread>(mica::root_server(), number);
  drop_stack(stacks_[number]);
  return Result<void>::later();
}

void RegionMapper::drop_stack(Region& stack) {
  if (stack.bytes == 0) return;
  detach(stack.start);
  (void)pagers_[stack.pager].connection.call<Dataspace::close>(stack.handle);
  stack = {};
}

Result<void> RegionMapper::begin() {
  const auto heap = attach_new(mica::number_argument("heap", 64) << 20);
  if (!heap) return heap.error();
  heap_start = heap->start;
  heap_bytes = heap->bytes;
  Client self{l4::ThreadId::self(), mica::this_task().task};
  return handle(Regions::start_thread{}, self, reinterpret_cast<Word>(run_main), 0, main_stack_bytes).error();
}

extern "C" int runtime_first_thread() {
  static constinit RegionMapper mapper;
  const auto begun = mapper.begin();
  if (begun) mica::serve(mapper);
  print("{}: its region mapper: {}\n", mica::this_task().name, mica::text(begun.error()));
  return 1;
}

}  // namespace runtime

namespace mica {

Result<std::span<std::byte>> new_memory(Word bytes) {
  const std::string_view name = runtime::memory_pager();
  Connection<Dataspace> pager(name);
  const auto handle = pager.call_again<Dataspace::create>(bytes);
  if (!handle) return handle.error();
  const auto start = call<Regions::attach>(region_mapper(), Name(name), *handle, Word{0}, bytes, l4::read_write.raw);
  if (!start) {
    (void)pager.call<Dataspace::close>(*handle);
    return start.error();
  }
  return std::span(reinterpret_cast<std::byte*>(*start), bytes);
}

}  // namespace mica
