// SPDX-License-Identifier: MIT
// Bad input: whatever a thread does, it stops only itself. Each attack (attacks.cc)
// is carried out by a thread in a space of its own, beside witnesses in other spaces
// that must go on with all they have untouched.
#include "attacks.h"
#include "messages.h"

using namespace guest;

namespace {

using l4::ThreadId;

struct Witness {
  ThreadId id;
  volatile Word counter = 0;  // counted up with every register checked
  volatile Word rounds = 0;   // as above, and UTCB and local id checked as well
  volatile Word wrong = 0;    // number of the register, or of the word of the UTCB + 100
};
Witness witnesses[2];

constexpr Word page_fault_number = 14;
constexpr Word mark(int i) { return 0x4d00 + static_cast<Word>(i); }

void witness_body(Word argument) {
  Witness& w = object_at<Witness>(argument);
  const Word local = utcb_at(slot_of(w.id).utcb) + 0x200;
  for (int i = -48; i < 64; ++i) {
    if (i <= -17 || i == -13 || i >= -5) l4_utcb()[i] = mark(i);
  }
  for (;;) {
    if (const Word wrong = guest_hold_registers(&w.counter, 200)) w.wrong = wrong;
    if (L4_MyLocalId().raw != local) w.wrong = 99;
    for (int i = -48; i < 64; ++i) {
      if ((i <= -17 || i == -13 || i >= -5) && l4_utcb()[i] != mark(i))
        w.wrong = 100 + static_cast<Word>(i + 48);
    }
    if (L4_MyGlobalId().raw != w.id.raw) w.wrong = 98;
    w.rounds = w.rounds + 1;
  }
}

void start_witnesses() {
  for (Witness& w : witnesses) {
    w.id = make_task();
    w.counter = 0;
    w.rounds = 0;
    w.wrong = 0;
    start(w.id, witness_body, address_of(w), runner);
    L4_Set_Timeslice(w.id, L4_TimePeriod(200), L4_Never);
  }
  sleep_us(2000);
}

// Both have gone on since the last time, and nothing of theirs has changed.
void check_witnesses(Location at = Location::current()) {
  static Word before[2];
  for (Witness& w : witnesses) {
    Word& old = before[&w - witnesses];
    old = w.rounds;
    expect(eventually([&] { return w.rounds > old + 1; }), "the witness has stopped", at);
    expect_eq(w.wrong, 0u, "the witness has lost a register or a word", at);
  }
}

void check_error(Word expected, Word error) {
  if ((expected & error_of_gate) == 0) return void(expect_eq(error, expected, "error code"));
  const Word vector = expected & 0xff;
  if (error != vector * 16 + 2) expect_eq(error, vector * 8 + 2, "error code");
}

// The message with which an attack ends.
void check_ending(const Attack& attack, ThreadId attacker) {
  l4::Words m;
  l4::ipc_words(ThreadId::nil(), attacker, {timeouts(0, 2'000'000)}, m);
  if (m.tag().failed()) {
    expect(false, finished(attacker) ? "it went on" : "no message");
    return;
  }
  if (attack.ending == Ending::stops) return;
  if (attack.ending == Ending::exception) {
    expect_eq(m[0], l4::Tag::make(L4_ExceptionLabel, 20).raw, "tag");
    Word number, error;
    L4_StoreMR(L4_ExcNumber, &number);
    L4_StoreMR(L4_ExcErrorCode, &error);
    if (attack.number != any_value) expect_eq(number, attack.number, "exception");
    if (attack.error != any_value) check_error(attack.error, error);
    if (number == page_fault_number) expect((error & 4) != 0, "not a user's page fault");
  } else if (attack.ending == Ending::page_fault) {
    expect_eq(m[0], l4::Tag::make(L4_PageFaultLabel | static_cast<long>(attack.error), 2).raw, "tag");
    expect_eq(m[1], attack.number, "fault address");
  } else {
    expect_eq(m[0], l4::Tag::make(L4_IoFaultLabel, 2).raw, "tag");
    expect_eq(m[1] >> 4, l4::Fpage::io(attack.number, 0).raw >> 4, "I/O flexpage");
  }
}

const Attack* current;
ThreadId listener;

// Pages its own stack and code in first, then attacks under the listener's eyes.
void attack_body(Word with_handlers) {
  L4_Set_ExceptionHandler(with_handlers ? listener : ThreadId::nil());
  L4_Set_Pager(with_handlers ? listener : ThreadId::nil());
  current->body(0);
}

void touch_everything(Word) { touch_program(); }

// All pages of the program are there, so that only the attack faults.
ThreadId make_attacker() {
  const ThreadId id = spawn_task(touch_everything);
  require(finishes(id), "attacker is ready");
  slot_of(id).finished = false;
  return id;
}

}  // namespace

TEST("each attack, with handlers: the message that is due, and the witnesses go on") {
  start_witnesses();
  listener = ThreadId::self();
  for (unsigned i = 0; i < attack_count; ++i) {
    current = &attacks[i];
    context(current->name);
    const ThreadId attacker = make_attacker();
    start(attacker, attack_body, 1, listener);
    if (current->ending == Ending::returns) {
      expect(finishes(attacker), "it did not go on");
    } else {
      check_ending(*current, attacker);
      expect_eq(state_of(attacker), Word{L4_SCHEDRESULT_WAITING}, "its state");
    }
    context(current->name);
    check_witnesses();
    end_thread(attacker);
  }
}

