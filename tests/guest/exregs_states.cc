// SPDX-License-Identifier: MIT
// ExchangeRegisters on a thread in each of the states in which another one can find it:
// old control, each abort bit alone and both, halted or not.
#include "messages.h"

using namespace guest;

namespace {

using l4::ThreadId;

constexpr Word area = 0x33'0000'0000;
alignas(4096) std::byte memory[4096];

volatile Word outcome, error_word;

void note(l4::Tag tag) {
  error_word = tag.failed() ? L4_ErrorCode() : 0;
  outcome = 1;
}

// How a thread gets into the state, and what ends it. `taken`: the test has received the
// thread's message before.
enum class Ends { by_send, by_receive, by_answer };
struct State {
  const char* name;
  Body body;
  bool taken;
  Ends ends;
  bool is_fault;
  Word control;  // as ExchangeRegisters shows it
};

const State states[] = {
    {"open receive", [](Word) { note(receive().tag); }, false, Ends::by_send, false, L4_ExRegWasReceiving},
    {"closed receive with timeout", [](Word) { note(receive(test_thread, timeouts(0, 9'000'000)).tag); },
     false, Ends::by_send, false, L4_ExRegWasReceiving},
    {"any-local receive", [](Word) { note(receive(ThreadId::any_local()).tag); }, false, Ends::by_send, false,
     L4_ExRegWasReceiving},
    {"send", [](Word) { note(send(test_thread, 1)); }, false, Ends::by_receive, false, L4_ExRegWasSending},
    {"send with timeout", [](Word) { note(send(test_thread, 1, timeouts(9'000'000, 0))); }, false,
     Ends::by_receive, false, L4_ExRegWasSending},
    {"send of a call", [](Word) { note(call(test_thread, 1).tag); }, false, Ends::by_answer, false,
     L4_ExRegWasSending},
    {"receive of a call", [](Word) { note(call(test_thread, 1).tag); }, true, Ends::by_answer, false,
     L4_ExRegWasReceiving},
    {"page fault that waits for the pager",
     [](Word) {
       L4_Set_Pager(test_thread);
       (void)*reinterpret_cast<volatile Word*>(area);
       outcome = 1;
     },
     false, Ends::by_answer, true, L4_ExRegWasSending},
    {"page fault that the pager has",
     [](Word) {
       L4_Set_Pager(test_thread);
       (void)*reinterpret_cast<volatile Word*>(area);
       outcome = 1;
     },
     true, Ends::by_answer, true, L4_ExRegWasReceiving},
    {"exception that waits for the handler",
     [](Word) {
       L4_Set_ExceptionHandler(test_thread);
       asm volatile("ud2");
       outcome = 1;
     },
     false, Ends::by_answer, true, L4_ExRegWasSending},
    {"exception that the handler has",
     [](Word) {
       L4_Set_ExceptionHandler(test_thread);
       asm volatile("ud2");
       outcome = 1;
     },
     true, Ends::by_answer, true, L4_ExRegWasReceiving},
};

const State* state;

l4::Words last;

bool take_message(ThreadId from) {
  last = l4::Words();
  l4::ipc_words(ThreadId::nil(), from, {timeouts(0, 1'000'000)}, last);
  return expect(last.tag().ok(), "no message");
}

// The other side does its part: the thread's Ipc or fault ends without an error.
void complete(ThreadId id, bool taken) {
  if (state->ends != Ends::by_send && !taken && !take_message(id)) return;
  if (state->ends == Ends::by_receive) return;
  if (last.tag().is(L4_PageFaultLabel) && state->is_fault)
    last = l4::Words(l4::Tag::make(0, 0, 2), area | 8,
                     l4::Fpage::page(reinterpret_cast<Word>(memory), l4::full_access).raw);
  else if (state->is_fault) last = l4::Words(l4::Tag::make(0, 1), last[L4_ExcRip] + 2);
  else last = l4::Words(l4::Tag::make(7, 0));
  expect_ok(l4::send_words(id, last, {send_zero}));
}

Word exchange(ThreadId id, Word control) {
  l4_exchange x = {control, 0, 0, 0, 0, 0};
  expect(l4_exchange_registers(id.raw, &x) != 0);
  return x.control & 7;
}

ThreadId make(bool task) {
  outcome = 0;
  error_word = 0;
  const Body body = [](Word) {
    touch_program();
    state->body(0);
  };
  // Another thread of its space may be the sender that any-local waits for.
  const ThreadId id = task ? spawn_task(body) : spawn(body);
  const Word is = state->control == L4_ExRegWasSending ? L4_SCHEDRESULT_PENDING_SEND : L4_SCHEDRESULT_WAITING;
  if (state->taken) take_message(id);
  require(becomes(id, is), state->name);
  return id;
}

void try_case(bool task, Word abort, bool halts) {
  const ThreadId id = make(task);
  const Word before = state_of(id);
  const Word bits = state->control;
  const bool aborted = ((abort & L4_ExRegAbortSend) != 0 && bits == L4_ExRegWasSending) ||
                       ((abort & L4_ExRegAbortReceive) != 0 && bits == L4_ExRegWasReceiving);
  expect_eq(exchange(id, 0), bits, "old control");
  expect_eq(exchange(id, abort | (halts ? L4_ExRegApplyHalt | L4_ExRegHalt : 0u)), bits, "old control");
  if (halts) {
    expect_eq(state_of(id), Word{L4_SCHEDRESULT_INACTIVE}, "halted");
    expect_eq(exchange(id, 0), L4_ExRegWasHalted | (aborted ? 0 : bits), "old control when halted");
    if (!aborted) complete(id, state->taken);
    sleep_us(200);
    expect_eq(outcome, 0u, "it has gone on");
    expect_eq(exchange(id, L4_ExRegApplyHalt), Word{L4_ExRegWasHalted}, "old control when resumed");
  } else if (!aborted) {
    expect_eq(state_of(id), before, "state");
    complete(id, state->taken);
  }
  // A fault that was aborted happens again.
  if (aborted && state->is_fault) complete(id, false);
  expect(finishes(id), "it has not gone on");
  expect_eq(outcome, 1u);
  const Word phase = bits == L4_ExRegWasSending ? send_cancelled : receive_cancelled;
  expect_eq(error_word, aborted && !state->is_fault ? phase : 0u, "error");
  end_thread(id);
  L4_UnmapFpage(l4::Fpage::page(reinterpret_cast<Word>(memory), l4::full_access));
}

}  // namespace

