// SPDX-License-Identifier: MIT
#include "monkey.h"

#include <cstdio>
#include <random>
#include <sstream>
#include <vector>

#include "calls.h"
#include "fault.h"
#include "thread_table.h"
#include "user.h"

namespace mica::test {

namespace {

constexpr u64 threads = 14;             // numbers that users may get
constexpr Address ram = u64{16} << 20;  // sigma0's, as it stands in memory
constexpr Address heap = 0x400000;      // where tasks put pages
constexpr u64 pages = 24;

}  // namespace

class Monkey::Hands {
 public:
  explicit Hands(const Options& options)
      : random_(options.seed), machine_({.fast_path = options.fast_path}), trace_(options.trace) {
    machine_.boot([](User&) {}, [](User&) {});
    if (!options.small_steps) return;
    // A step of the mapping database has to hold its dearest act.
    instructions_a_step = 1300 + static_cast<i64>(pick(700));
    machine_.at_window = [this]() -> unsigned {
      const unsigned line = 1 + static_cast<unsigned>(pick(5));
      return chance(3) && !machine_.line_masked[line] ? line : 0;
    };
  }
  ~Hands() { instructions_a_step = usual_step; }

  // False: nothing can happen any more.
  bool step() {
    host::clock += chance(8) ? pick(20'000) : pick(40);
    if (machine_.idle()) {
      note("idle");
      if (chance(3) && interrupt()) return true;
      return machine_.sleep() || interrupt();
    }
    if (machine_.timer_due()) {
      note("timer");
      machine_.enter_timer(code());
      return true;
    }
    last_from_ = (machine_.user.r.r9 & MsgTag::error) == 0 ? machine_.user.r.rsi : 0;
    fresh_registers();
    scribble();
    const bool hungry = chance(40);
    if (hungry) machine_.starve(pick(12));
    act();
    if (hungry) machine_.feed();
    return true;
  }

  // All that a user could see.
  std::string visible() const {
    std::ostringstream out;
    out << std::hex << machine_.current().id.raw << " runs, " << frame_store.free_frames() << " frames;";
    each_thread([&](const Thread& t) {
      out << ' ' << t.id.raw << (t.is_halted() ? "H" : "") << (t.work != Work::none ? "w" : "") << " ";
      if (t.is_receiving()) out << "<-" << t.awaits().raw;
      else if (t.state == State::sending) out << "->" << t.partner->id.raw;
      else out << static_cast<unsigned>(t.state);
      if (t.fs_base != 0) out << " f" << t.fs_base;
      if (t.tcr) out << " e" << t.tcr->error_code << " w" << t.tcr->mr[9];
      out << ';';
    });
    const Registers& r = machine_.user.r;
    // An exception shows the registers of its thread, which are undefined after a call.
    const bool defined = (r.r9 & MsgTag::error) == 0 && MsgTag{r.r9}.label() != label_exception;
    if (!machine_.idle() && !machine_.user.at_ip && defined)
      for (const u64 word : {r.rsi, r.rdi, r.r9, r.rax, r.rbx, r.r10, r.r12, r.r13, r.r14, r.r15})
        out << ' ' << word;
    return out.str();
  }

  u64 fast_calls() const { return machine_.fast_calls; }

 private:
  u64 pick(u64 limit) { return random_() % limit; }
  bool chance(u64 one_in) { return pick(one_in) == 0; }
  Thread& self() { return machine_.current(); }
  // sigma0 and the root task take care not to block for ever.
  bool careful() { return self().id == sigma0_id || self().id == root_id; }
  Address code() { return 0x7000 + pick(4) * 16; }

  template <typename... Parts>
  void note(const char* format, Parts... parts) {
    if (!trace_) return;
    std::printf("%6llu %3llu ", static_cast<unsigned long long>(machine_.entries + machine_.fast_calls),
                static_cast<unsigned long long>(number_of(self())));
    if constexpr (sizeof...(parts) == 0) {
      std::fputs(format, stdout);
    } else {
      std::printf(format, parts...);
    }
    std::putchar('\n');
    std::fflush(stdout);
  }

  // --- Arguments ---

  Thread* some_thread() {
    std::vector<Thread*> all;
    each_thread([&](Thread& t) {
      if (t.space) all.push_back(&t);
    });
    return all[pick(all.size())];
  }

  ThreadId new_id() { return user_thread(pick(threads), 1 + static_cast<u32>(pick(3))); }

  ThreadId some_id() {
    switch (pick(16)) {
      case 0: return ThreadId::nil();
      case 1: return ThreadId::any();
      case 2: return ThreadId::any_local();
      case 3: return ThreadId::interrupt(chance(8) ? 0 : some_interrupt());
      case 4: return new_id();
      case 5: return self().id;
      case 6: return {random_()};
      case 7: return {self().utcb + pick(70) * utcb_size};
      case 8:
      case 9:
      case 10: {
        const Thread* const t = some_thread();
        return t->utcb ? ThreadId{t->utcb} : t->id;
      }
      default: return some_thread()->id;
    }
  }

  u64 timeout() {
    if (careful() || !chance(4)) return Time::period(pick(3000)).raw;
    switch (pick(8)) {
      case 0: return Time::zero().raw;
      case 1: return 0x8000 | pick(0x8000);
      case 2: return pick(0x10000);
      default: return Time::never().raw;
    }
  }

  Fpage some_fpage() {
    const Rights rights{static_cast<u8>(pick(3) != 0 ? 7 : pick(8))};
    if (chance(8)) return Fpage::io(pick(64), static_cast<unsigned>(pick(5)), rights);
    if (chance(20)) return Fpage::complete(rights);
    if (chance(20)) return {random_()};
    if (chance(10)) return (chance(2) ? task_utcb_area : task_kip_area).with_rights(rights);
    const Address base = self().space->sigma0 ? ram : heap;
    if (chance(12)) return Fpage::memory(base, 21, rights);  // a large page
    return Fpage::memory(base + pick(pages) * page_size,
                         static_cast<unsigned>(12 + (chance(3) ? pick(4) : 0)), rights);
  }

  void fresh_registers() {
    Registers& r = machine_.user.r;
    for (u64* word : {&r.rax, &r.rbx, &r.rcx, &r.rdx, &r.rsi, &r.rdi, &r.rbp, &r.r8, &r.r9, &r.r10, &r.r11,
                      &r.r12, &r.r13, &r.r14, &r.r15})
      *word = random_();
    machine_.user.rsp = pick(1000) * 16;
    machine_.user.flags = 0x202;
  }

  // What a thread may write to its UTCB, and to those of its neighbours.
  void scribble() {
    Utcb& utcb = *self().tcr;
    if (chance(3))
      utcb.br(0) = chance(2) ? Fpage::complete().raw : chance(4) ? 0 : some_fpage().raw & ~u64{0xf};
    if (chance(3)) utcb.br(0) |= 1;
    if (chance(8)) {
      for (unsigned i = 1; i < 12; ++i)
        utcb.br(i) = chance(2) ? some_memory() : some_string_head() | pick(2) | (chance(20) ? 8 : 0);
      utcb.br(1) = some_string_head() | 1;
      utcb.br(2) = some_memory();
    }
    if (chance(8)) utcb.xfer_timeouts = timeout() | timeout() << 16;
    if (chance(6)) utcb.virtual_sender = some_id().raw;
    if (chance(16)) utcb.pager = some_id().raw;
    if (chance(8)) utcb.exception_handler = some_id().raw;
    if (chance(8)) utcb.preempt_flags = static_cast<u8>(random_());
    if (chance(4)) utcb.mr[9] = random_();
    Thread* const other = some_thread();
    if (other->space != self().space || !other->tcr) return;
    for (unsigned i = 8; i < message_registers; ++i)
      if (chance(6)) other->tcr->mr[i] = random_();
  }

  // --- Actions ---

  void act() {
    if (careful() && self().priority == priorities - 1) return calm_down();
    if (careful() && chance(2)) return nap();
    if (careful() && chance(3)) return rescue();
    if (!careful() && !chance(3)) return rpc();
    const bool privileged = self().space->privileged;
    switch (pick(privileged ? 26 : 18)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
      case 5:
      case 6: return ipc();
      case 7: return rpc();
      case 8: return exchange();
      case 9: return schedule_call();
      case 10: return switch_call();
      case 11: return unmap();
      case 12: return chance(2) ? page_fault() : ipc();
      case 13: return chance(2) ? exception() : rpc();
      case 14: return access();
      case 15: return static_cast<void>(interrupt() || machine_.timer_due());
      case 16: return rpc();
      case 17: return odd_call();
      case 18:
      case 19: return spawn();
      case 20:
      case 21: return control();
      case 22: return space_call();
      case 23: return remove();
      case 24: return attach();
      default: return exchange();
    }
  }

  // The root servers are born more urgent than everybody else.
  void calm_down() {
    Registers& r = machine_.user.r;
    r.rdi = self().id.raw, r.rsi = 95 + pick(10), r.rdx = 0xffff'ffff, r.r8 = r.r9 = ~u64{0};
    note("calm down to %llu", r.rsi);
    machine_.enter_call(schedule);
  }

  void nap() {
    Registers& r = machine_.user.r;
    r.rsi = 0, r.rdx = chance(2) ? ~u64{0} : self().id.raw, r.r8 = Time::period(1 + pick(3000)).raw;
    note("nap for %llx", r.r8);
    machine_.enter_ipc();
  }

  // Somebody who may be stuck goes on.
  void rescue() {
    Registers& r = machine_.user.r;
    const Thread* t = some_thread();
    for (unsigned tries = 0; tries < 8 && t->runnable(); ++tries) t = some_thread();
    r.rax = t->id.raw;
    r.rsi = 0x100 | (chance(2) ? 6 : 0);
    note("rescue %llx control %llx", r.rax, r.rsi);
    machine_.enter_call(exchange_registers);
  }

  void ipc() {
    Registers& r = machine_.user.r;
    r.rsi = some_id().raw;
    r.rdx = chance(3) ? r.rsi : some_id().raw;
    r.r8 = timeout() | timeout() << 16;
    message();
    note("ipc to %llx from %llx timeouts %llx tag %llx", r.rsi, r.rdx, r.r8, r.r9);
    machine_.enter_ipc();
  }

  // What servers and clients do all day.
  void rpc() {
    Registers& r = machine_.user.r;
    const Thread* partner = some_thread();
    for (unsigned tries = 0; tries < 8 && !partner->is_receiving(); ++tries) partner = some_thread();
    r.rsi = chance(3)                    ? last_from_
            : chance(4)                  ? 0
            : chance(4) && partner->utcb ? partner->utcb
                                         : partner->id.raw;
    r.rdx = chance(2) ? ~u64{0} : r.rsi;
    r.r8 = careful() ? timeout() | timeout() << 16 : chance(3) ? 0x4000000 : chance(3) ? timeout() : 0;
    r.r9 = pick(4) == 0 ? pick(20) : pick(8);
    for (unsigned i = 8; i < 20; ++i) self().tcr->mr[i] = random_();
    note("rpc to %llx from %llx timeouts %llx tag %llx", r.rsi, r.rdx, r.r8, r.r9);
    machine_.enter_ipc();
  }

  void message() {
    Message m(static_cast<i64>(pick(1000)));
    m.mr[0] |= pick(chance(4) ? 64 : 9);
    for (u64 i = 1; i < message_registers; ++i) m.mr[i] = random_();
    for (u64 items = chance(2) ? 0 : pick(3); items != 0 && m.tag().untyped() + m.tag().typed() < 60;
         --items) {
      if (chance(3)) string(m);
      else if (chance(4)) m.grant(some_fpage(), random_());
      else m.map(some_fpage(), chance(2) ? heap + pick(pages) * page_size : random_());
    }
    if (chance(5)) m.flags(MsgTag::propagated);
    if (chance(12)) m.mr[0] = random_();
    Registers& r = machine_.user.r;
    r.r9 = m.mr[0], r.rax = m.mr[1], r.rbx = m.mr[2], r.r10 = m.mr[3];
    r.r12 = m.mr[4], r.r13 = m.mr[5], r.r14 = m.mr[6], r.r15 = m.mr[7];
    for (unsigned i = 8; i < message_registers; ++i) self().tcr->mr[i] = m.mr[i];
  }

  u64 some_string_head() {
    return (chance(4) ? pick(200'000) : pick(9000)) << 10 | pick(2) << 9 | (chance(3) ? pick(4) : 0) << 4;
  }
  Address some_memory() {
    if (chance(30)) return random_();
    return (self().space->sigma0 ? ram : heap) + pick(pages) * page_size + (chance(2) ? 0 : pick(page_size));
  }
  void string(Message& m) {
    const u64 head = some_string_head() & ~u64{chance(3) ? 0u : 0x200u};
    m.typed({head});
    for (u64 i = 0; i <= (head >> 4 & 31); ++i) m.typed({some_memory()});
  }

  void exchange() {
    Registers& r = machine_.user.r;
    r.rax = chance(4) ? some_id().raw : some_thread()->id.raw;
    const Thread* const t = find_thread(ThreadId{r.rax});
    r.rsi = chance(3) ? 0x11e : chance(4) ? 0 : random_() & 0x1fe;
    if (!(t && (t->id == sigma0_id || t->id == root_id)) && chance(4)) r.rsi |= 0x101;
    r.r8 = chance(8) ? random_() : code();
    r.rdi = some_id().raw;
    if (chance(4)) {
      // Soon nobody would be on the fast path any more.
      r.rsi |= u64{1} << exchange_fs_base_bit;
      r.rbx = chance(4) ? random_() : chance(4) ? 0x1234'5678 * pick(4) : 0;
    }
    note("exchange %llx control %llx", r.rax, r.rsi);
    machine_.enter_call(exchange_registers);
  }

  void schedule_call() {
    Registers& r = machine_.user.r;
    r.rdi = some_id().raw;
    r.rsi = chance(3) ? ~u64{0} : careful() ? 90 + pick(20) : pick(256);
    r.rdx = chance(3) ? 0xffff'ffff : u64{Time::period(1 + pick(5000)).raw} << 16 | 0xffff;
    r.r8 = chance(8) ? pick(3) : ~u64{0};
    r.r9 = chance(2) ? ~u64{0} : random_();
    const bool spared = r.rdi == sigma0_id.raw || r.rdi == root_id.raw || r.rdi == 0;
    if (chance(6) && !spared && !ThreadId{r.rdi}.is_local()) r.rdx = 0xffff'0000 | (chance(2) ? 0 : Time::period(1 + pick(3000)).raw);
    if (chance(4)) r.rsi = r.rdx = r.r8 = r.r9 = ~u64{0};
    note("schedule %llx priority %llx time %llx", r.rdi, r.rsi, r.rdx);
    machine_.enter_call(schedule);
  }

  void switch_call() {
    machine_.user.r.rdi = some_id().raw;
    note("switch %llx", machine_.user.r.rdi);
    machine_.enter_call(thread_switch);
  }

  void unmap() {
    message();
    Registers& r = machine_.user.r;
    r.rdx = (chance(6) ? pick(64) : 0) | (chance(2) ? 0x40 : 0);
    r.r9 = some_fpage().raw;
    if (self().space->sigma0 && Fpage{r.r9}.is_complete() && !chance(10)) r.r9 = 0;
    note("unmap %llx %llx", r.rdx, r.r9);
    machine_.enter_call(unmap_call);
  }

  void page_fault() {
    if (careful() && !self().space->sigma0) return;
    if (self().space->sigma0) self().tcr->pager = 0;  // the kernel is the pager there
    constexpr u64 errors[] = {4, 6, 0x14};
    const Address base = self().space->sigma0 ? ram : heap;
    const Address address = chance(10) ? random_() : base + pick(pages) * page_size + 8;
    const Address where = address < user_end || address >> 47 == 0x1ffff ? address : 0x5000;
    note("page fault %llx", where);
    machine_.enter_page_fault(code(), where, errors[pick(3)]);
  }

  void exception() {
    if (chance(2) || careful()) {
      if (self().fpu) return;
      note("first use of the FPU");
      return machine_.enter_exception(code(), vector::no_fpu, 0);
    }
    constexpr u64 numbers[] = {1, 3, 6, 13, 16, 256};
    const u64 number = numbers[pick(6)];
    note("exception %llu", number);
    machine_.enter_exception(code(), number, chance(2) ? 0 : pick(100));
  }

  void access() {
    for (u64 n = pick(8); n != 0; --n) {
      const Address address = (self().space->sigma0 ? ram : heap) + pick(pages) * page_size;
      host::access(address, chance(2), chance(4));
    }
    if (!chance(6)) return;
    note("port");
    Registers& r = machine_.user.r;
    r.rdx = pick(64);
    // An `in al, dx` in some page that it may execute.
    for (u64 i = 0; i < pages; ++i) {
      const Address page = (self().space->sigma0 ? ram : heap) + i * page_size;
      if (!host::access(page, false, true)) continue;
      const Slot slot = self().space->memory.find(page >> page_bits);
      if (slot.frame().value >= host::ram_size) continue;
      *static_cast<u8*>(phys_to_virt(slot.frame())) = 0xec;
      return machine_.enter_exception(page, vector::protection, 0);
    }
  }

  // Five lines and two messages, of which none is ever masked.
  unsigned some_interrupt() {
    const unsigned n = 1 + static_cast<unsigned>(pick(7));
    return n <= 5 ? n : n - 6 + interrupt_lines();
  }

  bool interrupt() {
    const unsigned line = some_interrupt();
    // A line that has just been masked may still have one under way.
    if (line < interrupt_lines() && machine_.line_masked[line] && !chance(6)) return false;
    note("interrupt %u", line);
    machine_.enter_line(code(), line);
    return true;
  }

  void odd_call() {
    constexpr Handler handlers[] = {memory_control, processor_control, system_clock, thread_control,
                                    space_control};
    note("odd call");
    machine_.enter_call(handlers[pick(5)]);
  }

  // --- Privileged actions ---

  bool thread_call(ThreadId dest, ThreadId space, ThreadId scheduler, ThreadId pager, u64 utcb) {
    Registers& r = machine_.user.r;
    r.rdi = dest.raw, r.rsi = pager.raw, r.rdx = scheduler.raw, r.r8 = space.raw, r.r9 = utcb;
    note("thread control %llx space %llx scheduler %llx pager %llx utcb %llx", r.rdi, r.r8, r.rdx, r.rsi,
         r.r9);
    const Thread& caller = self();
    machine_.enter_call(thread_control);
    return &caller == &self() && r.rax == 1;
  }

  // A thread, in a space of its own or in another's, that runs.
  void spawn() {
    const ThreadId id = new_id(), scheduler = self().id, pager = chance(4) ? some_thread()->id : self().id;
    Registers& r = machine_.user.r;
    Address area = 0xbf000000;
    if (chance(2)) {
      if (!thread_call(id, id, scheduler, ThreadId::nil(), ~u64{0})) return;
      const Thread& caller = self();
      r.rdi = id.raw, r.rdx = task_kip_area.raw, r.r8 = task_utcb_area.raw;
      r.r9 = chance(4) ? some_id().raw : 0;
      machine_.enter_call(space_control);
      if (&caller != &self()) return;
      area = task_utcb_area.base();
      if (!thread_call(id, id, ThreadId::nil(), pager, area)) return;
    } else {
      const Thread* const peer = some_thread();
      if (peer->space->initialised) area = peer->space->utcb_area.base();
      if (!thread_call(id, peer->id, scheduler, pager, area + pick(12) * utcb_size)) return;
    }
    fresh_registers();
    r.rax = id.raw;
    r.rsi = 0x11e;
    r.r8 = code();
    note("start %llx", r.rax);
    machine_.enter_call(exchange_registers);
  }

  void control() {
    const ThreadId dest = chance(8) ? some_id() : chance(2) ? some_thread()->id : new_id();
    if ((dest.number() == sigma0_id.number() || dest.number() == root_id.number()) && !chance(20)) return;
    const ThreadId space = chance(3) ? dest : some_id();
    const u64 slot = chance(3) ? ~u64{0} : task_utcb_area.base() + pick(40) * (chance(8) ? 512 : utcb_size);
    static_cast<void>(thread_call(dest, space, some_id(), some_id(), slot));
  }

  void remove() {
    const ThreadId dest = chance(4) ? new_id() : some_thread()->id;
    if (dest == sigma0_id || dest == root_id) return;
    static_cast<void>(thread_call(dest, ThreadId::nil(), some_id(), some_id(), random_()));
  }

  void attach() {
    const ThreadId line = ThreadId::interrupt(some_interrupt());
    static_cast<void>(thread_call(line, line, ThreadId::nil(), chance(4) ? line : some_id(), ~u64{0}));
  }

  void space_call() {
    Registers& r = machine_.user.r;
    r.rdi = some_id().raw;
    r.rdx = chance(4) ? some_fpage().raw : task_kip_area.raw;
    r.r8 = chance(4) ? some_fpage().raw : chance(3) ? Fpage::memory(0x2000000, 21).raw : task_utcb_area.raw;
    r.r9 = chance(3) ? ~u64{0} : some_id().raw;
    note("space control %llx kip %llx utcb %llx redirector %llx", r.rdi, r.rdx, r.r8, r.r9);
    machine_.enter_call(space_control);
  }

  std::mt19937_64 random_;
  Machine machine_;
  bool trace_;
  u64 last_from_ = 0;  // a message, if the running thread's last call was an Ipc
};

Monkey::Monkey(const Options& options) : hands_(std::make_unique<Hands>(options)) {}
Monkey::~Monkey() = default;
bool Monkey::step() { return hands_->step(); }
std::string Monkey::visible() const { return hands_->visible(); }
u64 Monkey::fast_calls() const { return hands_->fast_calls(); }

}  // namespace mica::test
