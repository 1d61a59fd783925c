// SPDX-License-Identifier: MIT
// Page faults and exceptions as messages (manual, chapters 7.2 and 7.3).
#include "subject.h"

using namespace guest;

namespace {

using l4::Fpage;
using l4::ThreadId;

alignas(4096) std::byte memory[4 * 4096];
Word page(unsigned i) { return reinterpret_cast<Word>(memory) + i * 4096; }
constexpr Word area = 0x30'0000'0000;

constexpr Word read_fault = 0xffff'ffff'ffe4'0002, write_fault = 0xffff'ffff'ffe2'0002,
               execute_fault = 0xffff'ffff'ffe1'0002, exception_tag = 0xffff'ffff'ffb0'0014;

Word address_of_code(const char* at) { return reinterpret_cast<Word>(at); }
constexpr Word mark(unsigned i) { return 0x1111'0000'0000 + 0x101 * i; }

// The frame with marks, and the marks that must be back.
Frame frame;
ThreadId handler;

// A thread that executes one instruction with marked registers.
using Instruction = void (*)(Frame&);
Instruction instruction;
ThreadId start_instruction(Instruction what, bool task = true) {
  instruction = what;
  handler = ThreadId::self();
  const Body body = [](Word) {
    L4_Set_Pager(handler);
    L4_Set_ExceptionHandler(handler);
    instruction(frame);
    L4_Set_Pager(runner);
  };
  if (!task) return spawn(body);
  static Body then;
  then = body;
  const ThreadId id = spawn_task([](Word) {
    touch_program();
    then(0);
  });
  return id;
}

struct Message {
  Word mr[64];
  Word& operator[](unsigned i) { return mr[i]; }
};
Message message;
ThreadId wait_message(ThreadId from) {
  ThreadId sender = from;
  L4_ThreadId_t by;
  L4_Ipc(ThreadId::nil(), from, timeouts(0, 1'000'000), &by);
  sender = by;
  L4_StoreMRs(0, 64, message.mr);
  return sender;
}
void answer(ThreadId to, unsigned words) {
  message[0] = words;
  L4_LoadMRs(0, 64, message.mr);
  expect_ok({L4_Send_Timeout(to, L4_ZeroTime).raw});
}

// Order of the frame's registers in an exception message.
constexpr unsigned order[] = {L4_ExcRax, L4_ExcRbx, L4_ExcRcx, L4_ExcRdx, L4_ExcRsi,
                              L4_ExcRdi, L4_ExcRbp, L4_ExcR8,  L4_ExcR9,  L4_ExcR10,
                              L4_ExcR11, L4_ExcR12, L4_ExcR13, L4_ExcR14, L4_ExcR15};
Word* frame_words() { return &frame.rax; }

}  // namespace

TEST("page-fault messages: tag, address, IP, sender; a map item answers them") {
  struct Case {
    Instruction what;
    const char* ip;
    Word tag;
    Word rights;
  };
  const Case cases[] = {{guest_load, guest_at_load, read_fault, 4},
                        {guest_store, guest_at_store, write_fault, 6}};
  for (const bool task : {false, true}) {
    for (const Case& c : cases) {
      frame = marked_frame();
      frame.rbx = area + 0x5678;
      object_at<Word>(page(1) + 0x678) = mark(0);
      const ThreadId id = start_instruction(c.what, task);
      const ThreadId sender = wait_message(id);
      expect_eq(message[0], c.tag);
      expect_eq(message[1], area + 0x5678);
      expect_eq(message[2], address_of_code(c.ip));
      for (unsigned i = 3; i < 8; ++i) expect(message[i] < kernel_half, "a kernel value in the message");
      expect_eq(sender.raw, task ? id.raw : utcb_at(slot_of(id).utcb) + 0x200);
      l4::Words m(l4::Tag::make(0, 0, 2), (area + 0x5000) | 8,
                  Fpage::page(page(1), l4::Rights{c.rights}).raw);
      expect_ok(l4::send_words(sender, m, {send_zero}));
      expect(finishes(id), "it goes on");
      for (unsigned i = 0; i < 15; ++i) {
        context("register", i);
        if (i == 1) continue;
        expect_eq(frame_words()[i], mark(i));
      }
      context("");
      end_thread(id);
    }
  }
  L4_Flush(Fpage::page(area + 0x5000, l4::full_access));
}

