// SPDX-License-Identifier: MIT
#include "invariants.h"

#include <set>
#include <sstream>

#include "../mapping_fixture.h"
#include "kip.h"
#include "scheduler.h"
#include "thread_table.h"
#include "timeout.h"
#include "trace.h"

namespace mica::test {

namespace {

struct Violation {
  std::string text;
};

template <typename... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  throw Violation{out.str()};
}

std::string name(const Thread& t) { return "thread " + std::to_string(number_of(t)); }

class Check {
 public:
  explicit Check(const Machine& machine) : machine_(machine), cpu_(machine.cpu) {}

  void everything() {
    collect_threads();
    ready_queues();
    senders();
    timeouts();
    for (const Thread* t : threads_) thread(*t);
    current();
    lists_of_interrupts();
    for (Space* space : spaces_)
      if (unmade_.count(space) == 0) space_members(*space);
    for (Space* space : spaces_) mappings(*space);
    memory();
    if (host::stale_translations() != 0) fail("the translation buffer has a stale entry");
  }

 private:
  // --- Threads -----------------------------------------------------------------

  void collect_threads() {
    for (u64 page = 0; page < thread_table::table.end; ++page) {
      const unsigned live = thread_table::table.live[page];
      if (live == 0 && page != thread_table::table.spare) continue;
      ++backed_pages_;
      unsigned found = 0;
      for (u64 i = 0; i < thread_table::threads_a_page; ++i) {
        const Thread& t = tcb_array()[page * thread_table::threads_a_page + i];
        if (t.state == State::dying) {
          ++found;
          dying(t);
          continue;
        }
        if (t.exists() != (t.state != State::absent)) fail(name(t), " half exists");
        if (!t.exists()) {
          if (t.wait != 0) fail("absent ", name(t), " waits");
          continue;
        }
        ++found;
        if (&t != cpu_.idle && t.id.number() != number_of(t)) fail(name(t), " has another one's id");
        threads_.insert(&t);
        if (t.space) spaces_.insert(t.space);
        if (t.work == Work::thread_control || t.work == Work::rename) unmade(t.ending);
      }
      if (found != live) fail("TCB page ", page, " has ", found, " threads, not ", live);
    }
    if (thread_table::pool.used() != backed_pages_)
      fail("the TCB pool counts ", thread_table::pool.used(), " frames");
  }

  bool exists(const Thread* t) const { return threads_.count(t) != 0; }
  bool exists_in_space(const Thread* t) const { return exists(t) || dying_.count(t) != 0; }

  // A thread that has lost its id already.
  void dying(const Thread& t) {
    dying_.insert(&t);
    if (t.exists() || t.wait != 0 || is_queued(t) || t.fpu || t.work != Work::none)
      fail("dying ", name(t), " is still alive");
    if (t.space) spaces_.insert(t.space);
    unmade(t.ending);
  }
  // A space without threads that somebody is unmaking.
  void unmade(const Ending& ending) {
    if (!ending.space || !spaces_.insert(ending.space).second) return;
    unmade_.insert(ending.space);
    if (ending.space->thread_count != 0) fail("a space with threads is unmade");
  }

