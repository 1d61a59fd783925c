// SPDX-License-Identifier: MIT
#include "user.h"

#include "calls.h"
#include "fault.h"
#include "page_table.h"

namespace mica::test {

Message::Message(i64 label, std::initializer_list<u64> words) {
  mr[0] = MsgTag::make(label, static_cast<unsigned>(words.size())).raw;
  unsigned i = 1;
  for (const u64 word : words) mr[i++] = word;
}

Message& Message::item(Fpage send, u64 send_base, TypedItem::Kind kind) {
  return typed({(send_base & ~u64{0x3ff}) | static_cast<u64>(kind) << 1, send.raw});
}

Message& Message::typed(std::initializer_list<u64> words) {
  unsigned at = 1 + tag().untyped() + tag().typed();
  for (const u64 word : words) mr[at++] = word;
  mr[0] += words.size() << 6;
  return *this;
}

void User::accept_strings(std::initializer_list<u64> registers, Fpage window) {
  accept(window);
  utcb().br(0) |= 1;
  unsigned i = 1;
  for (const u64 word : registers) utcb().br(i++) = word;
}

void User::call_kernel(Handler handler) {
  enter([this, handler] { machine_.enter_call(handler); });
}

// --- System calls ------------------------------------------------------------------

namespace {

constexpr u64 Registers::*message_register[register_words] = {
    &Registers::r9,  &Registers::rax, &Registers::rbx, &Registers::r10,
    &Registers::r12, &Registers::r13, &Registers::r14, &Registers::r15};

}  // namespace

Received User::ipc(ThreadId to, ThreadId from, const Message& message, u64 timeouts) {
  auto& r = machine_.user.r;
  r.rsi = to.raw;
  r.rdx = from.raw;
  r.r8 = timeouts;
  for (unsigned i = 0; i < register_words; ++i) r.*message_register[i] = message.mr[i];
  const unsigned last = message.tag().untyped() + message.tag().typed();
  for (unsigned i = register_words; i <= last && i < message_registers; ++i) utcb().mr[i] = message.mr[i];
  enter([this] { machine_.enter_ipc(); });
  Received result{{r.rsi}, {}, 0};
  for (unsigned i = 0; i < register_words; ++i) result.message.mr[i] = r.*message_register[i];
  for (unsigned i = register_words; i < message_registers; ++i) result.message.mr[i] = utcb().mr[i];
  if (result.tag().has(MsgTag::error)) result.error = error_code();
  return result;
}

bool User::thread_control(ThreadId dest, ThreadId space, ThreadId scheduler, ThreadId pager,
                          u64 utcb_location) {
  auto& r = machine_.user.r;
  r.rdi = dest.raw, r.rsi = pager.raw, r.rdx = scheduler.raw, r.r8 = space.raw, r.r9 = utcb_location;
  call_kernel(mica::thread_control);
  return r.rax == 1;
}

bool User::space_control(ThreadId space, Fpage kip_area, Fpage utcb_area, ThreadId redirector) {
  auto& r = machine_.user.r;
  r.rdi = space.raw, r.rsi = 0, r.rdx = kip_area.raw, r.r8 = utcb_area.raw, r.r9 = redirector.raw;
  call_kernel(mica::space_control);
  return r.rax == 1;
}

ExchangeResult User::exchange_registers(ThreadId dest, u64 control, u64 sp, u64 ip, u64 flags, u64 handle,
                                        u64 pager, u64 fs_base) {
  auto& r = machine_.user.r;
  r.rax = dest.raw, r.rsi = control, r.rdx = sp, r.r8 = ip, r.r9 = flags, r.r10 = handle, r.rdi = pager;
  r.rbx = fs_base;
  call_kernel(mica::exchange_registers);
  return {{r.rax}, r.rsi, r.rdx, r.r8, r.r9, r.r10, r.rdi, r.rbx};
}

ScheduleResult User::schedule(ThreadId dest, u64 priority, u64 time, u64 preemption) {
  auto& r = machine_.user.r;
  r.rdi = dest.raw, r.rsi = priority, r.rdx = time, r.r8 = ~u64{0}, r.r9 = preemption;
  call_kernel(mica::schedule);
  return {r.rax, r.rdx};
}

void User::thread_switch(ThreadId dest) {
  machine_.user.r.rdi = dest.raw;
  call_kernel(mica::thread_switch);
}

bool User::processor_control(u64 processor, u64 internal, u64 external, u64 millivolts) {
  auto& r = machine_.user.r;
  r.rdi = processor, r.rsi = internal, r.rdx = external, r.r8 = millivolts;
  call_kernel(mica::processor_control);
  return r.rax == 1;
}

u64 User::system_clock() {
  call_kernel(mica::system_clock);
  return machine_.user.r.rax;
}

Rights User::unmap(Fpage fpage, bool flush) {
  auto& r = machine_.user.r;
  r.rdx = u64{flush} << 6;
  r.r9 = fpage.raw;
  r.rdi = thread_.utcb;
  call_kernel(mica::unmap_call);
  return Fpage{r.r9}.rights();
}

// --- Tasks -------------------------------------------------------------------------

bool User::create_task(ThreadId thread, const Program& program, ThreadId pager) {
  return thread_control(thread, thread, id(), ThreadId::nil()) &&
         space_control(thread, task_kip_area, task_utcb_area) &&
         thread_control(thread, thread, ThreadId::nil(), id(), task_utcb_area.base()) &&
         (start(thread, program), pager.is_nil() || thread_control(thread, thread, ThreadId::nil(), pager));
}

bool User::create_thread(ThreadId thread, ThreadId space, u64 slot, const Program& program, ThreadId pager) {
  const Address area = space == id() ? 0xbf000000 : task_utcb_area.base();
  if (!thread_control(thread, space, id(), id(), area + slot * utcb_size)) return false;
  start(thread, program);
  return pager.is_nil() || thread_control(thread, thread, ThreadId::nil(), pager);
}

void User::start(ThreadId thread, const Program& program) {
  send(thread, Message(0, {machine_.address_of(program), 0x8000}));
}

// --- Instructions --------------------------------------------------------------------

u64* User::word(Address address, bool write) {
  constexpr u64 write_by_user = 6, read_by_user = 4;
  while (!host::access(address, write)) {
    enter([this, address, write] {
      machine_.enter_page_fault(ip(), address, write ? write_by_user : read_by_user);
    });
  }
  const Slot slot = thread_.space->memory.find(address >> page_bits);
  return static_cast<u64*>(phys_to_virt(slot.frame() + (address & (page_size - 1))));
}

u64 User::load(Address address) { return *word(address, false); }
void User::store(Address address, u64 value) { *word(address, true) = value; }

void User::fetch(Address address) {
  constexpr u64 fetch_by_user = 0x14;
  while (!host::access(address, false, true)) {
    enter([this, address] { machine_.enter_page_fault(ip(), address, fetch_by_user); });
  }
}

void User::exception(u64 number, u64 error) { exception_at(ip(), number, error); }

void User::exception_at(Address where, u64 number, u64 error) {
  stop_at(where);
  enter([this, where, number, error] { machine_.enter_exception(where, number, error); });
}

u64& User::fpu() {
  while (!machine_.fpu_enabled) exception(vector::no_fpu);
  return machine_.fpu[0];
}

bool User::port(u64 number, Address code) {
  for (unsigned tries = 0; tries < 4; ++tries) {
    const Space& space = *thread_.space;
    const bool allowed = machine_.cpu.io_enabled && (space.io_bitmap[number / 8] >> number % 8 & 1) == 0;
    if (allowed) return true;
    machine_.user.r.rdx = number;
    exception_at(code, vector::protection);
  }
  return false;
}

void User::spend(u64 microseconds) {
  unsigned in_vain = 0;
  for (Ticks left = microseconds; left != 0;) {
    if (++in_vain == 1000) throw std::logic_error("the timer keeps a thread from running");
    const Ticks now = host::clock;
    const Ticks until = machine_.timer <= now ? 0 : machine_.timer - now;
    const Ticks step = until < left ? until : left;
    host::clock += step;
    left -= step;
    if (step != 0) in_vain = 0;
    if (machine_.timer_due()) enter([this] { machine_.enter_timer(ip()); });
  }
}

void User::interrupt(unsigned line) {
  enter([this, line] { machine_.enter_line(ip(), line); });
}

// --- sigma0 ---------------------------------------------------------------------------

void serve_as_sigma0(User& user) {
  Received request = user.receive(ThreadId::any());
  for (;;) {
    const i64 label = request.tag().label() & ~i64{0xf};
    Message reply;
    if (label == label_page_fault) {
      const Address page = request[1] & ~(page_size - 1);
      reply = Message(0).map(Fpage::memory(page, page_bits, Rights::all()), page);
    } else if (label == label_io_fault) {
      reply = Message(0).map(Fpage{request[1]}.with_rights(Rights::all()));
    } else if (label == label_sigma0) {
      const Fpage wanted{request[1]};
      reply = Message(0).map(wanted.with_rights(Rights::all()), wanted.is_io() ? 0 : wanted.base());
    } else {
      request = user.receive(ThreadId::any());
      continue;
    }
    request = user.reply_wait(request.from, reply);
    if (!request.ok()) request = user.receive(ThreadId::any());
  }
}

}  // namespace mica::test