TEST("an execute fault says so; a page without x faults by execution only") {
  Subject s;
  object_at<Word>(page(1)) = executable_code;
  s.accept(Fpage::page(area));
  l4::Words m(l4::Tag::make(0, 0, 2), 8, Fpage::page(page(1), l4::read_write).raw);
  expect_ok(l4::send_words(s.id(), m));
  s.end();
  expect(s.can_read(area) && s.can_write(area));
  expect(!s.can_execute(area));
  expect_eq(s.fault().tag.raw, execute_fault);
  expect_eq(s.fault().address, area);
  expect_eq(s.fault().ip, area);
  expect(!s.can_execute(area + 0x1000));
  expect_eq(s.fault().tag.raw, execute_fault);
}

TEST("any answer lets the thread try again: no item, words, items elsewhere, an error of the pager's own") {
  frame = marked_frame();
  frame.rbx = area;
  const ThreadId id = start_instruction(guest_load);
  for (const unsigned words : {0u, 2u, 20u, 63u}) {
    wait_message(id);
    expect_eq(message[0], read_fault);
    expect_eq(message[1], area);
    for (unsigned i = 1; i < 64; ++i) message[i] = 0xbad0 + i;
    answer(id, words);
  }
  wait_message(id);
  l4::Words m(l4::Tag::make(0x7, 1, 2), 5, (area + 0x1000) | 8, Fpage::page(page(1), l4::full_access).raw);
  expect_ok(l4::send_words(id, m));
  wait_message(id);
  expect_eq(message[1], area);
  // Words and two items, the second one the right one, by grant from nobody and map.
  m = l4::Words(l4::Tag::make(0x7, 1, 4), 5, 0xa, 0, area | 8, Fpage::page(page(1), l4::full_access).raw);
  expect_ok(l4::send_words(id, m));
  expect(finishes(id));
  for (unsigned i = 2; i < 15; ++i) {
    context("register", i);
    expect_eq(frame_words()[i], mark(i));
  }
}

TEST("message and control registers of the faulter are as before the fault") {
  static Word differences;
  static ThreadId pager;
  pager = ThreadId::self();
  differences = 0;
  const ThreadId id = spawn_task([](Word) {
    Word before[112];
    L4_Set_Pager(pager);
    for (int i = -48; i < 64; ++i) {
      if (i < -16 || i >= -8) l4_utcb()[i] = 0x9000 + static_cast<Word>(i + 48);
    }
    l4_utcb()[-16] = Fpage::memory(area + 0x40000, 13).raw;  // the window does not count either
    l4_utcb()[-9] = 77;                                      // ErrorCode
    for (int i = -48; i < 64; ++i) before[i + 48] = l4_utcb()[i];
    (void)*reinterpret_cast<volatile Word*>(area);
    for (int i = -48; i < 64; ++i) differences += before[i + 48] != l4_utcb()[i];
  });
  for (;;) {
    wait_message(id);
    if ((message[0] & 0x8000) != 0) break;
    const Word fault_page = message[1] & ~Word{0xfff};
    const Word from = fault_page == area ? page(1) : fault_page;
    for (unsigned i = 1; i < 64; ++i) message[i] = 0xbad0 + i;
    l4::Message m(9);
    for (unsigned i = 0; i < 40; ++i) m.word(0xbad00 + i);
    m.map(Fpage::page(from, l4::full_access), fault_page);
    m.load();
    expect_ok({L4_Send_Timeout(id, L4_ZeroTime).raw});
    if (fault_page == area) break;
  }
  expect(finishes(id));
  expect_eq(differences, 0u);
}

