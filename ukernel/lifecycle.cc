// SPDX-License-Identifier: MIT
#include "lifecycle.h"

#include <seam.h>

#include "assertion.h"
#include "calls.h"
#include "ipc.h"
#include "message_transfer.h"
#include "scheduler.h"
#include "thread_ring.h"
#include "thread_table.h"

namespace mica {

namespace {

[[gnu::cold, gnu::noinline]] void* new_frame(Pool& pool, const void* content) {
  void* const frame = pool.take_frame();
  if (frame) fill_words(frame, reinterpret_cast<u64>(content), page_size / sizeof(u64));
  return frame;
}

// The table entry of UTCB slot `slot`, made when missing; null: out of memory.
[[gnu::cold, gnu::noinline]] Thread** make_slot_entry(Space& space, u64 slot) {
  UtcbSlots& slots = space.slots;
  if (slot < 512) {
    if (!slots.direct_threads) {
      slots.direct_threads = static_cast<Thread**>(new_frame(space.pool, no_thread()));
      if (!slots.direct_threads) return nullptr;
      slots.direct = slots.count < 512 ? slots.count : 512;
    }
    return &slots.direct_threads[slot];
  }
  if (!slots.further) slots.further = static_cast<Thread***>(new_frame(space.pool, nullptr));
  if (!slots.further) return nullptr;
  Thread**& frame = slots.further[slot / 512];
  if (!frame) frame = static_cast<Thread**>(new_frame(space.pool, no_thread()));
  return frame ? &frame[slot % 512] : nullptr;
}

inline Thread** slot_entry(Space& space, u64 slot) {
  return slot < space.slots.direct ? &space.slots.direct_threads[slot] : make_slot_entry(space, slot);
}

// The UTCB's page as the kernel reaches it, mapped to the user.
[[gnu::cold, gnu::noinline]] CallError make_utcb_page(Space& space, Address address, void*& page, Budget& budget) {
  page = new_frame(space.pool, nullptr);
  if (!page) return CallError::no_memory;
  const Address place = address & ~(page_size - 1);
  const MapStep step = place_fixed_page(space, place, virt_to_phys(page), true, budget);
  if (step == MapStep::done) return CallError::none;
  space.pool.give_frame(page);
  return step == MapStep::more ? not_yet : CallError::no_memory;
}

inline CallError utcb_page(Space& space, Address address, void*& page, Budget& budget) {
  const Slot slot = space.memory.find_page(address >> page_bits);
  if (!slot || !slot.present() || !slot.fixed()) return make_utcb_page(space, address, page, budget);
  page = phys_to_virt({*slot.leaf & entry::frame_mask});
  return CallError::none;
}

// A place for the UTCB of a thread that is to be active there, not taken yet.
struct UtcbPlace {
  Thread** entry = nullptr;
  void* page = nullptr;
};

CallError find_place(Space& space, Address location, UtcbPlace& place, Budget& budget) {
  const u64 slot = space.utcb_slot(location);
  place.entry = slot_entry(space, slot);
  if (!place.entry) return CallError::no_memory;
  MICA_ASSERT(*place.entry == no_thread());
  const CallError error = utcb_page(space, location, place.page, budget);
  if (error != CallError::none) return error;
  if (slot >= space.slots.high) space.slots.high = slot + 1;
  return CallError::none;
}

// Nothing can fail any more.
void take_place(Thread& t, const UtcbPlace& place) {
  Space& space = *t.space;
  *place.entry = &t;
  ++space.active_count;
  t.tcr = reinterpret_cast<Utcb*>(static_cast<u8*>(place.page) + (t.utcb_location & (page_size - 1)));
  t.long_words = &t.tcr->mr[register_words];
  t.utcb = t.utcb_location + utcb_mr_offset;
  t.local_first = space.slots.first;
  t.local_count = space.slots.direct;
  t.local_threads = space.slots.direct_threads;
}

}  // namespace

[[gnu::cold]] bool is_free_utcb(const Space& space, Address location) {
  return space.initialised && space.utcb_slot(location) < space.slots.count &&
         !find_local(space, ThreadId{location + utcb_mr_offset});
}

// Of a UTCB that another thread of the space may have had. What is in its message
// registers means nothing, nor do buffer registers that BR0 does not point to.
static void clear_control_registers(Utcb& utcb) {
  utcb.compatibility = 0;
  fill_words(&utcb.br(0), 0, 1 + (offsetof(Utcb, mr) - offsetof(Utcb, my_global_id)) / sizeof(u64));
}

CallError activate(Thread& t, ThreadId pager, Budget& budget) {
  MICA_ASSERT(t.state == State::inactive);
  UtcbPlace place;
  const CallError error = find_place(*t.space, t.utcb_location, place, budget);
  if (error != CallError::none) return error;
  take_place(t, place);
  clear_control_registers(*t.tcr);
  t.tcr->my_global_id = t.id.raw;
  t.tcr->processor = t.cpu;
  t.tcr->pager = pager.raw;
  await_start(t, pager);
  return CallError::none;
}

[[gnu::cold]] CallError create_active_thread(Space& space, const Registers& r) {
  Thread* const t = create_thread(ThreadId{r.rdi}, space, ThreadId{r.rdx});
  if (!t) return CallError::no_memory;
  t->utcb_location = r.r9;
  Budget budget;
  const CallError error = activate(*t, ThreadId{r.rsi}, budget);
  if (error != CallError::none) undo_thread(*t);
  return error;
}

void deactivate(Thread& t) {
  Space& space = *t.space;
  *slot_entry(space, space.utcb_slot(t.utcb_location)) = no_thread();
  --space.active_count;
  if (t.fpu) space.pool.give_frame(t.fpu);
  t.fpu = nullptr;
}

[[gnu::cold]] CallError move_thread(Cpu& cpu, Thread& t, Space& to, Address location, Budget& budget) {
  MICA_ASSERT(t.space != &to && &t != cpu.current);
  Space& from = *t.space;
  if (!t.active()) {
    leave_space(t);
    join_space(t, to);
    t.utcb_location = location;
    update_key(t);
    return CallError::none;
  }
  UtcbPlace place;
  const CallError error = find_place(to, location, place, budget);
  if (error != CallError::none) return error;
  if (t.fpu && !to.pool.take_over(from.pool)) return CallError::no_memory;

  // A thread that waits for its start goes on waiting; all else ends here.
  if (t.protocol != Protocol::start) {
    if (is_in_transfer(t) || t.state == State::sending || t.is_receiving()) cancel_ipc(cpu, t, IpcError::cancelled);
    if (t.work == Work::receive) {
      abandon_receive(t);
      set_ipc_error(t, Phase::receive, {IpcError::cancelled});
    }
    abandon_unmap(t);
    // What threads and spaces are to become does not depend on where the caller is.
    if (t.work < Work::thread_control) t.work = Work::none;
    if (t.work == Work::none) t.settle_halt();
    if (!t.runnable()) dequeue(cpu, t);
  }
  const Utcb* const old = t.tcr;
  FpuState* const fpu = t.fpu;
  t.fpu = nullptr;
  deactivate(t);
  leave_space(t);
  join_space(t, to);
  t.utcb_location = location;
  t.fpu = fpu;
  take_place(t, place);
  copy_words(t.tcr, old, utcb_size / sizeof(u64));
  if (!t.by_iret) t.regs.rdi = t.utcb;
  update_key(t);
  enqueue(cpu, t);
  return CallError::none;
}

}  // namespace mica