TEST("abort bits and halt, alone and together, in each state that is blocked") {
  for (const bool task : {false, true}) {
    for (const State& s : states) {
      state = &s;
      // Any-local: the test is in another space, or it is the sender.
      if (task && &s == &states[2]) continue;
      for (const Word abort :
           {Word{0}, L4_ExRegAbortSend, L4_ExRegAbortReceive, L4_ExRegAbortSend | L4_ExRegAbortReceive}) {
        for (const bool halts : {false, true}) {
          context(s.name, task * 100u + abort * 10 + halts);
          try_case(task, abort, halts);
        }
      }
    }
  }
}

TEST("each control bit alone changes its own register and nothing else, in each state that is blocked") {
  for (const State& s : states) {
    state = &s;
    context(s.name);
    const ThreadId id = make(true);
    l4_exchange is = {0, 0, 0, 0, 0, 0};
    expect(l4_exchange_registers(id.raw, &is) != 0);
    const l4_exchange first = is;
    struct Bit {
      Word control;
      Word l4_exchange::*field;
      Word value;
    };
    const Bit bits[] = {{L4_ExRegSp, &l4_exchange::sp, 0x1234'5678},
                        {L4_ExRegFlags, &l4_exchange::flags, first.flags ^ 0x8d5},
                        {L4_ExRegUserHandle, &l4_exchange::user_handle, 0x77},
                        {L4_ExRegPager, &l4_exchange::pager, 0x88'0000'0001},
                        {L4_ExRegIp, &l4_exchange::ip, 0x2345'6780}};
    for (const Bit& bit : bits) {
      context(s.name, bit.control);
      l4_exchange x = {bit.control, ~Word{0}, ~Word{0}, ~Word{0}, ~Word{0}, ~Word{0}};
      x.*bit.field = bit.value;
      expect(l4_exchange_registers(id.raw, &x) != 0);
      expect_eq(x.*bit.field, is.*bit.field, "old value");
      is.*bit.field = bit.value;
      if (bit.control == L4_ExRegPager) {
        // It is another's now, and this space may not ask any more.
        x = {0, 0, 0, 0, 0, 0};
        expect_eq(l4_exchange_registers(id.raw, &x), 0u);
        expect_eq(thread_control(id, id, ThreadId::nil(), runner), 0u);
        is.pager = runner.raw;
      }
      x = {0, 0, 0, 0, 0, 0};
      expect(l4_exchange_registers(id.raw, &x) != 0);
      expect_eq(x.control & 7, s.control, "control");
      expect_eq(x.sp, is.sp, "SP");
      expect_eq(x.ip, is.ip, "IP");
      expect_eq(x.flags, is.flags, "FLAGS");
      expect_eq(x.user_handle, is.user_handle, "handle");
      expect_eq(x.pager, is.pager, "pager");
    }
    // Bits 9-13 and those above 14 mean nothing.
    l4_exchange x = {~Word{0x41ff}, 1, 2, 3, 4, 5};
    expect(l4_exchange_registers(id.raw, &x) != 0);
    x = {0, 0, 0, 0, 0, 0};
    expect(l4_exchange_registers(id.raw, &x) != 0);
    expect(x.sp == is.sp && x.ip == is.ip && x.flags == is.flags && x.user_handle == is.user_handle);
    expect_eq(x.control & 7, s.control);
    end_thread(id);
  }
}