TEST("a pager that is not ready is waited for; one that goes halts the thread, a new one serves it") {
  static ThreadId pager;
  pager = make_thread();
  const ThreadId id = spawn_task([](Word) {
    touch_program();
    L4_Set_Pager(pager);
    (void)*reinterpret_cast<volatile Word*>(area);
  });
  require(becomes(id, L4_SCHEDRESULT_PENDING_SEND));
  end_thread(pager);
  expect(becomes(id, L4_SCHEDRESULT_INACTIVE));
  const ThreadId nil = ThreadId::nil();
  expect_eq(thread_control(id, id, nil, ThreadId::self()), 0u);
  l4_exchange x = {L4_ExRegApplyHalt, 0, 0, 0, 0, 0};
  expect(l4_exchange_registers(id.raw, &x) != 0);
  wait_message(id);
  expect_eq(message[0], read_fault);
  l4::Words m(l4::Tag::make(0, 0, 2), area | 8, Fpage::page(page(1), l4::full_access).raw);
  expect_ok(l4::send_words(id, m));
  expect(finishes(id));
}

TEST("a pager that takes the fault and goes: the thread is halted") {
  static ThreadId pager;
  pager = spawn_task([](Word) { receive(); });
  require(becomes(pager, L4_SCHEDRESULT_WAITING));
  const ThreadId id = spawn_task([](Word) {
    touch_program();
    L4_Set_Pager(pager);
    (void)*reinterpret_cast<volatile Word*>(area);
  });
  require(finishes(pager));
  require(becomes(id, L4_SCHEDRESULT_WAITING));
  end_thread(pager);
  expect(becomes(id, L4_SCHEDRESULT_INACTIVE));
}