  void thread(const Thread& t) {
    if (&t == cpu_.idle) {
      if (t.wait != 0 || is_queued(t) || t.senders || t.state != State::ready)
        fail("the idle thread is not idle");
      return;
    }
    if (t.is_interrupt()) return interrupt(t);
    if (!t.space) fail(name(t), " has no space");
    if (number_of(t) < user_base()) fail(name(t), " is a user's in the kernel's numbers");
    const u64 key = u64{t.priority} << key::priority_shift | (t.fpu ? key::fpu : 0);
    if ((t.key & ~(key::rare | key::unmet)) != key) fail(name(t), " has key ", std::hex, t.key, ", not ", key);
    if (((t.key & key::unmet) != 0) != (t.waiter != Thread::many)) fail(name(t), " is half met");
    if (t.guard < t.priority) fail(name(t), " guards less than its priority");
    const bool rekeyed = t.space->old_keys == 0;
    const bool closed = !t.space->redirector_is_free() || (rekeyed && t.space->keys_are_rare()) ||
                        t.quantum != never || t.vanishing || t.fs_base != 0;
    if ((t.key & key::rare) == 0 && (closed || has_virtual_sender(t)))
      fail(name(t), " is open to the fast path");
    if ((t.key & key::rare) != 0 && rekeyed && !closed && !t.senders)
      fail(name(t), " is kept off the fast path");
    if (t.cr3 != virt_to_phys(t.space->memory.root()).value) fail(name(t), " has another page table");
    const bool runs = &t == cpu_.current;
    if (is_queued(t) != (t.runnable() && !runs))
      fail(name(t), " is queued: ", is_queued(t), ", runs: ", runs);
    if ((t.state == State::sending) != (t.queue.next != nullptr)) fail(name(t), " sends without a queue");
    if (t.work == Work::receive ? t.partner && !is_sender(*t.partner, t)
                                : (t.state == State::sending) != (t.partner != nullptr))
      fail(name(t), " has a partner without sending, or searches behind one who does not send to it");
    if (t.work != Work::none && t.work != Work::transfer && (t.state != State::ready || t.wait != 0))
      fail(name(t), " has work left and does not run");
    if ((t.stopped & stopped_by::after_work) != 0 && t.work == Work::none)
      fail(name(t), " has no work left and is not halted");
    transfer(t);
    if (t.wait != 0) armed(t);
    if (has_timeout(t) && t.work != Work::transfer &&
        (t.protocol != Protocol::user || (t.state != State::sending && !t.is_receiving())))
      fail(name(t), " has a timeout and does not wait");
    const bool may_be_ready = t.protocol == Protocol::start && t.work == Work::receive;
    if (t.protocol != Protocol::user && t.state == State::ready && !may_be_ready)
      fail(name(t), " is ready in a protocol");
    if (!t.active()) {
      if (t.tcr || t.utcb || t.fpu) fail(name(t), " is inactive and has a UTCB");
    } else {
      activated(t);
    }
    if (t.is_receiving()) receiving(t);
  }

  static bool is_sender(const Thread& s, const Thread& t) {
    return s.state == State::sending && s.partner == &t;
  }
  static bool has_virtual_sender(const Thread& t) {
    const Thread* s = t.senders;
    if (!s) return false;
    do {
      if (!s->as_sender.is_nil()) return true;
      s = s->queue.next;
    } while (s != t.senders);
    return false;
  }

  void armed(const Thread& t) const {
    if (t.state != State::ready || t.protocol != Protocol::user || t.stopped != 0 || t.by_iret || has_timeout(t))
      fail(name(t), " is armed and not plainly receiving");
    if (&t == cpu_.current) fail("the running thread is armed");
  }

  void activated(const Thread& t) const {
    const UtcbSlots& slots = t.space->slots;
    if (!t.space->initialised) fail(name(t), " is active in a space without areas");
    const u64 offset = t.utcb_location - t.space->utcb_area.base();
    if (offset % utcb_size != 0 || offset / utcb_size >= slots.high) fail(name(t), " has its UTCB elsewhere");
    if (t.utcb != t.utcb_location + utcb_mr_offset) fail(name(t), " has a wrong local id");
    const Slot page = t.space->memory.find(t.utcb_location >> page_bits);
    if (!page || !page.present() || !page.fixed()) fail(name(t), "'s UTCB is not there");
    const u8* const tcr = static_cast<u8*>(phys_to_virt(page.frame())) + t.utcb_location % page_size;
    if (reinterpret_cast<const u8*>(t.tcr) != tcr) fail(name(t), "'s UTCB is another one");
    if (find_local(*t.space, ThreadId{t.utcb}) != &t) fail(name(t), " is not found by its local id");
    if (t.local_first != slots.first) fail(name(t), " has an old UTCB area");
    if (t.local_count != 0 && (t.local_count != slots.direct || t.local_threads != slots.direct_threads))
      fail(name(t), " has an old table of local ids");
  }

  void interrupt(const Thread& t) {
    if (t.space || is_queued(t) || t.wait != 0 || has_timeout(t) || t.stopped != 0 || t.by_iret)
      fail("interrupt ", number_of(t), " is in an impossible state");
    if ((t.handler == nullptr) != (t.state == State::inactive))
      fail("interrupt ", number_of(t), " is half attached");
    const bool is_line = number_of(t) < interrupt_lines();
    const bool masked = is_line && machine_.line_masked[number_of(t)];
    if (is_line && (t.state != State::ready) != masked)
      fail("line ", number_of(t), masked ? " stays masked" : " is open");
    if (t.missed && (is_line || t.state != State::receiving))
      fail("interrupt ", number_of(t), " keeps a message back");
    if (t.state == State::inactive) return;
    const Thread* const handler = t.handler;
    if (!exists_in_space(handler)) fail("interrupt ", number_of(t), " has a dead handler");
    ++interrupts_of_[handler];
    if (t.state == State::sending && t.partner != handler)
      fail("interrupt ", number_of(t), " sends to another");
  }

