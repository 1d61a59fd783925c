// SPDX-License-Identifier: MIT
// A thread control block: all that the kernel keeps of a thread, without its
// FPU state. There is no kernel stack a thread; what a blocked thread was doing
// stands here.
//
//               ThreadControl                     start message
//      absent ----------------> inactive --------> receiving (protocol start)
//                                 activation           |
//                                                      v         send phase
//                               +------------------> ready -------------------> sending
//                               |                     |  ^                         |
//                               |  message, error,    |  | message taken,          |
//                               |  timeout, abort     |  | nothing to receive      |
//                               |                     v  |                         v
//                               +--------- receiving, or armed <-------------------+
//
// `armed` is a receive that the fast path may end: state says ready, and `wait`
// holds what is waited for. The fast path of Ipc ends and begins such a wait by
// changing `wait` alone.
#pragma once

#include "abi.h"
#include "space.h"
#include "string_copy.h"

namespace mica {

// locked: a side of a message under way that waits for the other (message_transfer.h).
// dying: it has no id any more (ending.h).
enum class State : u8 { absent, inactive, dying, ready, sending, receiving, locked };

// What the message that a blocked thread sends or expects is about.
// transfer_fault: a page fault in the middle of a message.
// preemption: it was preempted, or has spent its total quantum.
enum class Protocol : u8 { user, start, page_fault, io_fault, exception, interrupt, transfer_fault, preemption };

// Why a thread does not run although it could, Thread::stopped. after_work: it will be
// halted when it is through with what it does in the kernel; spent: by its total quantum.
namespace stopped_by {
inline constexpr u8 halted = 1, after_work = 2, spent = 4;
}

// What a runnable thread has left to do in the kernel (work.h).
enum class Work : u8 {
  none,
  receive,                 // the receive phase of its Ipc; the message was sent
  transfer,                // the message that it sends, and then the receive phase
  unmap,                   // the rest of its Unmap
  memory_control,          // the rest of its MemoryControl
  thread_control,          // ThreadControl: what it has to end first (Thread::ending)
  rename,                  // ThreadControl: those who deal with the old id
  space_control,           // SpaceControl, from its beginning
};

// How far its Unmap or MemoryControl is.
struct UnmapCall {
  UnmapProgress progress;
  u64 item;  // which flexpage
};

// What is being ended (ending.h): by a thread in ThreadControl, and of one that is dying.
struct Ending {
  u64 id;          // of the dying or renamed thread, as the others know it
  Thread* target;  // whom it has to delete, or to rename
  Space* space;    // which one it has to unmake
  u32 page;        // of TCBs: how far the search for its partners is
  u32 order : 31;  // of a dying thread: among all deletions
  u32 again : 1;   // then the call begins again; else it has succeeded
};

// The user's registers, as the entry code saves them.
struct Registers {
  u64 rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15;
  u64 rip;
};

struct FpuState;
struct Thread;

// A place in a circular list of threads.
struct Link {
  Thread* next = nullptr;
  Thread* prev = nullptr;
};

struct alignas(512) Thread {
  // --- the fast path's line ---
  ThreadId id;             // nil: no thread
  u64 wait;                // armed receive: -1 anybody, or one id; else 0
  u64 cr3;                 // page table
  u64 utcb;                // the user's address of MR0: the local id
  u64 rsp;                 // user's stack pointer when not running
  u64 key;                 // see cpu.h
  Thread* senders;         // those who wait to send to this one, a circular list
  u32 rflags;              // user's flags when not running
  u32 waiter;              // who has begun to wait for it alone: a number, 0 or `many`

  // --- the rest of the user's context ---
  Registers regs;

  // --- local ids, MRs beyond the registers, FPU state: what the fast path may need ---
  Address local_first;     // copies of the space's UtcbSlots
  u64 local_count;
  Thread** local_threads;
  u64* long_words;         // MR8.. as the kernel reaches them
  Utcb* tcr;               // the UTCB as the kernel reaches it; null: not active
  FpuState* fpu;           // null: never used the FPU

  // --- what an inactive thread has, too ---
  Space* space;
  u8 by_iret;              // resume with every register, through IRET
  State state;
  Protocol protocol;
  u8 stopped;
  u8 priority;
  Work work;               // to be done in the kernel before it goes on as a user
  u8 sensitive_priority;
  u8 vanishing;            // its id is about to become another one
  Link in_space;
  ThreadId scheduler;
  union {
    Thread* handler;       // of an interrupt: whom it is sent to; null: detached
    Thread* peer;          // of any other: the other side of a message under way, or null
  };
  union {
    Address utcb_location; // base, ~0 = not set
    bool missed;           // of an interrupt: it came again before its acknowledgment
  };
  Ticks slice;             // length of a time slice, ~0 = infinite
  Ticks slice_left;
  Ticks quantum;           // what is left of the total quantum, ~0 = infinite
  u32 max_delay;           // microseconds
  u16 cpu;
  u8 guard;                // threads of higher priorities preempt it without ado
  u8 reserved0;

