// SPDX-License-Identifier: MIT
#include "machine.h"

#include <doctest/doctest.h>

#include <stdexcept>
#include <utility>

#include "calls.h"
#include "ending.h"
#include "fast_path.h"
#include "fault.h"
#include "fiber.h"
#include "interrupt.h"
#include "invariants.h"
#include "ipc.h"
#include "kip.h"
#include "lifecycle.h"
#include "root_tasks.h"
#include "scheduler.h"
#include "trace.h"
#include "user.h"
#include "work.h"

namespace mica {

// --- The machine's part of the seam, in place of the weak one ---------------------

namespace {

using test::Machine;
Machine* machine = nullptr;  // the one that is there

constexpr Phys kip_frame{0x2000}, kernel_root_frame{0x3000};

}  // namespace

void panic(const char* what) { throw std::runtime_error(what); }
Phys kernel_symbol_phys(const void*) { return kip_frame; }
Phys kernel_root_phys() { return kernel_root_frame; }
u64 tsc_khz() { return 1000; }

void arm_timer(Ticks deadline) {
  if (machine) machine->timer = deadline;
}
void disarm_timer() {
  if (machine) machine->timer = never;
}
void mask_line(u64 line) {
  if (machine && line < machine->line_masked.size()) machine->line_masked[line] = true;
}
void unmask_line(u64 line) {
  if (machine && line < machine->line_masked.size()) machine->line_masked[line] = false;
}

u64 fpu_key() { return key::fpu; }
void init_fpu_state(FpuState* state) { fill_words(state, 0, 64); }

void drop_fpu(Cpu& cpu) {
  machine->fpu.fill(0);
  machine->fpu_enabled = false;
  cpu.fpu_owner = nullptr;
}

void switch_fpu(Cpu& cpu, Thread& next) {
  if (cpu.fpu_owner == &next) return;
  if (cpu.fpu_owner) copy_words(cpu.fpu_owner->fpu, machine->fpu.data(), machine->fpu.size());
  if (!next.fpu) return drop_fpu(cpu);
  copy_words(machine->fpu.data(), next.fpu, machine->fpu.size());
  machine->fpu_enabled = true;
  cpu.fpu_owner = &next;
}

void load_fs_base(Address base) { machine->fs_base = base; }

void disable_ports(Cpu& cpu) { cpu.io_enabled = false; }
void forget_ports(Cpu& cpu) {
  cpu.io_loaded = nullptr;
  disable_ports(cpu);
}
void load_ports(Cpu& cpu, Space& space) {
  if (!space.io_bitmap) return forget_ports(cpu);
  cpu.io_loaded = &space;
  cpu.io_enabled = true;
}
void ports_changed(Space& space) {
  ++host::ports_changes;
  if (machine && machine->cpu.io_loaded == &space) forget_ports(machine->cpu);
}

namespace test {

namespace {

constexpr u64 poison = 0xdead'0000'dead'0000;
constexpr Address programs_at = 0x5000'0000'0000;  // nothing is mapped there
constexpr u64 fetch_by_user = 0x14;

bool canonical(u64 address) { return static_cast<u64>(static_cast<i64>(address) >> 47) + 1 <= 1; }

void poison_registers(Thread& t) {
  Registers& r = t.regs;
  r = {poison, poison, poison, poison, poison, poison, poison, poison,
       poison, poison, poison, poison, poison, poison, poison, poison};
  t.rsp = poison;
  t.rflags = static_cast<u32>(poison);
}

Kip pristine_kip() {
  static const Kip copy = kip;
  return copy;
}

}  // namespace

// A user thread's stack, and where it stopped.
struct Machine::Context {
  Context(Machine& machine, Thread& thread, Address start, const Program& program)
      : user(machine, thread), base(start), fiber([this, program] { program(user); }) {
    user.context_ = this;
  }
  User user;
  Address base;            // where its program begins
  Address stopped_at = 0;  // in a fault or an interrupt
  Fiber fiber;
};

Machine::Machine(const Options& options) : options_(options) {
  machine = this;
  host::reset(options.kernel_memory);
  host::owned_low = kip_frame;
  host::owned_high = kernel_root_frame + page_size;
  thread_table::table = {};
  thread_table::pool = Pool{};
  trace_buffer = {};
  kip = pristine_kip();
  total_frames = frame_store.free_frames();
  line_masked.fill(true);
}

Machine::~Machine() {
  feed();
  contexts_.clear();
  if (cpu.idle && violation.empty()) {
    cpu.current = cpu.idle;
    cpu.quantum_begin = never;
    host::load_root(nullptr);
    // What is dying already comes first; deletions are done in small steps.
    for (u64 number = 0; number < max_threads; ++number) {
      Thread& t = tcb_array()[number];
      if (t.exists() && t.space) begin_deletion(cpu, t);
      if (t.state != State::dying) continue;
      Progress progress = Progress::more;
      while (progress == Progress::more) {
        Budget budget(500);
        progress = deletion_step(cpu, t, budget);
      }
    }
    fs_base = 0;
    cpu.unusual = false;
    CHECK(first_violation(*this) == "");
    CHECK(frame_store.free_frames() + thread_table::pool.used() == total_frames);
  }
  machine = nullptr;
}

Address Machine::address_of(Program program) {
  programs_.push_back(std::move(program));
  return programs_at + (programs_.size() - 1) * page_size;
}

void Machine::boot(Program root, Program sigma0) {
  kip.root_task.ip = address_of(std::move(root));
  kip.sigma0.ip = address_of(std::move(sigma0));
  platform_.fast_path_off = !options_.fast_path;
  --total_frames;  // the mapping database keeps one for its bookmarks
  Thread* const first = create_root_tasks(cpu, platform_);
  copy_words(phys_to_virt(kip_frame), &kip, page_size / sizeof(u64));
  leave(first);
}

void Machine::boot(Program root) { boot(std::move(root), serve_as_sigma0); }

// --- Into the kernel and out -------------------------------------------------------

void Machine::save_call(bool all) {
  Thread& t = current();
  const Registers& r = user.r;
  t.regs.rax = r.rax, t.regs.rbx = r.rbx, t.regs.rdx = r.rdx, t.regs.rsi = r.rsi, t.regs.r8 = r.r8,
  t.regs.r9 = r.r9;
  t.regs.r10 = r.r10, t.regs.r12 = r.r12, t.regs.r13 = r.r13, t.regs.r14 = r.r14, t.regs.r15 = r.r15;
  t.rflags = user.flags;
  t.rsp = user.rsp;
  if (all) t.regs.rdi = r.rdi, t.regs.rbp = r.rbp;
}

void Machine::save_everything(Address ip) {
  Thread& t = current();
  if (&t == cpu.idle) return;
  t.regs = user.r;
  t.regs.rip = ip;
  t.rflags = user.flags;
  t.rsp = user.rsp;
  t.by_iret = true;
}

void Machine::leave(Thread* next) {
  for (unsigned times = 0;; ++times) {
    if (!next) throw std::logic_error("the kernel returned no thread");
    if (next == cpu.idle && cpu.current != cpu.idle) {
      times = 0;
      if (std::exchange(donates_, false)) donated_to = cpu.current;
      next = work_window();
      if (!next) return;  // straight to the handler of an interrupt
      continue;
    }
    if (times == 100) throw std::logic_error("the kernel never leaves: bad instruction pointers");
    if (next == cpu.idle || !next->by_iret || canonical(next->regs.rip)) break;
    next = exception(cpu, *next, vector::protection, 0);
  }
  if (next != cpu.current) violation = "the thread returned is not the current one";
  ++entries;
  if (std::exchange(donates_, false)) donated_to = next;
  if (donated_to != next) donated_to = nullptr;
  if (next == cpu.idle) {
    host::load_root(nullptr);
  } else {
    const u64* const root = static_cast<const u64*>(phys_to_virt({next->cr3}));
    if (!is_loaded(root)) host::load_root(root);
    user.at_ip = next->by_iret;
    next->by_iret = false;
    user.r = next->regs;
    user.rsp = next->rsp;
    user.flags = next->rflags;
  }
  if (options_.check && violation.empty()) violation = first_violation(*this);
  if (!violation.empty())
    throw std::logic_error("after kernel entry " + std::to_string(entries) + ": " + violation);
  if (next != cpu.idle) poison_registers(*next);
  drop_dead_contexts();
}

// Between two steps of the running thread's work: a due timer, or what the test
// wants to happen; otherwise the next step.
Thread* Machine::work_window() {
  ++windows;
  if (options_.check && violation.empty()) violation = first_violation(*this);
  if (!violation.empty()) throw std::logic_error("between two steps of work: " + violation);
  if (timer_due()) {
    if (++timers_in_a_row == 1000) throw std::logic_error("the timer keeps a thread from its work");
    timer = never;
    return handle_timer(cpu, current());
  }
  timers_in_a_row = 0;
  const unsigned line = at_window ? at_window() : 0;
  return line != 0 ? take_line(line) : continue_work(cpu, current());
}

// Out of a path that has put the message into the registers already.
void Machine::leave_fast() {
  ++fast_calls;
  const u64* const root = static_cast<const u64*>(phys_to_virt({current().cr3}));
  if (!is_loaded(root)) host::load_root(root);
  user.at_ip = false;
  if (donated_to != &current()) donated_to = nullptr;
  if (options_.check && violation.empty()) violation = first_violation(*this);
  if (!violation.empty()) throw std::logic_error("after the fast path: " + violation);
  poison_registers(current());
}

void Machine::enter_ipc() {
  if (options_.fast_path && fast_ipc(*this)) return leave_fast();
  save_call(false);
  leave(ipc(cpu, current()));
}

void Machine::enter_call(Handler handler) {
  if (handler == exchange_registers && options_.fast_path && fast_exchange(*this)) return;
  save_call(true);
  donates_ = handler == thread_switch;
  Thread& caller = current();
  Registers& r = caller.regs;
  if (handler == unmap_call && options_.fast_path && r.rdx == 0)
    if (const u64 mr0 = quick_unmap(r.r9, caller)) {
      r.r9 = mr0;
      r.rdi = caller.utcb;
      return leave(&caller);
    }
  if (handler != thread_control) return leave(handler(cpu, caller));
  Thread* next = &caller;
  if (options_.fast_path && quick_thread_control(r.rdi, r.rsi, r.rdx, r.r8, r.r9, caller))
    r.rax = 1;
  else
    next = handler(cpu, caller);
  // No results; only one of the ways clears them. (A call that goes on still needs them.)
  const bool attaches = ThreadId{r.rdi}.number() < user_base();  // a result that means something
  if (caller.work == Work::none) {
    r.rdx = attaches ? r.rdx : 0;
    r.rsi = r.rdi = r.r8 = r.r9 = r.r10 = 0;
  }
  leave(next);
}

void Machine::enter_page_fault(Address ip, Address address, u64 error) {
  save_everything(ip);
  if (options_.fast_path && fast_page_fault(*this, address, error)) return leave_fast();
  leave(page_fault(cpu, current(), address, error));
}

void Machine::enter_exception(Address ip, u64 number, u64 error) {
  save_everything(ip);
  if (options_.fast_path && fast_exception(*this, number, error)) return leave_fast();
  leave(exception(cpu, current(), number, error));
}

void Machine::enter_timer(Address ip) {
  timer = never;
  save_everything(ip);
  leave(handle_timer(cpu, current()));
}

void Machine::enter_line(Address ip, unsigned line) {
  save_everything(ip);
  if (Thread* const next = take_line(line)) leave(next);
}

// The thread to resume; null: the handler is back in its program already.
Thread* Machine::take_line(unsigned line) {
  const AfterLine after = handle_line(cpu, current(), line);
  if (after.interrupt == 0) return after.thread;
  if (after.thread != cpu.current) violation = "the handler is not the current thread";
  Registers& r = user.r;
  r = {};
  r.r9 = MsgTag::make(label_interrupt, 0).raw;
  r.rsi = after.interrupt;
  r.rdi = after.thread->utcb;
  user.rsp = after.thread->rsp;
  user.flags = after.thread->rflags;
  leave_fast();
  return nullptr;
}

bool Machine::sleep() {
  if (timer == never) return false;
  if (timer > host::clock) host::clock = timer;
  enter_timer(0);
  return true;
}

// --- Programs ----------------------------------------------------------------------

void Machine::drop_dead_contexts() {
  for (auto at = contexts_.begin(); at != contexts_.end();) {
    const Thread* const t = at->first;
    at = t->exists() && t->active() ? std::next(at) : contexts_.erase(at);
  }
}

void Machine::run_user() {
  Thread& t = current();
  std::unique_ptr<Context>& context = contexts_[&t];
  const Address ip = user.r.rip;
  if (!user.at_ip && !context) throw std::logic_error("a thread returns from a call that it never made");
  if (user.at_ip && ip != stub_return && (!context || ip - context->stopped_at > 4)) {
    const u64 index = (ip - programs_at) / page_size;
    if (ip < programs_at || index >= programs_.size() || ip % page_size != 0) {
      return enter_page_fault(ip, ip, fetch_by_user);
    }
    context.reset();
    context = std::make_unique<Context>(*this, t, ip, programs_[index]);
  }
  context->fiber.resume();
  if (!context->fiber.finished()) {
    const auto request = std::exchange(request_, nullptr);
    return request();
  }
  // The end of a program is a fault that nobody handles: the thread stops.
  context->stopped_at = context->base + 16;
  t.tcr->exception_handler = 0;
  enter_exception(context->stopped_at, vector::invalid_opcode, 0);
}

void Machine::run() {
  for (;;) {
    if (!idle()) {
      run_user();
    } else if (!sleep()) {
      return;
    }
  }
}

void Machine::starve(u64 frames_left) {
  while (void* const pair = frame_store.take(1)) hidden_pairs_.push_back(pair);
  while (void* const single = frame_store.take(0)) hidden_singles_.push_back(single);
  for (; frames_left >= 2 && !hidden_pairs_.empty(); frames_left -= 2) {
    frame_store.give(hidden_pairs_.back(), 1);
    hidden_pairs_.pop_back();
  }
  if (frames_left == 0 || hidden_pairs_.empty()) return;
  auto* const pair = static_cast<u8*>(hidden_pairs_.back());
  hidden_pairs_.pop_back();
  frame_store.give(pair, 0);
  hidden_singles_.push_back(pair + page_size);
}

void Machine::feed() {
  for (void* const pair : hidden_pairs_) frame_store.give(pair, 1);
  for (void* const single : hidden_singles_) frame_store.give(single, 0);
  hidden_pairs_.clear();
  hidden_singles_.clear();
}

// --- User's way down ----------------------------------------------------------------

void User::enter(std::function<void()> request) {
  machine_.request_ = std::move(request);
  static_cast<Machine::Context*>(context_)->fiber.suspend();
}

Address User::stop_at(Address where) {
  static_cast<Machine::Context*>(context_)->stopped_at = where;
  return where;
}

Address User::ip() { return stop_at(static_cast<Machine::Context*>(context_)->base + 8); }

}  // namespace test
}  // namespace mica
