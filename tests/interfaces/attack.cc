// SPDX-License-Identifier: MIT
#include "attack.h"

#include <l4/pagefault.h>
#include <mica/root.h>
#include <runtime/console_protocol.h>
#include <runtime/program.h>
#include <runtime/random.h>
#include <runtime/threads.h>

namespace interfaces {

namespace {

using l4::ThreadId;
using mica::Root;

constexpr unsigned message_words = 64;
constexpr Word window = Word{1} << 45;

struct Random : runtime::Random {
  constexpr explicit Random(Word seed) : runtime::Random(of_seed(seed)) {}
  Word below(Word n) { return (next() >> 11) % n; }
  bool once_in(Word n) { return below(n) == 0; }
};

struct Message {
  l4::Tag tag;
  Word mr[message_words];
};

constinit ThreadId servers[32];
alignas(4096) constinit std::byte scratch[4 * 4096]{}, stack[4096]{};
constinit Word second_seed = 0;

ThreadId some_server(Random& random) { return servers[random.below(targets().size())]; }

Word some_word(Random& random) {
  switch (random.below(20)) {
    case 0: return ~Word{0};
    case 1: return ~Word{0} - random.below(0x3000);
    case 2: return Word{1} << random.below(64);
    case 3: return random.next();
    case 4: return random.below(64) << 12;
    case 5: return 8 + random.below(24);
    case 6: return some_server(random).raw;
    case 7: return mica::TaskId::of(random.once_in(3) ? mica::this_task().task.thread(0) : some_server(random)).raw;
    case 8: return l4::Fpage::memory(random.next(), static_cast<unsigned>(random.below(48)), l4::full_access).raw;
    case 9:
    case 10: return 4 + 2 * random.below(2);  // rights to read, and to write
    default: return random.below(5);          // handles, small numbers
  }
}

// Labels of messages that are no requests: of the kernel's, as if a thread of the attacker had a fault,
// and those that tasks send to who has started them.
long some_protocol(Random& random) {
  static constexpr long labels[] = {L4_PageFaultLabel, L4_IoFaultLabel, L4_ExceptionLabel, mica::ping_label,
                                    runtime::console_write, runtime::program_exit, 0x103, 0, -1};
  return labels[random.below(std::size(labels))] + static_cast<long>(random.below(8));
}

unsigned put_text(Random& random, Message& m, unsigned at, unsigned capacity) {
  static constexpr std::string_view names[] = {"echo", "manifest", "fuzz", "private", "anonymous", "fuzz.elf", ""};
  std::string_view name = names[random.below(std::size(names))];
  const Word size = random.once_in(2) ? name.size() : random.below(capacity + 1);
  m.mr[at++] = random.once_in(16) ? some_word(random) : size;
  for (Word i = 0; i < size && at < message_words; i += 8) {
    Word w = 0;
    for (Word k = i; k < size && k < i + 8; ++k) {
      const Word c = k < name.size() ? static_cast<unsigned char>(name[k]) : 'a' + random.below(26);
      w |= c << 8 * (k - i);
    }
    m.mr[at++] = w;
  }
  return at;
}

// Typed items behind word `at`; the result is the number of their words.
unsigned put_items(Random& random, Message& m, unsigned at) {
  if (at + 4 > message_words) return 0;
  const Word place = reinterpret_cast<Word>(scratch) + random.below(sizeof(scratch));
  const Word room = reinterpret_cast<Word>(scratch) + sizeof(scratch) - place;
  switch (random.below(7)) {
    case 0:
    case 1: m.mr[at] = random.below(room) << 10, m.mr[at + 1] = place; return 2;
    case 2: m.mr[at] = random.below(64) << 10 | 1u << 4, m.mr[at + 1] = m.mr[at + 2] = reinterpret_cast<Word>(scratch); return 3;
    case 3: m.mr[at] = some_word(random) & ~Word{0x3ff}, m.mr[at + 1] = place; return 2;  // longer than there is
    case 4:
      m.mr[at] = L4_ItemMap << 1 | (random.below(64) << 12);
      m.mr[at + 1] = l4::Fpage::page(place, l4::Rights{random.below(8)}).raw;
      return 2;
    case 5:
      m.mr[at] = m.mr[at + 2] = 16 << 10;
      m.mr[at + 1] = m.mr[at + 3] = reinterpret_cast<Word>(scratch);
      return 4;
    default: m.mr[at] = random.next(), m.mr[at + 1] = some_word(random); return 1 + static_cast<unsigned>(random.below(3));
  }
}

Message some_message(Random& random, const Target& target) {
  Message m{};
  const Shape& shape = target.shapes[random.below(target.shapes.size())];
  unsigned at = 1;
  for (unsigned i = 0; i < shape.arguments; ++i) {
    if (shape.words[i] == 0) at = put_text(random, m, at, shape.capacity[i]);
    for (unsigned k = 0; k < shape.words[i]; ++k) m.mr[at++] = some_word(random);
  }
  Word number = shape.number, id = static_cast<Word>(target.id);
  unsigned untyped = at - 1, typed = 0;
  if (random.once_in(3)) {  // one thing is wrong
    switch (random.below(5)) {
      case 0: untyped = static_cast<unsigned>(random.below(64)); break;
      case 1: untyped += random.once_in(2) && untyped > 0 ? ~0u : 1; break;
      case 2: number = random.below(256); break;
      case 3: id = random.once_in(2) ? some_word(random) & 0xffff'ffff : random.below(0x40); break;
      default: m.mr[1 + random.below(message_words - 1)] = random.next();
    }
  }
  untyped = untyped < message_words ? untyped : message_words - 1;
  if (random.once_in(4)) typed = put_items(random, m, 1 + untyped);
  if (random.once_in(50)) {
    m.tag = l4::Tag::make(some_protocol(random), untyped, typed);
    return m;
  }
  m.tag = {(id << 8 | number) << 16 | typed << 6 | untyped};
  return m;
}

void send(Random& random, const Target& target, ThreadId server, Word receive) {
  const Message m = some_message(random, target);
  const bool open = random.once_in(4);
  if (open) {
    L4_Accept(L4_AddAcceptor(L4_MapGrantItems(l4::Fpage::memory(window, static_cast<unsigned>(12 + random.below(12)))),
                             L4_StringItemsAcceptor));
    L4_LoadBR(1, random.below(4096) << 10);
    L4_LoadBR(2, reinterpret_cast<Word>(scratch));
  }
  for (unsigned n = 8; n < message_words; ++n) l4_utcb()[n] = m.mr[n];
  l4::Words words;
  for (unsigned n = 1; n < 8; ++n) words[n] = m.mr[n];
  words.set_tag(m.tag);
  const Word until = static_cast<Word>(L4_TimePeriod(2000).raw) << 16;
  if (random.once_in(6)) l4::send_words(server, words, l4::Timeouts{until});  // and never receives
  else l4::call_words(server, words, l4::Timeouts{until | receive});
  if (open) L4_Accept(L4_UntypedWordsAcceptor);
}

void send_something(Random& random, Word receive) {
  const Word n = random.below(targets().size());
  if (!servers[n].is_nil()) send(random, targets()[n], servers[n], receive);
}

// Waits for answers as long as it takes, and is ended in the middle.
[[noreturn]] void wait_for_ever(Random random) {
  for (unsigned n = 0; n < 100; ++n) send_something(random, L4_Never.raw);
  for (;;) L4_Sleep(L4_Never);
}

void second_thread(Word) { wait_for_ever(Random(second_seed)); }

// All of its own space over that of each server that has left its window open.
void map_over_servers() {
  for (std::size_t i = 0; i < targets().size(); ++i) {
    const L4_MapItem_t all = L4_MapItem(l4::Fpage::complete().with(l4::full_access), 0);
    l4::Words words(l4::Tag::make(targets()[i].id << 8, 0, 2), all.raw[0], all.raw[1]);
    l4::call_words(servers[i], words, l4::Timeouts{static_cast<Word>(L4_TimePeriod(2000).raw) << 16 | L4_TimePeriod(2000).raw});
  }
}

}  // namespace

int attack(Word seed, Word steps) {
  Random random(seed);
  for (std::size_t i = 0; i < targets().size(); ++i) servers[i] = server_of(targets()[i]);
  // What three tasks say ends a server, but what one task spawns has one voice together.
  for (std::size_t i = 0; i < targets().size(); ++i) {
    (void)mica::call<Root::complain>(mica::root_server(), servers[i]);
  }
  map_over_servers();
  ThreadId second;
  for (Word step = 0; step < steps; ++step) {
    if (step % 16 == 0) {
      if (!second.is_nil()) (void)mica::call<Root::delete_thread>(mica::root_server(), second.number() % mica::threads_per_task);
      second_seed = random.next();
      second = runtime::start_task_thread(second_thread, 0, stack).value_or(ThreadId::nil());
    }
    send_something(random, L4_TimePeriod(random.once_in(8) ? 0 : 2000).raw);
  }
  switch (random.below(4)) {
    case 0: __builtin_trap();
    case 1: for (;;) L4_Sleep(L4_Never);
    case 2: wait_for_ever(random);
    default: break;
  }
  return 0;
}

}  // namespace interfaces
