// SPDX-License-Identifier: MIT
// A personality: a program of another system (foreign_program.S) runs in a space of its
// own, and all its system calls are exception messages to a thread of this space.
#include <string_view>

#include "messages.h"

using namespace guest;

extern "C" const char foreign_program[];

namespace {

using l4::ThreadId;

// The foreign system's numbers.
constexpr Word call_write = 1, call_exit = 60, call_set_thread_area = 158, old_write = 4, set_fs = 0x1002;
constexpr Word no_such_call = -Word{38}, bad_argument = -Word{22};
constexpr Word foreign_syscall = 256, protection = 13, old_vector = 0x80;

class Personality {
 public:
  explicit Personality(ThreadId client) : client_(client) {}

  // Serves the program until it ends; false: it did something else than system calls.
  bool run() {
    while (receive_call()) {
      if (number_ == foreign_syscall) {
        mr_[L4_ExcRax] = serve(mr_[L4_ExcRax], mr_[L4_ExcRdi], mr_[L4_ExcRsi], mr_[L4_ExcRdx]);
      } else {
        mr_[L4_ExcRax] = mr_[L4_ExcRax] == old_write
                             ? serve(call_write, mr_[L4_ExcRbx], mr_[L4_ExcRcx], mr_[L4_ExcRdx])
                             : no_such_call;
        mr_[L4_ExcRip] += 2;  // behind the INT
      }
      if (ended_) return true;
    }
    return false;
  }
  Word exit_code() const { return exit_code_; }
  std::string_view written() const { return {written_, length_}; }
  unsigned calls() const { return calls_; }

 private:
  // Answers the last call, if there was one, and waits for the next.
  bool receive_call() {
    mr_[0] = calls_ == 0 ? 0 : L4_ExcRax;  // nothing behind RAX is to change
    L4_LoadMRs(0, 64, mr_);
    L4_ThreadId_t from;
    const ThreadId to = calls_ == 0 ? ThreadId::nil() : client_;
    L4_Ipc(to, client_, timeouts(0, 1'000'000), &from);
    L4_StoreMRs(0, 64, mr_);
    ++calls_;
    number_ = mr_[L4_ExcNumber];
    if (!expect_eq(mr_[0], l4::Tag::make(L4_ExceptionLabel, 20).raw, "no exception")) return false;
    if (number_ == foreign_syscall) {
      expect_eq(mr_[L4_ExcRcx], mr_[L4_ExcRip], "RCX is not the address behind the call");
      expect_eq(mr_[L4_ExcR11], mr_[L4_ExcRflags], "R11 is not the flags");
      return true;
    }
    const Word error = mr_[L4_ExcErrorCode];  // attacks.h says why two
    return expect_eq(number_, protection, "exception") &&
           expect(error == old_vector * 8 + 2 || error == old_vector * 16 + 2,
                  "the vector in the error code");
  }

  Word serve(Word call, Word first, Word second, Word third) {
    switch (call) {
      case call_write:
        if (first != 1 || third > sizeof written_ - length_) return bad_argument;
        // Our memory is the client's; another personality would have to be its pager.
        __builtin_memcpy(written_ + length_, reinterpret_cast<const void*>(second), third);
        length_ += third;
        return third;
      case call_exit:
        exit_code_ = first;
        ended_ = true;
        return 0;
      case call_set_thread_area: {
        Word old;
        return first == set_fs && L4_Set_FsBaseOf(client_, second, &old) != 0 ? 0 : bad_argument;
      }
      default: return no_such_call;
    }
  }

  ThreadId client_;
  Word mr_[64] = {};
  Word number_ = 0, exit_code_ = 0;
  unsigned calls_ = 0;
  bool ended_ = false;
  char written_[256] = {};
  Word length_ = 0;
};

// What a loader leaves behind in the client's space: it names the handler, and jumps.
void enter_foreign_program(Word) {
  touch_program();
  asm volatile("jmp foreign_program");
}

}  // namespace

TEST("a static program of another system runs by exception messages alone: writes, its FS base, its end") {
  const ThreadId client = make_task();
  start(client, enter_foreign_program, 0, ThreadId::self());
  Personality personality(client);
  expect(personality.run(), "it did something else");
  expect_eq(personality.exit_code(), 7u);
  expect(personality.written() == "written by a foreign program\nin its old way\n");
  expect_eq(personality.calls(), 1005u);
}

TEST("two of them at once, each with a personality of its own") {
  static ThreadId clients[2];
  static volatile Word codes[2];
  const ThreadId me = ThreadId::self();
  for (unsigned i = 0; i < 2; ++i) {
    codes[i] = 0;
    clients[i] = make_task();
    L4_Set_Timeslice(clients[i], L4_TimePeriod(150), L4_Never);
  }
  ThreadId personalities[2];
  for (unsigned i = 0; i < 2; ++i) {
    personalities[i] = spawn(
        [](Word n) {
          Personality personality(clients[n]);
          if (personality.run()) codes[n] = personality.exit_code();
        },
        i);
    start(clients[i], enter_foreign_program, 0, personalities[i]);
  }
  for (const ThreadId id : personalities) expect(finishes(id));
  expect_eq(codes[0], 7u);
  expect_eq(codes[1], 7u);
  expect_eq(ThreadId::self(), me);
}

TEST(
    "without a handler a foreign system call halts the thread behind the instruction, and it can be "
    "restarted") {
  const ThreadId client = make_task();
  start(client, enter_foreign_program, 0, ThreadId::nil());
  require(becomes(client, L4_SCHEDRESULT_INACTIVE));
  l4_exchange x = {0, 0, 0, 0, 0, 0};
  expect(l4_exchange_registers(client.raw, &x) != 0);
  expect((x.control & 7) == L4_ExRegWasHalted);
  const auto* const code = reinterpret_cast<const unsigned char*>(x.ip - 2);
  expect(code[0] == 0x0f && code[1] == 0x05, "SYSCALL");
}