  // Its partner is dying, and has not told everybody yet.
  bool hears_soon(const Thread& t, ThreadId from) const {
    const Thread& partner = tcb_array()[from.number() % max_threads];
    return partner.state == State::dying && partner.space && partner.ending.id == from.raw &&
           (partner.waiter == Thread::many || partner.waiter == number_of(t));
  }

  void receiving(const Thread& t) const {
    const ThreadId from = t.awaits();
    const bool open = from.is_any() || from.is_any_local();
    // Who waits for itself sleeps, also under an id that it had before.
    if (!open && from.number() != t.id.number()) {
      const Thread* const partner = find_thread(from);
      // A start message may be awaited from a thread that is still to come.
      if (!partner && t.protocol != Protocol::start && !hears_soon(t, from)) fail(name(t), " waits for nobody");
      if (partner && partner->waiter != Thread::many && partner->waiter != number_of(t) &&
          t.protocol != Protocol::start)
        fail(name(t), " waits for one who does not know");
    }
    if (!t.senders) return;
    const Thread* s = t.senders;
    do {
      const bool fits = from.is_any() || from == s->id || (from.is_any_local() && s->space == t.space) ||
                        (t.protocol == Protocol::user && !s->as_sender.is_nil() && from == s->as_sender);
      if (fits) fail(name(t), " waits although ", name(*s), " has a message for it");
      s = s->queue.next;
    } while (s != t.senders);
  }

  // --- Queues --------------------------------------------------------------------

  void ready_queues() {
    i64 top = -1;
    for (unsigned priority = 0; priority < priorities; ++priority) {
      const Thread* const head = cpu_.ready[priority];
      const bool bit = cpu_.ready_bits[priority / 64] >> priority % 64 & 1;
      if (bit != (head != nullptr)) fail("the bit of priority ", priority, " is wrong");
      if (!head) continue;
      top = priority;
      const Thread* t = head;
      do {
        if (!exists(t)) fail("somebody dead is ready at priority ", priority);
        if (t->priority != priority) fail(name(*t), " is in the queue of another priority");
        if (t->ready.next->ready.prev != t) fail("the ready queue is broken at ", name(*t));
        if (!queued_.insert(t).second) fail(name(*t), " is ready twice");
        t = t->ready.next;
      } while (t != head);
    }
    if (top != cpu_.ready_top) fail("ready_top is ", cpu_.ready_top, ", not ", top);
    for (const Thread* t : threads_)
      if (is_queued(*t) != (queued_.count(t) != 0)) fail(name(*t), " is linked to no queue");
  }

  void senders() {
    std::set<const Thread*> seen;
    for (const auto* all : {&threads_, &dying_})
      for (const Thread* t : *all) {
        if (!t->senders) continue;
        const Thread* s = t->senders;
        do {
          if (!exists(s)) fail("somebody dead sends to ", name(*t));
          if (s->state != State::sending || s->partner != t)
            fail(name(*s), " is queued at ", name(*t), " and does not send");
          if (s->queue.next->queue.prev != s) fail("the senders of ", name(*t), " are a broken list");
          if (!seen.insert(s).second) fail(name(*s), " sends twice");
          s = s->queue.next;
        } while (s != t->senders);
      }
    for (const Thread* t : threads_)
      if (t->state == State::sending && seen.count(t) == 0) fail(name(*t), " sends and is in no queue");
  }

  u32 heap(const Thread* t, const Thread* parent) {
    if (!t) return 0;
    if (!exists(t)) fail("somebody dead has a timeout");
    if (t->heap_parent != parent) fail(name(*t), " has another parent in the timeouts");
    if (parent && t->wakes_at < parent->wakes_at) fail(name(*t), " wakes before its parent");
    if (!in_heap_.insert(t).second) fail(name(*t), " has two timeouts");
    const u32 left = heap(t->heap_left, t), right = heap(t->heap_right, t);
    if (left < right || t->heap_rank != right + 1) fail(name(*t), " has a wrong rank");
    return t->heap_rank;
  }