  // --- blocked in IPC ---
  ThreadId from;           // receiving: whom it waits for; any, any local or global
  Thread* partner;         // sending: to whom; searching its senders: behind whom to go on
  ThreadId as_sender;      // id that the receiver sees (propagation), nil = its own
  ThreadId intended;       // redirected: whom the message was meant for, else nil
  Link queue;              // among the partner's senders
  Link ready;              // among the ready threads of its priority
  union {
    u64 words[4];          // the kernel's own message: tag, MR1, MR2 / exception number, error code
    MapTransfer map;       // a message of its own, while its items are mapped
  };

  // --- timeouts ---
  Ticks wakes_at;          // when in the queue of timeouts
  Thread* heap_parent;
  Thread* heap_left;
  Thread* heap_right;
  u32 heap_rank;           // 0: not in the queue

  u32 interrupts;          // the first one that it handles; of an interrupt: its handler's next; 0: none

  union {
    ItemProgress items;    // how far its message is
    UnmapCall unmapping;
    Ending ending;
  };

  Ticks delay_end;         // of a delayed preemption; 0: none is
  Address fs_base;         // what its FS addresses count from

  // More than one, or perhaps one on the fast path, which leaves no trace.
  static constexpr u32 many = ~u32{0};

  bool exists() const { return !id.is_nil(); }
  bool active() const { return state >= State::ready; }
  bool is_halted() const { return (stopped & (stopped_by::halted | stopped_by::after_work)) != 0; }
  [[gnu::always_inline]] bool is_receiving() const { return wait != 0 || state == State::receiving; }
  // Could run, were it its turn.
  [[gnu::always_inline]] bool runnable() const { return state == State::ready && wait == 0 && (stopped & (stopped_by::halted | stopped_by::spent)) == 0; }
  bool is_interrupt() const { return protocol == Protocol::interrupt; }
  // Itself when it has FPU state, else null.
  const Thread* fpu_thread() const { return fpu ? this : nullptr; }
  ThreadId awaits() const { return wait != 0 ? ThreadId{wait} : from; }

  // Begins to wait. Armed when the fast path may end the wait: an ordinary
  // message from one thread or from anybody, no timeout, nothing unusual.
  [[gnu::always_inline]] void begin_receive(ThreadId whom, bool timed) {
    const bool plain = protocol == Protocol::user && !timed && stopped == 0 && !by_iret && !whom.is_any_local();
    from = whom;
    state = plain ? State::ready : State::receiving;
    wait = plain ? whom.raw : 0;
  }
  // The same for what the kernel says in its name.
  void begin_kernel_receive(ThreadId whom) {
    from = whom;
    state = State::receiving;
    wait = 0;
  }
  void disarm() {
    if (wait == 0) return;
    from = ThreadId{wait};
    wait = 0;
    state = State::receiving;
  }
  // It is through with its work, or the work was taken from it.
  void settle_halt() {
    if ((stopped & stopped_by::after_work) != 0) stopped ^= stopped_by::after_work | stopped_by::halted;
  }
  void end_wait() {
    wait = 0;
    state = State::ready;
  }

  // Of the four bytes from by_iret on, looked at and written at once.
  bool awaits_pager() const {
    return (resumption() | 1) == (1 | static_cast<u32>(State::receiving) << 8 | static_cast<u32>(Protocol::page_fault) << 16);
  }
  void go_on_after_fault() {
    const u32 running = 1 | static_cast<u32>(State::ready) << 8 | static_cast<u32>(Protocol::user) << 16;
    __builtin_memcpy(&by_iret, &running, sizeof running);
  }

 private:
  u32 resumption() const {
    u32 bytes;
    __builtin_memcpy(&bytes, &by_iret, sizeof bytes);
    return bytes;
  }
};

static_assert(sizeof(Thread) == 512);
static_assert(offsetof(Thread, state) == offsetof(Thread, by_iret) + 1 && offsetof(Thread, protocol) == offsetof(Thread, by_iret) + 2 &&
              offsetof(Thread, stopped) == offsetof(Thread, by_iret) + 3, "awaits_pager()");
static_assert(offsetof(Thread, rflags) + 4 <= 64, "the fast path's line");

inline constexpr u64 user_rflags_always = 0x202;  // bit 1 and IF
inline constexpr u64 rflags_by_message = 0xdd5;   // CF PF AF ZF SF TF DF OF
inline constexpr u64 rflags_by_exregs = 0x8d5;    // CF PF AF ZF SF OF

}  // namespace mica
