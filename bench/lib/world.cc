// SPDX-License-Identifier: MIT
#include "world.h"

#include <runtime/console_protocol.h>
#include <runtime/program.h>

extern "C" char program_start[], program_end[];

namespace bench {

namespace {

constexpr long take_away_label = 0x200;
constexpr unsigned max_threads = 48, stack_bytes = 8192, max_regions = 4;

alignas(16) constinit std::byte stacks[max_threads][stack_bytes] = {};
alignas(16) constinit std::byte pager_stack[4096] = {};
constinit unsigned threads = 0;
constinit pager::Region regions[max_regions] = {};
constinit unsigned region_count = 0;
constinit l4::ThreadId pager_id, first_thread;

std::span<std::byte> next_stack() {
  if (threads == max_threads) runtime::panic("too many threads");
  return stacks[threads++];
}

void take_away() {
  for (unsigned i = 0; i + 1 < region_count; ++i) {
    for (l4::Word at = 0; at < regions[i].size; at += 0x1000) {
      L4_UnmapFpage(l4::Fpage::page(regions[i].here + at, l4::full_access));
    }
  }
}

void pager_thread(l4::Word) {
  const pager::Pager pager({regions, region_count});
  l4::Words message;
  l4::ThreadId client = l4::wait_words(message);
  for (;;) {
    client = pager.serve(client, message);
    const long label = message.tag().label();
    if (label == runtime::console_write) {
      runtime::serve_console(message);
    } else if (label == take_away_label) {
      take_away();
    } else if (label == runtime::program_exit) {
      runtime::exit(static_cast<int>(message[1]));
    }
    message = l4::Words(l4::Tag::make(0, 0));
    client = l4::reply_and_wait_words(client, message);
    if (message.tag().failed()) client = l4::wait_words(message);
  }
}

}  // namespace

void start_pager(std::span<const pager::Region> extra) {
  first_thread = l4::ThreadId::self();
  for (const pager::Region& region : extra) regions[region_count++] = region;
  const l4::Word image = reinterpret_cast<l4::Word>(program_start);
  regions[region_count++] = {image, reinterpret_cast<l4::Word>(program_end) - image, image, l4::full_access};
  const auto id = runtime::start_thread(pager_thread, 0, pager_stack);
  if (!id) runtime::panic("no pager thread");
  pager_id = *id;
  // A thread that is ready but has no turn would keep the timer going.
  l4::Words message(l4::Tag::make(0, 0));
  l4::call_words(pager_id, message);
}

void take_extra_regions_away() {
  l4::Words message(l4::Tag::make(take_away_label, 0));
  l4::call_words(pager_id, message);
}

l4::ThreadId start_here(runtime::ThreadEntry entry, l4::Word argument) {
  const auto id = runtime::start_thread(entry, argument, next_stack());
  if (!id) runtime::panic("no thread");
  return *id;
}

l4::ThreadId start_in_space(runtime::ThreadEntry entry, l4::Word argument) {
  const auto id = try_start_in_space(entry, argument, next_stack());
  if (!id) runtime::panic("no space");
  return *id;
}

std::optional<l4::ThreadId> try_start_in_space(runtime::ThreadEntry entry, l4::Word argument,
                                               std::span<std::byte> stack) {
  const auto id = runtime::create_task(pager_id);
  if (!id) return std::nullopt;
  L4_Start_SpIp(*id, runtime::stack_for(entry, argument, stack), runtime::thread_entry_ip());
  return id;
}

l4::ThreadId main_thread() { return first_thread; }

l4::ThreadId pager_thread_id() { return pager_id; }

}  // namespace bench
