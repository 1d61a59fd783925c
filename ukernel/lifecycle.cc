// SPDX-License-Identifier: MIT
#include "lifecycle.h"

#include <seam.h>

#include "assertion.h"
#include "calls.h"
#include "interrupt.h"
#include "ipc.h"
#include "message_transfer.h"
#include "scheduler.h"
#include "thread_ring.h"
#include "thread_table.h"

namespace mica {

namespace {

void join_space(Thread& t, Space& space) {
  t.space = &space;
  t.cr3 = virt_to_phys(space.memory.root()).value;
  append<&Thread::in_space>(space.threads, t);
  ++space.thread_count;
}

void leave_space(Thread& t) {
  Space& space = *t.space;
  MICA_ASSERT(space.thread_count != 0);
  take_out<&Thread::in_space>(space.threads, t);
  --space.thread_count;
}

// The conversion is worth doing once.
Ticks default_slice() {
  static constinit Ticks slice = 0;
  if (slice == 0) slice = ticks_from_us(default_slice_us);
  return slice;
}

// The table entry of UTCB slot `slot`, made when missing; null: out of memory.
[[gnu::noinline]] Thread** slot_entry(Space& space, u64 slot) {
  UtcbSlots& slots = space.slots;
  const auto new_frame = [&](const void* content) {
    void* const frame = space.pool.take_frame();
    if (frame) fill_words(frame, reinterpret_cast<u64>(content), page_size / sizeof(u64));
    return frame;
  };
  if (slot < 512) {
    if (!slots.direct_threads) {
      slots.direct_threads = static_cast<Thread**>(new_frame(no_thread()));
      if (!slots.direct_threads) return nullptr;
      slots.direct = slots.count < 512 ? slots.count : 512;
    }
    return &slots.direct_threads[slot];
  }
  if (!slots.further) slots.further = static_cast<Thread***>(new_frame(nullptr));
  if (!slots.further) return nullptr;
  Thread**& frame = slots.further[slot / 512];
  if (!frame) frame = static_cast<Thread**>(new_frame(no_thread()));
  return frame ? &frame[slot % 512] : nullptr;
}

// The UTCB's page as the kernel reaches it, mapped to the user; null: out of memory.
void* utcb_page(Space& space, Address address) {
  const Slot slot = space.memory.find(address >> page_bits);
  if (slot && slot.present() && slot.fixed()) return phys_to_virt(slot.frame());
  void* const frame = space.pool.take_frame();
  if (!frame) return nullptr;
  if (!place_fixed_page(space, address & ~(page_size - 1), virt_to_phys(frame), true)) {
    space.pool.give_frame(frame);
    return nullptr;
  }
  fill_words(frame, 0, page_size / sizeof(u64));
  return frame;
}

}  // namespace

Thread* create_thread(ThreadId id, Space& space, ThreadId scheduler) {
  MICA_ASSERT(id.is_global() && id.number() < max_threads && !tcb_array()[id.number()].exists());
  Thread* const t = make_tcb(id.number());
  if (!t) return nullptr;
  t->id = id;
  t->state = State::inactive;
  t->protocol = Protocol::user;
  t->halted = t->awaited = false;
  t->work = Work::none;
  t->peer = nullptr;
  t->scheduler = scheduler;
  t->priority = default_priority;
  t->sensitive_priority = 0;
  t->max_delay = 0;
  t->cpu = 0;
  t->rflags = user_rflags_always;
  t->slice = t->slice_left = default_slice();
  t->quantum = never;
  t->utcb_location = ~u64{0};
  t->by_iret = true;
  join_space(*t, space);
  t->key = u64{default_priority} << key::priority_shift;
  if (!space.redirector_is_free()) update_key(*t);
  return t;
}

CallError activate(Cpu& cpu, Thread& t, ThreadId pager) {
  MICA_ASSERT(t.state == State::inactive);
  Space& space = *t.space;
  if (!space.initialised) return CallError::invalid_space;
  const u64 slot = space.utcb_slot(t.utcb_location);
  if (slot >= space.slots.count) return CallError::utcb_area;
  Thread** const entry = slot_entry(space, slot);
  if (!entry) return CallError::no_memory;
  if (*entry != no_thread()) return CallError::utcb_area;
  void* const page = utcb_page(space, t.utcb_location);
  if (!page) return CallError::no_memory;

  *entry = &t;
  if (slot >= space.slots.high) space.slots.high = slot + 1;
  ++space.active_count;
  t.tcr = reinterpret_cast<Utcb*>(static_cast<u8*>(page) + (t.utcb_location & (page_size - 1)));
  fill_words(t.tcr, 0, utcb_size / sizeof(u64));
  t.long_words = &t.tcr->mr[register_words];
  t.tcr->my_global_id = t.id.raw;
  t.tcr->processor = t.cpu;
  t.tcr->pager = pager.raw;
  t.utcb = t.utcb_location + utcb_mr_offset;
  t.local_first = space.slots.first;
  t.local_count = space.slots.direct;
  t.local_threads = space.slots.direct_threads;
  t.awaited = true;
  t.protocol = Protocol::start;
  t.by_iret = true;
  await_message(cpu, t, pager);
  return CallError::none;
}

void delete_thread(Cpu& cpu, Thread& t) {
  MICA_ASSERT(&t != cpu.current && t.exists());
  Space& space = *t.space;
  const bool was_active = t.active();
  if (was_active) {
    detach_all(cpu, t);
    if (is_in_transfer(t)) abort_transfer(cpu, t, IpcError::aborted, IpcError::aborted);
    abandon_unmap(t);
    remove_from_cpu(cpu, t);
    withdraw(cpu, t);
  }
  if (t.senders || t.awaited) fail_partners(cpu, t);
  if (was_active) {
    *slot_entry(space, space.utcb_slot(t.utcb_location)) = no_thread();
    --space.active_count;
  }
  if (t.fpu) space.pool.give_frame(t.fpu);
  leave_space(t);
  free_tcb(t);
  if (space.thread_count == 0) destroy_space(cpu, space);
}

bool delete_inactive_thread(Thread& t) {
  if (t.state != State::inactive || t.senders || t.awaited || t.space->thread_count == 1) return false;
  leave_space(t);
  free_tcb(t);
  return true;
}

void rename_thread(Cpu& cpu, Thread& t, ThreadId id) {
  MICA_ASSERT(t.exists() && id.number() == t.id.number());
  rename_handler(cpu, t, id);
  fail_partners(cpu, t);
  t.id = id;
  if (t.tcr) t.tcr->my_global_id = id.raw;
}

}  // namespace mica