TEST("each attack, without pager and exception handler: the thread is halted, and the witnesses go on") {
  start_witnesses();
  for (unsigned i = 0; i < attack_count; ++i) {
    current = &attacks[i];
    context(current->name);
    const ThreadId attacker = make_attacker();
    start(attacker, attack_body, 0, ThreadId::nil());
    if (current->ending == Ending::returns) {
      expect(finishes(attacker), "it did not go on");
    } else {
      expect(becomes(attacker, L4_SCHEDRESULT_INACTIVE), "it is not halted");
      expect(!finished(attacker), "it went on");
    }
    context(current->name);
    check_witnesses();
    end_thread(attacker);
  }
}

TEST("each attack in the space of a witness: its neighbour goes on too") {
  start_witnesses();
  for (unsigned i = 0; i < attack_count; ++i) {
    current = &attacks[i];
    // The neighbour's UTCB is what these write, or the slot that they expect is not theirs.
    if (current->ending == Ending::returns) continue;
    context(current->name);
    const ThreadId attacker = make_sibling(witnesses[0].id);
    start(attacker, attack_body, 0, ThreadId::nil());
    expect(becomes(attacker, L4_SCHEDRESULT_INACTIVE), "it is not halted");
    check_witnesses();
    end_thread(attacker);
  }
}

TEST("a handler that has gone, and one that fails: the thread is halted; its scheduler restarts it") {
  start_witnesses();
  static ThreadId gone;
  gone = ThreadId::global(0x3fff0, 1);
  for (const bool fault : {false, true}) {
    static bool page;
    page = fault;
    const ThreadId id = spawn_task([](Word) {
      L4_Set_ExceptionHandler(gone);
      L4_Set_Pager(gone);
      if (page) *reinterpret_cast<volatile Word*>(0x1000) = 1;
      asm volatile("ud2");
    });
    expect(becomes(id, L4_SCHEDRESULT_INACTIVE));
    check_witnesses();
    L4_Set_PagerOf(id, runner);
  }
  // Being its own handler, or an interrupt's thread being it, is no handler either.
  for (const ThreadId handler : {ThreadId::any(), ThreadId::any_local(), ThreadId(0x1234'5640),
                                 ThreadId::global(4, 1), ThreadId(L4_MyLocalId().raw + 7)}) {
    context("handler", handler.raw);
    static ThreadId given;
    given = handler;
    const ThreadId id = spawn_task([](Word) {
      L4_Set_ExceptionHandler(given);
      asm volatile("ud2");
    });
    expect(becomes(id, L4_SCHEDRESULT_INACTIVE));
    end_thread(id);
  }
  const ThreadId own = spawn_task([](Word) {
    L4_Set_ExceptionHandler(ThreadId::self());
    asm volatile("ud2");
  });
  expect(becomes(own, L4_SCHEDRESULT_INACTIVE));
  check_witnesses();
}

TEST("two threads of two spaces load selectors in turn: %gs:0 is right for each at every look") {
  start_witnesses();
  static volatile Word looks, wrong;
  looks = 0;
  wrong = 0;
  const Body body = [](Word selector) {
    const Word local = utcb_at(0) + 0x200;
    const ThreadId self = ThreadId::self();
    const auto word = static_cast<unsigned short>(selector);
    for (;;) {
      asm volatile("movw %0, %%ds\n movw %0, %%es\n movw %0, %%fs\n movw %0, %%gs" : : "r"(word) : "memory");
      if (looks % 3 == 0) L4_ThreadSwitch(ThreadId::nil());
      if (looks % 3 == 1) asm volatile(".byte 0xf0, 0x90" : : : "rax", "rcx", "rdx", "rsi");
      receive(self, timeouts(0, 30));
      if (L4_MyLocalId().raw != local) wrong = wrong + 1;
      if (ThreadId::self() != self) wrong = wrong + 1;
      looks = looks + 1;
    }
  };
  spawn_task(body, 0);
  spawn_task(body, 0x23);
  expect(eventually([] { return looks > 300; }));
  expect_eq(wrong, 0u);
  check_witnesses();
}

TEST("a thread with null selectors takes part in IPC of every kind") {
  static ThreadId server;
  server = spawn_task([](Word) {
    Received r = receive();
    for (;;) r = reply_wait(r.from, r.tag.label() + 1);
  });
  require(becomes(server, L4_SCHEDRESULT_WAITING));
  const ThreadId client = spawn_task([](Word) {
    for (int i = 0; i < 20; ++i) {
      asm volatile("movw %w0, %%gs\n movw %w0, %%fs" : : "r"(i % 2 == 0 ? 0 : 0x23));
      expect_eq(call(server, i).tag.label(), i + 1);
      expect_eq(L4_MyLocalId().raw, utcb_at(0) + 0x200);
    }
  });
  expect(finishes(client));
}

TEST("no kernel value is visible after any system call") {
  const ThreadId task = make_task();
  const Word links[] = {l4_links.system_clock,   l4_links.thread_switch,     l4_links.schedule,
                        l4_links.unmap,          l4_links.thread_control,    l4_links.space_control,
                        l4_links.memory_control, l4_links.processor_control, l4_links.exchange_registers};
  const char* const names[] = {"SystemClock",   "ThreadSwitch",     "Schedule",
                               "Unmap",         "ThreadControl",    "SpaceControl",
                               "MemoryControl", "ProcessorControl", "ExchangeRegisters"};
  for (const bool good : {false, true}) {
    for (unsigned i = 0; i < 9; ++i) {
      Frame f = marked_frame();
      if (good) {
        f.rax = f.rdi = task.raw;
        f.rsi = f.rdx = f.r8 = 0;
        f.r9 = 0;
      }
      if (links[i] == l4_links.unmap || links[i] == l4_links.memory_control) {
        f.rdi = reinterpret_cast<Word>(l4_utcb());
        f.rdx = 0;
      }
      if (links[i] == l4_links.exchange_registers) f.rsi = 0;
      guest_call(f, links[i]);
      expect_no_kernel_value(f, names[i]);
    }
  }
}