  void timeouts() {
    heap(cpu_.timeouts, nullptr);
    for (const Thread* t : threads_)
      if (has_timeout(*t) != (in_heap_.count(t) != 0)) fail(name(*t), " lost its timeout");
  }

  // --- Messages under way ---------------------------------------------------------------

  void transfer(const Thread& t) {
    if (t.is_interrupt()) return;
    const bool sends = t.work == Work::transfer;
    if (!t.peer) {
      if (sends || t.state == State::locked || t.protocol == Protocol::transfer_fault)
        fail(name(t), " is in a transfer with nobody");
      return;
    }
    if (!exists(t.peer) || t.peer->peer != &t) return fail(name(t), " is not its peer's peer");
    if (sends == (t.peer->work == Work::transfer)) fail(name(t), " and its peer are on the same side");
    const bool faults = t.protocol == Protocol::transfer_fault;
    if (faults && t.peer->state != State::locked) fail("the peer of ", name(t), " does not wait for its fault");
    if (faults ? t.state != State::sending && t.state != State::receiving
               : t.state != State::locked && !(sends && t.state == State::ready))
      fail(name(t), " does not take part in its transfer");
  }

  // --- The CPU ------------------------------------------------------------------------

  void current() {
    const Thread& t = *cpu_.current;
    if (!exists(&t)) fail("somebody dead runs");
    if (is_queued(t)) fail("the running thread is queued");
    if (!t.runnable()) fail("the running ", name(t), " cannot run");
    if (&t == cpu_.idle && cpu_.ready_top >= 0) fail("the CPU is idle, but somebody is ready");
    const bool traced = is_traced(cpu_);
    if ((cpu_.quantum_begin != never) != (t.quantum != never || traced)) fail(name(t), "'s total quantum is not charged");
    const bool delays =
        t.delay_end != 0 && cpu_.ready_top > t.priority && cpu_.ready_top <= t.sensitive_priority;
    if (delays && cpu_.timer_armed > t.delay_end) fail("the end of a delay would be missed");
    if (cpu_.ready_top > t.priority && machine_.donated_to != &t && !delays)
      fail("somebody more urgent than ", name(t), " is ready");
    if (machine_.fs_base != t.fs_base) fail(name(t), " has another one's FS base");
    if (t.fs_base >= user_end) fail(name(t), " has a bad FS base");
    if (machine_.timer != cpu_.timer_armed) fail("the timer is not as the kernel believes");
    if (next_timeout(cpu_) < cpu_.timer_armed && cpu_.timeouts_rest < cpu_.timer_armed)
      fail("a timeout would be missed");
    if (&t != cpu_.idle && cpu_.ready_top >= t.priority && cpu_.slice_end < cpu_.timer_armed)
      fail("the end of the time slice would be missed");
    if (t.work != Work::none) return;  // in the kernel: the rest is for users
    if (cpu_.fpu_owner != t.fpu_thread()) fail("the FPU holds another one's state");
    if (machine_.fpu_enabled != (t.fpu != nullptr)) fail("the FPU is open to ", name(t));
    if (traced != host::calls_are_traced || traced != (trace_buffer.records != nullptr)) fail("the trace is half on");
    if (cpu_.unusual != (traced || cpu_.fpu_owner || t.quantum != never || t.fs_base != 0))
      fail(name(t), " is unusual: ", cpu_.unusual);
    if (cpu_.io_enabled && (!cpu_.io_loaded || cpu_.io_loaded != t.space))
      fail("ports are open to ", name(t));
    if (cpu_.io_loaded && spaces_.count(cpu_.io_loaded) == 0) fail("the ports of a dead space are loaded");
    const bool rare = (t.key & key::rare) || cpu_.io_enabled || !machine_.has_fast_path() || traced;
    const u64 least = cpu_.ready_top < 0 ? 0 : static_cast<u64>(cpu_.ready_top);
    const bool left_closed = cpu_.top == key::rare_top;  // until the next switch
    if (!rare && !left_closed && &t != cpu_.idle &&
        cpu_.top != (least << key::priority_shift) + USER_GS - (t.key & key::fpu))
      fail("top is ", std::hex, cpu_.top, " for ", name(t));
    if (!rare || &t == cpu_.idle) return;
    for (const u64 other : {u64{0}, key::fpu, key::rare, key::rare | key::fpu})
      for (const u64 selector : {u64{0}, expected_gs})
        if (((other + (u64{255} << key::priority_shift) + selector - cpu_.top) & key::must_be_zero &
             ~(key::fpu << 1)) == 0)
          fail("the fast path is open to ", name(t));
  }

