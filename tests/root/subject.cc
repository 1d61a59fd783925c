// SPDX-License-Identifier: MIT
#include "subject.h"

#include <mica/server.h>
#include <runtime/io.h>
#include <runtime/threads.h>

#include "check.h"

namespace root_test {

namespace {

std::string_view own_name;
alignas(16) constinit std::byte stack[4096]{};

Word number(Error error) { return static_cast<Word>(error); }

void answer_for_name(Word) {
  mica::register_name(own_name);
  L4_Sleep(L4_Never);
}

Word spin(Word microseconds) {
  const Word end = L4_SystemClock().raw + microseconds;
  Word rounds = 0;
  while (L4_SystemClock().raw < end) ++rounds;
  return rounds;
}

// A task without any of the rights that the others have.
Word first_that_is_given(TaskId other) {
  const auto refused = [](const auto& result) { return result.error() == Error::denied; };
  if (!refused(ask<Root::kill>(other))) return 1;
  if (!refused(ask<Root::restart>(Name("subject")))) return 2;
  if (!refused(ask<Root::shutdown>(Word{0}))) return 3;
  if (!refused(ask<Root::find>(Name("subject")))) return 4;
  if (!refused(ask<Root::register_name>(Name("subject")))) return 5;
  if (!refused(ask<Root::attach_interrupt>(Word{5}, Word{0}))) return 6;
  if (!refused(ask<Root::attach_message_interrupt>(Word{0}))) return 7;
  if (!refused(map<Root::device_memory>(place(0), Word{0xb8000}, Word{15}))) return 8;
  if (!refused(map<Root::ports>(l4::Fpage::io(0, 16), Word{0x2f8}, Word{3}))) return 9;
  if (!refused(map<Root::dma_memory>(place(0), Word{12}))) return 10;
  if (!refused(ask<Root::spawn>(Word{64} << 10, mica::Text<64>("root_test.elf"), mica::Text<256>())))
    return 11;
  if (ask<Root::create_thread>(mica::root_server()).error() != Error::no_room) return 12;
  if (ask<Root::wait>(other).error() != Error::not_found) return 13;
  if (!refused(ask<Root::set_priority>(Word{0}, Word{254}))) return 14;
  return 0;
}

class Server {
 public:
  using Interface = Subject;
  using Client = mica::Client<>;

  Result<Word> handle(Subject::act, Client& client, Act what, Word a, Word b) {
    switch (what) {
      case Act::add: return a + b;
      case Act::crash: *reinterpret_cast<volatile Word*>(Word{0x123450}) = 1; return 0ul;
      case Act::exit: runtime::exit(static_cast<int>(a));
      case Act::hang:
        for (;;) asm volatile("pause");
      case Act::nonsense: return nonsense(client);
      case Act::memory: return take_memory(a, b);
      case Act::held: return held();
      case Act::free_held: return free_held();
      case Act::attach: return number(ask<Root::attach_interrupt>(a, Word{0}).error());
      case Act::attach_message: return number(ask<Root::attach_message_interrupt>(Word{0}).error());
      case Act::call: return number(mica::call<Subject::act>(l4::ThreadId(a), Act::add, 1ul, 2ul).error());
      case Act::spawn: return spawn("sleep").value_or(TaskId()).raw;
      case Act::fork: fork();
      case Act::register_other: return register_other();
      case Act::delete_thread: return number(ask<Root::delete_thread>(a).error());
      case Act::read_log: return number(ask_within<Root::log>(1, ~Word{0}).error());
      case Act::find_silent: return number(ask_within<Root::find>(a, Name("silent")).error());
      case Act::complain: return number(ask<Root::complain>(l4::ThreadId(a)).error());
      case Act::provoke: return number(provoke("babbler"));
      case Act::lower: return number(ask<Root::set_priority>(Word{0}, a).error());
      case Act::refused: return first_that_is_given(client.task);
      case Act::spin: return spin(a);
    }
    return Error::bad_argument;
  }

 private:
  static Result<Word> nonsense(const Client& client) {
    l4::Words m(l4::Tag::make(0x77, 3), 1, 2, 3);
    (void)l4::send_words(client.thread, m, l4::Timeouts::reply());
    return Result<Word>::later();
  }

  // Side by side, those of each order elsewhere.
  static Word take_memory(Word order, Word most) {
    const Word base = order << 40;
    Word got = 0;
    while (got < most && map<Root::memory>(l4::Fpage::memory(base + (got << order), static_cast<unsigned>(order)), order)) {
      ++got;
    }
    return got;
  }

  static Word held() {
    Word n = 0;
    while (map<Root::held_memory>(place(n), n)) ++n;
    return n;
  }

  static Word free_held() {
    const auto block = map<Root::held_memory>(place(0), Word{0});
    return number(block ? ask<Root::free_memory>(block->page.base()).error() : block.error());
  }

  [[noreturn]] static void fork() {
    constexpr Word most = 3;
    TaskId children[most];
    for (Word n = 0;; n = n + 1 < most ? n + 1 : 0) {
      if (!children[n].is_none()) (void)ask<Root::kill>(children[n]);
      children[n] = spawn("spin").value_or(TaskId());
    }
  }

  static Word register_other() {
    const auto thread = runtime::start_task_thread(answer_for_name, 0, stack);
    if (!thread) return 0;
    while (server(own_name) != *thread) L4_Sleep(L4_TimePeriod(millisecond));
    return thread->number() % mica::threads_per_task;
  }
};

constinit Server subject;

}  // namespace

void serve_subject(std::string_view name) {
  own_name = name;
  // One that is slow to come back.
  if (const Word late = mica::number_argument("late", 0); late != 0) L4_Sleep(L4_TimePeriod(late * millisecond));
  mica::serve(subject, name);
}

}  // namespace root_test
