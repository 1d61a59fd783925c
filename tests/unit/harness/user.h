// SPDX-License-Identifier: MIT
// What a program of a test sees: its own thread, the system calls, memory.
#pragma once

#include <array>
#include <functional>

#include "machine.h"

namespace mica::test {

// A message as its registers.
struct Message {
  std::array<u64, message_registers> mr{};

  Message() = default;
  explicit Message(i64 label, std::initializer_list<u64> words = {});
  MsgTag tag() const { return {mr[0]}; }
  Message& map(Fpage send, u64 send_base = 0) { return item(send, send_base, TypedItem::Kind::map); }
  Message& grant(Fpage send, u64 send_base = 0) { return item(send, send_base, TypedItem::Kind::grant); }
  // A simple string; or words that the caller has made, of typed items.
  Message& string(Address at, u64 length) { return typed({length << 10, at}); }
  Message& typed(std::initializer_list<u64> words);
  Message& flags(u64 tag_flags) {
    mr[0] |= tag_flags;
    return *this;
  }

 private:
  Message& item(Fpage send, u64 send_base, TypedItem::Kind kind);
};

struct Received {
  ThreadId from;
  Message message;
  u64 error = 0;  // the ErrorCode; 0: no error
  bool ok() const { return error == 0; }
  MsgTag tag() const { return message.tag(); }
  u64 operator[](unsigned i) const { return message.mr[i]; }
};

struct ExchangeResult {
  ThreadId id;
  u64 control, sp, ip, flags, handle, pager;
  u64 fs_base;  // only if it was set
};

struct ScheduleResult {
  u64 state, time;
};

inline constexpr u64 timed(Time receive, Time send = Time::never()) {
  return u64{send.raw} << 16 | receive.raw;
}
inline constexpr u64 at_once = timed(Time::zero(), Time::zero());

class User {
 public:
  User(Machine& machine, Thread& thread) : machine_(machine), thread_(thread) {}
  User(const User&) = delete;
  User& operator=(const User&) = delete;

  Machine& machine() const { return machine_; }
  Thread& thread() const { return thread_; }  // for looking, not for touching
  Utcb& utcb() const { return *thread_.tcr; }
  ThreadId id() const { return {utcb().my_global_id}; }
  ThreadId local_id() const { return {thread_.utcb}; }
  u64 error_code() const { return utcb().error_code; }
  void accept(Fpage window) { utcb().br(0) = window.raw & ~u64{0xf}; }
  // Strings, into buffers that these buffer registers from 1 on describe.
  void accept_strings(std::initializer_list<u64> registers, Fpage window = Fpage::nil());

  // --- System calls ---
  Received ipc(ThreadId to, ThreadId from, const Message& message = {}, u64 timeouts = 0);
  Received send(ThreadId to, const Message& message = {}, u64 timeouts = 0) {
    return ipc(to, ThreadId::nil(), message, timeouts);
  }
  Received receive(ThreadId from, u64 timeouts = 0) { return ipc(ThreadId::nil(), from, {}, timeouts); }
  Received call(ThreadId to, const Message& message = {}, u64 timeouts = 0) {
    return ipc(to, to, message, timeouts);
  }
  Received reply_wait(ThreadId to, const Message& message = {}) {
    return ipc(to, ThreadId::any(), message, timed(Time::never(), Time::zero()));
  }
  bool thread_control(ThreadId dest, ThreadId space, ThreadId scheduler, ThreadId pager,
                      u64 utcb_location = ~u64{0});
  bool space_control(ThreadId space, Fpage kip_area, Fpage utcb_area, ThreadId redirector = ThreadId::nil());
  ExchangeResult exchange_registers(ThreadId dest, u64 control, u64 sp = 0, u64 ip = 0, u64 flags = 0,
                                    u64 handle = 0, u64 pager = 0, u64 fs_base = 0);
  ExchangeResult set_fs_base(ThreadId dest, Address base) {
    return exchange_registers(dest, u64{1} << exchange_fs_base_bit, 0, 0, 0, 0, 0, base);
  }
  ScheduleResult schedule(ThreadId dest, u64 priority = ~u64{0}, u64 time = 0xffff'ffff,
                          u64 preemption = ~u64{0});
  void thread_switch(ThreadId dest = ThreadId::nil());
  bool processor_control(u64 processor, u64 internal, u64 external = 0, u64 millivolts = 0);
  u64 system_clock();
  Rights unmap(Fpage fpage, bool flush);

  // --- Tasks (for privileged programs) ---
  // A space with areas and one active thread that runs the program, started by us,
  // its pager; false: some call failed.
  bool create_task(ThreadId thread, const Program& program, ThreadId pager = ThreadId::nil());
  bool create_thread(ThreadId thread, ThreadId space, u64 slot, const Program& program,
                     ThreadId pager = ThreadId::nil());
  void start(ThreadId thread, const Program& program);
  bool destroy(ThreadId thread) {
    return thread_control(thread, ThreadId::nil(), ThreadId::nil(), ThreadId::nil());
  }

  // --- Instructions ---
  u64 load(Address address);
  void store(Address address, u64 value);
  void fetch(Address address);  // jumps there, one instruction, and comes back
  void exception(u64 number, u64 error = 0);
  void exception_at(Address where, u64 number, u64 error = 0);
  u64& fpu();                           // a register of the FPU
  bool port(u64 number, Address code);  // `in al, dx`, which stands at `code`
  void spend(u64 microseconds);         // runs for a while; interrupts come through
  void interrupt(unsigned line);        // a device interrupts us

  void* context_ = nullptr;  // the machine's

 private:
  void enter(std::function<void()> request);
  void call_kernel(Handler handler);
  Address ip();  // of the instruction that is about to fault
  Address stop_at(Address where);
  u64* word(Address address, bool write);

  Machine& machine_;
  Thread& thread_;
};

inline constexpr Fpage task_kip_area = Fpage::memory(0x10000, 12);
inline constexpr Fpage task_utcb_area = Fpage::memory(0x100000, 16);  // 64 threads

// A sigma0: gives everybody what he asks for, and serves page and port faults.
void serve_as_sigma0(User& user);
// Number of a user's thread: the root task is 50.
inline constexpr ThreadId user_thread(u64 n, u32 version = 1) { return ThreadId::global(100 + n, version); }
inline constexpr ThreadId sigma0_id = ThreadId::global(48, 1), root_id = ThreadId::global(50, 1);

}  // namespace mica::test