  void lists_of_interrupts() {
    for (const auto* all : {&threads_, &dying_})
      for (const Thread* t : *all)
        if (!t->is_interrupt()) list_of_interrupts(*t);
  }

  void list_of_interrupts(const Thread& handler) {
    u64 length = 0;
    for (u32 n = handler.interrupts; n != 0; n = tcb_array()[n].interrupts) {
      if (n >= user_base() || tcb_array()[n].handler != &handler)
        fail(name(handler), " has another one's interrupt");
      if (++length > user_base()) fail(name(handler), " has a circle of interrupts");
    }
    if (length != interrupts_of_[&handler]) fail(name(handler), " misses an interrupt");
  }

  // --- Spaces ---------------------------------------------------------------------------

  void space_members(Space& space) {
    if (space.old_keys == 0 && space.redirector != space.next_redirector) fail("a redirector is half set");
    u32 members = 0, active = 0;
    const Thread* t = space.threads;
    do {
      if (!exists_in_space(t) || t->space != &space) fail("a space has a foreign member");
      if (t->in_space.next->in_space.prev != t) fail("the threads of a space are a broken list");
      ++members;
      active += t->active();
      t = t->in_space.next;
    } while (t != space.threads && members <= threads_.size());
    for (const Thread* other : threads_) members -= other->space == &space;
    for (const Thread* other : dying_) members -= other->space == &space;
    if (members != 0) fail("a space has not all its threads");
    if (active != space.active_count)
      fail("a space counts ", space.active_count, " active threads, not ", active);
    const UtcbSlots& slots = space.slots;
    u32 in_slots = 0;
    for (u64 i = 0; i < slots.high; ++i) {
      Thread* const* const frame = i < 512         ? slots.direct_threads
                                   : slots.further ? slots.further[i / 512]
                                                   : nullptr;
      if (!frame || frame[i % 512] == no_thread()) continue;
      ++in_slots;
      const Thread* const owner = frame[i % 512];
      if (!exists(owner) || owner->space != &space || !owner->active()) fail("a UTCB slot has a wrong owner");
      if (owner->utcb_location != space.utcb_area.base() + i * utcb_size)
        fail(name(*owner), " is in another slot");
    }
    if (in_slots != active) fail("a space has ", in_slots, " UTCBs for ", active, " threads");
  }

  u64 count_tables(const u64* entries, u64 count, unsigned levels) const {
    u64 tables = 0;
    for (u64 i = 0; i < count; ++i) {
      if ((entries[i] & entry::present) == 0 || (entries[i] & entry::large) != 0) continue;
      ++tables;
      const u64* const below = static_cast<const u64*>(phys_to_virt({entries[i] & entry::frame_mask}));
      if (levels > 1) tables += count_tables(below, 512, levels - 1);
    }
    return tables;
  }

  void tree_of(const Mapping* root) {
    std::vector<const Mapping*> path;
    u32 before = 0;
    for (u32 link = to_link(root); link != 0; before = link, link = from_link<Mapping>(link)->next) {
      const Mapping& node = *from_link<Mapping>(link);
      if (node.prev != before) fail("a mapping tree is a broken list");
      if (node.is_bookmark()) continue;
      ++nodes_in_trees_;
      while (!path.empty() && path.back()->depth >= node.depth) path.pop_back();
      bool found = node.parent == 0 && path.empty();
      // After a grant that was given up the parent may be further up.
      for (const Mapping* above : path) found |= to_link(above) == node.parent;
      if (!found) fail("a mapping has another parent");
      if (spaces_.count(from_link<Space>(node.space)) == 0) fail("a mapping belongs to a dead space");
      const Slot slot{node.leaf};
      if (!slot.present() || slot.fixed() || slot.link() != link) fail("a mapping has no entry");
      if (node.parent != 0 && node.ports == 0) {
        const Slot above{from_link<Mapping>(node.parent)->leaf};
        if (slot.frame().value - above.frame().value >= above.pages() << page_bits)
          fail("a mapping shows another frame than its parent");
      }
      path.push_back(&node);
    }
  }

