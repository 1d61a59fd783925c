// SPDX-License-Identifier: MIT
#include "injection.h"

#include <runtime/random.h>

namespace root {

namespace {

using runtime::Random;

constexpr Word page_size = 0x1000;
constexpr Word stack_words = 16;  // of the stack, that a fault may hit
constexpr unsigned flips = 8;     // bits that a fault changes
constexpr std::uint16_t endless_loop = 0xfeeb;

struct Registers {
  Word sp, ip;
};

Registers exchange(l4::ThreadId thread, Word control, Word new_ip = 0) {
  Word old = 0, flags = 0, handle = 0;
  Registers now{};
  L4_ThreadId_t pager;
  (void)L4_ExchangeRegisters(thread, control, 0, new_ip, 0, 0, L4_nilthread, &old, &now.sp, &now.ip, &flags,
                             &handle, &pager);
  return now;
}

// One bit of some byte in the touched pages of such segments.
Result<Address> flip(const Task& task, Word right, Random& random) {
  Word pages = 0;
  const auto for_each_page = [&](auto&& visit) {
    for (const mica::Segment& segment : task.image().segments) {
      if ((segment.flags & right) == 0) continue;
      const Word end = segment.virtual_address + segment.memory_size;
      for (Word page = segment.virtual_address & ~(page_size - 1); page < end; page += page_size) {
        if (task.look(page) != 0) visit(page, end - page < page_size ? end - page : page_size);
      }
    }
  };
  for_each_page([&](Word, Word) { ++pages; });
  if (pages == 0) return Error::not_found;
  Word chosen = random.below(pages), address = 0;
  for_each_page([&](Word page, Word bytes) {
    if (chosen-- == 0) address = page + random.below(bytes);
  });
  *reinterpret_cast<unsigned char*>(task.look(address)) ^= static_cast<unsigned char>(1u << random.below(8));
  return address;
}

Result<Address> flip_some(const Task& task, Word right, Random random) {
  Result<Address> done = Error::not_found;
  for (unsigned i = 0; i < flips; ++i) done = flip(task, right, random);
  return done;
}

// What thread 0 has on its stack.
Result<Address> flip_stack(const Task& task, Random random) {
  const Word sp = exchange(task.id().thread(0), 0).sp;
  Result<Address> done = Error::not_found;
  for (unsigned i = 0; i < flips; ++i) {
    const Word address = (sp & ~Word{7}) + random.below(stack_words) * sizeof(Word);
    const Address at = task.look(address);
    if (at == 0) continue;
    *reinterpret_cast<Word*>(at) ^= Word{1} << random.below(64);
    done = address;
  }
  return done;
}

}  // namespace

Result<Address> inject(Task& task, mica::Fault kind, Word seed) {
  const Random random(seed | 1);
  switch (kind) {
    case mica::Fault::code: return flip_some(task, mica::Segment::executable, random);
    case mica::Fault::data: return flip_some(task, mica::Segment::writable, random);
    case mica::Fault::stack: return flip_stack(task, random);
    case mica::Fault::loop: {
      constexpr Word at = mica::TaskPage::entry + 0x80;
      task.write_page(at, endless_loop);
      (void)exchange(task.id().thread(0), L4_ExRegIp | L4_ExRegAbortReceive | L4_ExRegAbortSend, at);
      return Address{at};
    }
    case mica::Fault::halt: return exchange(task.id().thread(0), L4_ExRegApplyHalt | L4_ExRegHalt).ip;
  }
  return Error::bad_argument;
}

}  // namespace root
