// SPDX-License-Identifier: MIT
#include "memory.h"

#include <l4/pagefault.h>
#include <mica/dataspace.h>
#include <runtime/task.h>

#include "ask.h"

namespace campaign {

namespace {

using mica::Dataspace;
using mica::Root;
using mica::TaskId;

constexpr Word page_size = Dataspace::page_size;
constexpr unsigned region_order = 17;
constexpr Word first_window = Word{1} << 42, second_window = first_window + (Word{1} << region_order);
constexpr Word archive_window = Word{1} << 43;
constexpr Word most_handles = 64;  // of a pager's client
constexpr long done_label = 0x120;
constexpr const char* file_name = "manifest";

// A dataspace, and where it is to be touched.
struct Region {
  Word start = 0, bytes = 0;
  l4::ThreadId pager;
  Word handle = 0;
  Word rights = l4::read_write.raw;
};

// What the second thread does with a region.
struct Job {
  enum Kind { fill, overwrite, compare, add_up } kind = fill;
  Region region;
  Word seed = 0;
  bool good = true;
  Word sum = 0;
};

constinit l4::ThreadId prober, toucher;
alignas(16) constinit std::byte stack[2048]{};
constinit Job job;

Word pattern(Word seed, Word i) { return seed * 0x9e37'79b9'7f4a'7c15 + i; }

void touch_words() {
  auto* const words = reinterpret_cast<volatile Word*>(job.region.start);
  for (Word i = 0; i < job.region.bytes / sizeof(Word); ++i) {
    if (job.kind == Job::fill) job.good = job.good && words[i] == 0;
    if (job.kind == Job::compare) job.good = job.good && words[i] == pattern(job.seed, i);
    else words[i] = pattern(job.seed, i);
  }
}

Word sum_of(Word start, Word bytes) {
  Word sum = bytes;
  for (Word at = start; at < start + bytes; ++at) sum = sum * 31 + *reinterpret_cast<const volatile unsigned char*>(at);
  return sum;
}

void touch(Word) {
  if (job.kind == Job::add_up) job.sum = sum_of(job.region.start, job.region.bytes);
  else touch_words();
  l4::Words done(l4::Tag::make(done_label, 0));
  l4::send_words(prober, done);
  for (;;) L4_Sleep(L4_Never);
}

void wait_for_ever(Word) {
  for (;;) L4_Sleep(L4_Never);
}

// The second thread's page fault. False: there is nothing for it.
bool resolve(Word address, Word access) {
  const mica::TaskPage& task = mica::this_task();
  if (address >= task.image_low && address < task.image_high) {
    (void)*reinterpret_cast<const volatile char*>(address);  // it comes into the space of both
    return true;
  }
  const Region& region = job.region;
  if (address < region.start || address - region.start >= region.bytes || (access & ~region.rights) != 0) return false;
  return ask_for_page<Dataspace::map>(region.pager, address & ~(page_size - 1), region.handle,
                                      (address - region.start) & ~(page_size - 1), access, region.rights)
      .ok();
}

Answer run(Job::Kind kind, const Region& region, Word seed) {
  job = {kind, region, seed};
  L4_Start_SpIp(toucher, runtime::stack_for(touch, 0, stack), runtime::thread_entry_ip());
  l4::Words m;
  l4::ThreadId answered;
  const Word most = 64 + 4 * region.bytes / page_size;
  for (Word faults = 0; faults < most; ++faults) {
    l4::ipc_words(answered, toucher, within_patience(), m);
    if (m.tag().failed()) return Answer::none;
    if (m.tag().label() == done_label) return job.good ? Answer::good : Answer::wrong;
    if (!L4_IsPageFault({.raw = m.tag().raw}) || !resolve(m[1], L4_PageFaultAccess({.raw = m.tag().raw}))) break;
    m = l4::Words(l4::Tag::make(0, 0));
    answered = toucher;
  }
  return Answer::none;
}

// What was mapped there is here no more, and comes again when it is touched.
void give_away() { L4_FlushFpage(l4::Fpage::memory(first_window, region_order + 1, l4::full_access)); }

Answer use(const Region& region, Word n) {
  give_away();
  const Answer filled = run(Job::fill, region, n);
  if (filled != Answer::good) return filled;
  give_away();
  return run(Job::compare, region, n);
}

// One that finds no room may be full of handles whose numbers an incarnation with a fault has not told.
mica::Result<Word> create(l4::ThreadId pager, Word bytes) {
  const auto handle = ask<Dataspace::create>(pager, bytes);
  if (handle.error() == Error::no_room || handle.error() == Error::no_memory) {
    for (Word i = 0; i < most_handles; ++i) (void)ask<Dataspace::close>(pager, i);
  }
  return handle;
}

Answer probe_of_bytes(l4::ThreadId server, Word n, Word bytes) {
  const auto handle = create(server, bytes);
  if (!handle) return Answer::none;
  const Answer answer = use({first_window, bytes, server, *handle}, n);
  return ask<Dataspace::close>(server, *handle) ? answer : Answer::none;
}

bool has_block(TaskId task, Word physical) {
  for (Word n = 0;; ++n) {
    const auto block = mica::call<Root::block_info>(mica::root_server(), task, n);
    if (!block) return false;
    if (block->physical == physical) return true;
  }
}

// A copy with this content, which then gets another one.
Answer change_copy(const Region& original, const Region& copy, Word n) {
  Answer answer = run(Job::compare, copy, n);
  if (answer == Answer::good) answer = run(Job::overwrite, copy, n + 1);
  if (answer != Answer::good) return answer;
  give_away();
  answer = run(Job::compare, original, n);
  return answer == Answer::good ? run(Job::compare, copy, n + 1) : answer;
}

// Of the file as the root server has it.
constinit Word file_bytes = 0, file_sum = 0;

bool read_file() {
  const auto file = mica::call<Root::file>(mica::root_server(), mica::Text<100>(file_name));
  if (!file) return false;
  const Word first = file->address & ~(page_size - 1);
  for (Word page = first; page < file->address + file->size; page += page_size) {
    const mica::Window here{l4::Fpage::page(archive_window + page)};
    if (!mica::map_call<Root::file_pages>(mica::root_server(), here, page, Word{12})) return false;
  }
  file_bytes = file->size;
  file_sum = sum_of(archive_window + file->address, file->size);
  return true;
}

}  // namespace

bool begin_memory() {
  prober = l4::ThreadId::self();
  const auto thread = mica::call<Root::create_thread>(mica::root_server(), prober);
  if (!thread) return false;
  toucher = *thread;
  return runtime::start_task(toucher, runtime::thread_entry_ip(), runtime::stack_for(wait_for_ever, 0, stack)) &&
         read_file();
}

Answer probe_memory(l4::ThreadId server, Word n) { return probe_of_bytes(server, n, 2 * page_size); }

Answer probe_paging(l4::ThreadId server, Word n) { return probe_of_bytes(server, n, 28 * page_size); }

Answer probe_pinned(l4::ThreadId server, Word n) {
  const Word bytes = 2 * page_size;
  const auto handle = create(server, bytes);
  if (!handle) return Answer::none;
  Answer answer = use({first_window, bytes, server, *handle}, n);
  const auto physical = ask<Dataspace::physical>(server, *handle);
  if (!physical) return Answer::none;
  if (!has_block(TaskId::of(server), *physical)) answer = Answer::wrong;
  return ask<Dataspace::close>(server, *handle) ? answer : Answer::none;
}

Answer probe_copies(l4::ThreadId server, Word n) {
  const Word bytes = 2 * page_size;
  const auto handle = create(server, bytes);
  if (!handle) return Answer::none;
  const Region original{first_window, bytes, server, *handle};
  Answer answer = use(original, n);
  if (answer != Answer::good) return answer;
  const auto copy = ask<Dataspace::copy>(server, *handle);
  if (!copy) return Answer::none;
  answer = change_copy(original, {second_window, bytes, server, *copy}, n);
  const bool closed = ask<Dataspace::close>(server, *handle).ok() && ask<Dataspace::close>(server, *copy).ok();
  return closed ? answer : Answer::none;
}

Answer probe_files(l4::ThreadId server, Word) {
  const auto handle = ask<Dataspace::open>(server, mica::Text<100>(file_name));
  if (!handle) return Answer::none;
  const auto bytes = ask<Dataspace::size>(server, *handle);
  if (!bytes) return Answer::none;
  give_away();
  Answer answer = run(Job::add_up, {first_window, file_bytes, server, *handle, l4::read.raw}, 0);
  const bool right = *bytes == ((file_bytes + page_size - 1) & ~(page_size - 1)) && job.sum == file_sum;
  if (answer == Answer::good && !right) answer = Answer::wrong;
  return ask<Dataspace::close>(server, *handle) ? answer : Answer::none;
}

}  // namespace campaign