  void mappings(Space& space) {
    u64 frames = 2, own_nodes = 0;
    const auto visit = [&](bool ports, u64 page, Slot slot) {
      if (slot.fixed()) {
        if (ports || slot.link() != 0) fail("a fixed page has a mapping");
        return fixed_page(space, page, slot);
      }
      const Mapping& node = *from_link<Mapping>(slot.link());
      ++own_nodes;
      if (node.leaf != slot.leaf || from_link<Space>(node.space) != &space || node.ports != (ports ? 1 : 0))
        fail("page ", page, " leads to a foreign mapping");
      if (!ports && (slot.level() == 0 ? kernel_owns(slot.frame()) : !is_one_block(slot.frame(), slot.level())))
        fail("a frame of the kernel is mapped at page ", page);
      if (node.depth == 0 && !space.sigma0) fail("a root of a tree is not sigma0's");
      if (ports && (space.io_bitmap[page / 8] >> page % 8 & 1) != 0)
        fail("port ", page, " is mapped and closed");
      if (node.prev == 0) tree_of(&node);
    };
    fixed_pages_ = 0;
    for_each_present(space.memory, 0, user_end >> page_bits,
                                  [&](u64 page, Slot slot) { visit(false, page, slot); });
    for_each_present(space.ports, 0, u64{1} << 16, [&](u64 port, Slot slot) { visit(true, port, slot); });
    nodes_ += own_nodes;
    if (space.io_bitmap)
      for (u64 port = 0; port < u64{1} << 16; ++port) {
        if (port % 64 == 0 && reinterpret_cast<const u64*>(space.io_bitmap)[port / 64] == ~u64{0}) {
          port += 63;
          continue;
        }
        if ((space.io_bitmap[port / 8] >> port % 8 & 1) != 0) continue;
        const Slot slot = space.ports.find(port);
        if (!slot || !slot.present()) fail("port ", port, " is open and not mapped");
      }
    frames += 2 * count_tables(space.memory.root(), 256, 3);
    if (space.ports.root()) frames += 2 + 2 * count_tables(space.ports.root(), 128, 1);
    frames += space.io_bitmap ? 2 : 0;
    frames += fixed_pages_;
    const UtcbSlots& slots = space.slots;
    frames += slots.direct_threads ? 1 : 0;
    if (slots.further) {
      ++frames;
      for (u64 i = 0; i < 512; ++i) frames += slots.further[i] ? 1 : 0;
    }
    for (const Thread* t : threads_) frames += t->space == &space && t->fpu;
    const u64 used = space.pool.used();
    constexpr u64 nodes_a_page = page_size / sizeof(Mapping) - 1;
    if (used < frames || (used - frames) * nodes_a_page < own_nodes)
      fail("a space uses ", used, " frames, but has ", frames, " and ", own_nodes, " mappings");
    pool_frames_ += used;
  }

  void fixed_page(const Space& space, u64 page, Slot slot) {
    if (page == space.kip_area.base() >> page_bits && space.initialised) {
      if (slot.frame() != kernel_symbol_phys(&kip) || (*slot.leaf & entry::writable) != 0)
        fail("the KIP is not the KIP");
      return;
    }
    ++fixed_pages_;
    const u64 first = space.utcb_area.base() >> page_bits;
    if (page - first >= (space.slots.high * utcb_size + page_size - 1) >> page_bits)
      fail("page ", page, " is fixed for no reason");
    if (!frame_store.owns(slot.frame())) fail("a UTCB page is not the kernel's");
  }

  void memory() {
    if (nodes_ != nodes_in_trees_) fail(nodes_, " mappings, but ", nodes_in_trees_, " in trees");
    const u64 sum = frame_store.free_frames() + machine_.hidden_frames() + backed_pages_ + pool_frames_;
    if (sum != machine_.total_frames)
      fail("of ", machine_.total_frames, " frames only ", sum, " are accounted for");
  }

  const Machine& machine_;
  const Cpu& cpu_;
  std::set<const Thread*> threads_, dying_, queued_, in_heap_;
  std::set<Space*> spaces_, unmade_;
  std::map<const Thread*, u32> interrupts_of_;
  u64 backed_pages_ = 0, pool_frames_ = 0, fixed_pages_ = 0, nodes_ = 0, nodes_in_trees_ = 0;
};

}  // namespace

std::string first_violation(const Machine& machine) {
  try {
    Check(machine).everything();
    return "";
  } catch (const Violation& violation) {
    return violation.text;
  }
}

}  // namespace mica::test