TEST("exception messages: every register, number, error code; an empty answer repeats") {
  struct Case {
    const char* name;
    Instruction what;
    const char* ip;
    Word number, error;
  };
  const Case cases[] = {
      {"ud2", guest_ud2, guest_at_ud2, 6, 0},
      {"int3", guest_int3, guest_after_int3, 3, 0},
      {"int 0x40", guest_int_0x40, guest_at_int_0x40, 13, 0x40 * 8 + 2},
      {"syscall", guest_foreign_syscall, guest_after_foreign_syscall, 256, 0},
      {"div", guest_divide, guest_at_divide, 0, 0},
  };
  for (const bool task : {false, true}) {
    for (const Case& c : cases) {
      context(c.name);
      frame = marked_frame();
      if (c.number == 0) frame.rcx = 0;
      const Frame before = frame;
      const ThreadId id = start_instruction(c.what, task);
      wait_message(id);
      require(message[0] == exception_tag, "it is an exception");
      expect_eq(message[L4_ExcRip], address_of_code(c.ip), "IP");
      expect_eq(message[L4_ExcNumber], c.number, "number");
      const bool gate_of_qemu = c.number == 13 && message[L4_ExcErrorCode] == 0x40 * 16 + 2;
      if (!gate_of_qemu) expect_eq(message[L4_ExcErrorCode], c.error, "error code");
      const Word stack = reinterpret_cast<Word>(slot_of(id).stack);
      expect(message[L4_ExcRsp] >= stack && message[L4_ExcRsp] < stack + sizeof(Slot::stack), "SP");
      expect_eq(message[L4_ExcRflags] & 0x202, 0x202u, "FLAGS");
      for (unsigned i = 0; i < 15; ++i) {
        Word expected = (&before.rax)[i];
        if (c.number == 256 && order[i] == L4_ExcRcx) expected = address_of_code(c.ip);
        if (c.number == 256 && order[i] == L4_ExcR11) expected = message[L4_ExcRflags];
        expect_eq(message[order[i]], expected, "register");
      }
      // Without words it goes on where it is.
      if (c.number != 256 && c.number != 3) {
        answer(id, 0);
        wait_message(id);
        expect_eq(message[0], exception_tag);
        expect_eq(message[L4_ExcRip], address_of_code(c.ip), "IP");
      }
      // New registers.
      for (unsigned i = 0; i < 15; ++i) message[order[i]] = 0x2222'0000 + i;
      if (c.number != 256 && c.number != 3) message[L4_ExcRip] += 2;
      answer(id, 20);
      expect(finishes(id), "it goes on");
      for (unsigned i = 0; i < 15; ++i)
        expect_eq(frame_words()[i], 0x2222'0000 + i, "register of the answer");
      end_thread(id);
    }
  }
}

TEST("an answer reloads as many registers as it has words") {
  for (unsigned words = 1; words <= 16; ++words) {
    context("words", words);
    frame = marked_frame();
    const ThreadId id = start_instruction(guest_ud2);
    wait_message(id);
    require(message[0] == exception_tag);
    message[L4_ExcRip] = address_of_code(guest_after_ud2);
    for (unsigned i = 2; i < 20; ++i) message[i] = 0x3333'0000 + i;
    answer(id, words);
    expect(finishes(id));
    for (unsigned i = 0; i < 15; ++i)
      expect_eq(frame_words()[i], order[i] <= words ? 0x3333'0000 + order[i] : mark(i), "register");
    end_thread(id);
  }
}

TEST("of FLAGS an answer changes CF PF AF ZF SF TF DF OF only; the number and error code are not looked at") {
  for (const bool ones : {false, true}) {
    frame = marked_frame();
    const ThreadId id = start_instruction(guest_ud2);
    wait_message(id);
    require(message[0] == exception_tag);
    message[L4_ExcRip] = address_of_code(guest_after_ud2);
    message[L4_ExcRflags] = ones ? ~Word{0x100} : 0;  // but TF
    message[L4_ExcNumber] = message[L4_ExcErrorCode] = ~Word{0};
    answer(id, 20);
    expect(finishes(id));
    expect_eq(frame.flags & 0x3f7fd5, ones ? 0xcd5u | 0x200u : 0x200u);
    end_thread(id);
  }
  frame = marked_frame();
  const ThreadId id = start_instruction(guest_ud2);
  wait_message(id);
  message[L4_ExcRip] = address_of_code(guest_after_ud2);
  message[L4_ExcRflags] = 0x302;
  answer(id, 18);
  wait_message(id);
  expect_eq(message[L4_ExcNumber], 1u, "single step");
  expect(message[L4_ExcRip] != address_of_code(guest_after_ud2));
  message[L4_ExcRflags] = 0x202;
  answer(id, 18);
  expect(finishes(id));
}

TEST("an answer, or a start message, with an IP that is not canonical: exception 13 there") {
  for (const Word ip :
       {Word{0x0000'8000'0000'0000}, Word{0x8000'0000'0000'0000}, Word{0xffff'7fff'ffff'ffff}}) {
    context("ip", ip);
    frame = marked_frame();
    const ThreadId id = start_instruction(guest_ud2);
    wait_message(id);
    message[L4_ExcRip] = ip;
    answer(id, 1);
    wait_message(id);
    expect_eq(message[0], exception_tag);
    expect_eq(message[L4_ExcNumber], 13u);
    expect_eq(message[L4_ExcErrorCode], 0u);
    expect_eq(message[L4_ExcRip], ip);
    for (unsigned i = 0; i < 15; ++i) expect_eq(message[order[i]], mark(i), "register");
    message[L4_ExcRip] = address_of_code(guest_after_ud2);
    answer(id, 1);
    expect(finishes(id));
    end_thread(id);
  }
  // A new thread: no handler yet, so it is halted.
  const ThreadId id = make_task({.pager = ThreadId::self()});
  l4::Words m(l4::Tag::make(0, 2), 0x0000'8000'0000'0000, 0x1000);
  expect_ok(l4::send_words(id, m));
  expect(becomes(id, L4_SCHEDRESULT_INACTIVE));
}

TEST("the handler's message registers and the thread's UTCB: no word of it is changed by an exception") {
  static ThreadId me;
  static Word differences;
  me = ThreadId::self();
  differences = 0;
  const ThreadId id = spawn_task([](Word) {
    L4_Set_ExceptionHandler(me);
    Word before[112];
    for (int i = -48; i < 64; ++i) {
      if (i < -16 || i >= -8) l4_utcb()[i] = 0x9000 + static_cast<Word>(i + 48);
    }
    for (int i = -48; i < 64; ++i) before[i + 48] = l4_utcb()[i];
    Frame f = marked_frame();
    guest_int3(f);
    for (int i = -48; i < 64; ++i) differences += before[i + 48] != l4_utcb()[i];
  });
  for (int i = 21; i < 64; ++i) L4_LoadMR(i, 0x7700 + static_cast<Word>(i));
  wait_message(id);
  expect_eq(message[0], exception_tag);
  for (unsigned i = 21; i < 64; ++i) expect_eq(message[i], 0x7700 + i, "word above the count");
  answer(id, 20);
  expect(finishes(id));
  expect_eq(differences, 0u);
}

TEST("two threads fault in turn on pages that their pager takes away again") {
  static volatile Word sums[2];
  sums[0] = 0;
  sums[1] = 0;
  const ThreadId me = ThreadId::self();
  static ThreadId pager;
  pager = me;
  const Body body = [](Word at) {
    touch_program();
    L4_Set_Pager(pager);
    for (unsigned i = 0; i < 500; ++i) {
      volatile Word& sum = sums[at / 0x1000 % 2];
      sum = sum + *reinterpret_cast<volatile Word*>(at);
    }
  };
  object_at<Word>(page(1)) = 1;
  const ThreadId a = spawn_task(body, area), b = spawn_task(body, area + 0x1000);
  unsigned faults = 0;
  while (!(finished(a) && finished(b))) {
    l4::Words m;
    const ThreadId from = l4::ipc_words(ThreadId::nil(), ThreadId::any(), {timeouts(0, 20'000)}, m);
    if (m.tag().failed()) continue;
    ++faults;
    const Word fault_page = m[1] & ~Word{0xfff};
    const bool ours = fault_page >= area && fault_page < area + 0x2000;
    m = l4::Words(l4::Tag::make(0, 0, 2), fault_page | 8,
                  Fpage::page(ours ? page(1) : fault_page, l4::full_access).raw);
    if (!expect(l4::send_words(from, m, {send_zero}).ok())) break;
    if (ours && faults < 900) {
      // Let it have the page for one access, then take it away.
      sleep_us(20);
      L4_UnmapFpage(Fpage::page(page(1), l4::full_access));
    }
  }
  expect_eq(sums[0] + sums[1], 1000u);
}

TEST("an exception handler that goes, while it is waited for or with the message: the thread is halted") {
  for (const bool takes_it : {false, true}) {
    context("takes it", takes_it);
    handler = takes_it ? spawn_task([](Word) { receive(); }) : make_thread();
    if (takes_it) require(becomes(handler, L4_SCHEDRESULT_WAITING));
    const ThreadId id = spawn_task([](Word) {
      L4_Set_ExceptionHandler(handler);
      asm volatile("ud2");
    });
    if (takes_it) require(finishes(handler));
    require(becomes(id, takes_it ? L4_SCHEDRESULT_WAITING : L4_SCHEDRESULT_PENDING_SEND));
    end_thread(handler);
    expect(becomes(id, L4_SCHEDRESULT_INACTIVE));
    // Where it was, and with the same end when it is restarted.
    l4_exchange x = {L4_ExRegApplyHalt, 0, 0, 0, 0, 0};
    expect(l4_exchange_registers(id.raw, &x) != 0);
    expect_eq(*reinterpret_cast<const unsigned short*>(x.ip), 0x0b0fu, "ud2");
    expect(becomes(id, L4_SCHEDRESULT_INACTIVE));
    end_thread(id);
  }
}

TEST("a redirector gets the exceptions too, with the handler that was meant; its answer counts") {
  handler = spawn_task([](Word) { receive(); });
  frame = marked_frame();
  const ThreadId id = make_task();
  start(id, [](Word) { touch_program(); }, 0, runner);
  require(finishes(id));
  slot_of(id).finished = false;
  expect_eq(space_control(id, kip_area, utcb_area, ThreadId::self()), 0u);
  start(
      id,
      [](Word) {
        L4_Set_ExceptionHandler(handler);
        guest_ud2(frame);
      },
      0, runner);
  expect_eq(wait_message(id), id);
  expect_eq(message[0], exception_tag | 1 << 13);
  expect_eq(L4_IntendedReceiver().raw, handler.raw);
  for (unsigned i = 0; i < 15; ++i) expect_eq(message[order[i]], mark(i), "register");
  expect_eq(state_of(handler), Word{L4_SCHEDRESULT_WAITING});
  message[L4_ExcRip] = address_of_code(guest_after_ud2);
  answer(id, 1);
  expect(finishes(id));
}
