// SPDX-License-Identifier: MIT
// Threads and spaces of a test. All that it makes is deleted when it ends, and no
// id is used twice. Every space of a test sees the root task's memory at the same
// addresses: the runner is the pager and maps it one to one.
#pragma once

#include <runtime/task.h>

#include "tap.h"

namespace guest {

using Body = void (*)(Word argument);

struct Slot {
  l4::ThreadId id;
  l4::ThreadId handler;
  Body body = nullptr;
  Word argument = 0;
  unsigned utcb = 0;
  unsigned siblings = 0;           // first thread of a task: UTCBs given there
  volatile bool finished = false;  // body has returned
  alignas(16) std::byte stack[8192] = {};
};
inline constexpr unsigned max_slots = 40;
inline constinit Slot slots[max_slots];
inline unsigned generation = 0;

inline constinit l4::ThreadId runner;  // the root task's first thread, priority 255
inline constinit l4::ThreadId test_thread;
inline bool faults_are_expected = false;  // by the running test, of its other threads: not told

inline constexpr Word keep_utcb = ~Word{0};
inline constexpr unsigned default_priority = 100;

// ThreadControl in words; the result is 0 or the error code.
inline Word thread_control(l4::ThreadId dest, l4::ThreadId space, l4::ThreadId scheduler, l4::ThreadId pager,
                           Word utcb = keep_utcb) {
  return l4_thread_control(dest.raw, space.raw, scheduler.raw, pager.raw, utcb) == 1 ? 0 : L4_ErrorCode();
}

inline Word space_control(l4::ThreadId space, l4::Fpage kip, l4::Fpage utcb, l4::ThreadId redirector) {
  Word old;
  return l4_space_control(space.raw, 0, kip.raw, utcb.raw, redirector.raw, &old) == 1 ? 0 : L4_ErrorCode();
}

inline constexpr l4::Fpage kip_area = l4::Fpage::page(runtime::kip_address);
inline constexpr l4::Fpage utcb_area = l4::Fpage::memory(runtime::utcb_address, runtime::utcb_area_order);

inline Word utcb_at(unsigned index) { return reinterpret_cast<Word>(runtime::utcb_location(index)); }

// A slot with an id that nobody has had.
inline Slot& take_slot() {
  for (Slot& slot : slots) {
    if (!slot.id.is_nil()) continue;
    ++generation;
    const Word number = runtime::first_free_thread_number() + static_cast<Word>(&slot - slots);
    slot.id = l4::ThreadId::global(number, generation * 2 + 1);
    slot.finished = false;
    slot.siblings = 1;
    slot.utcb = 1 + static_cast<unsigned>(&slot - slots);
    return slot;
  }
  require(false, "too many threads");
  return slots[0];
}

inline Slot& slot_of(l4::ThreadId id) { return slots[id.number() - runtime::first_free_thread_number()]; }
inline bool finished(l4::ThreadId id) { return slot_of(id).finished; }

// Has all pages of the program mapped, so that what follows faults for its own reasons.
inline void touch_program() {
  extern const char program_low[] asm("program_start"), program_high[] asm("program_end");
  for (const volatile char* p = program_low; p < program_high; p += 4096) (void)*p;
}

inline void sleep_for_ever() {
  for (;;) L4_Sleep(L4_Never);
}

inline void enter_body(Word slot_address) {
  Slot& slot = *reinterpret_cast<Slot*>(slot_address);
  L4_Set_ExceptionHandler(slot.handler);
  slot.body(slot.argument);
  slot.finished = true;
  sleep_for_ever();
}

inline void set_priority(l4::ThreadId id, unsigned priority) {
  require(L4_Set_Priority(id, priority) != 0, "set_priority");
}

// Lets the thread of a slot run `body`.
inline void start(l4::ThreadId id, Body body, Word argument, l4::ThreadId handler) {
  Slot& slot = slot_of(id);
  slot.body = body;
  slot.argument = argument;
  slot.handler = handler;
  const Word sp = runtime::stack_for(enter_body, reinterpret_cast<Word>(&slot), slot.stack);
  L4_Start_SpIp(id, sp, runtime::thread_entry_ip());
}

struct Options {
  unsigned priority = default_priority;
  l4::ThreadId pager = runner;
  l4::ThreadId handler = runner;  // of exceptions
};

// An active thread in the root task's space that has not been started.
inline l4::ThreadId make_thread(Options options = {}) {
  Slot& slot = take_slot();
  const l4::ThreadId self = l4::ThreadId::self();
  require(thread_control(slot.id, self, self, options.pager, utcb_at(slot.utcb)) == 0, "make_thread");
  set_priority(slot.id, options.priority);
  return slot.id;
}
// The same in a space of its own.
inline l4::ThreadId make_task(Options options = {}) {
  Slot& slot = take_slot();
  slot.utcb = 0;
  const l4::ThreadId self = l4::ThreadId::self(), nil = l4::ThreadId::nil();
  require(thread_control(slot.id, slot.id, self, nil) == 0, "make_task: create");
  require(space_control(slot.id, kip_area, utcb_area, l4::ThreadId::any()) == 0, "make_task: areas");
  require(thread_control(slot.id, slot.id, self, options.pager, utcb_at(0)) == 0, "make_task: activate");
  set_priority(slot.id, options.priority);
  return slot.id;
}
// The same in the space of a task.
inline l4::ThreadId make_sibling(l4::ThreadId task, Options options = {}) {
  Slot& slot = take_slot();
  slot.utcb = slot_of(task).siblings++;
  const l4::ThreadId self = l4::ThreadId::self();
  require(thread_control(slot.id, task, self, options.pager, utcb_at(slot.utcb)) == 0, "make_sibling");
  set_priority(slot.id, options.priority);
  return slot.id;
}

inline l4::ThreadId spawn(Body body, Word argument = 0, Options options = {}) {
  const l4::ThreadId id = make_thread(options);
  start(id, body, argument, options.handler);
  return id;
}
inline l4::ThreadId spawn_task(Body body, Word argument = 0, Options options = {}) {
  const l4::ThreadId id = make_task(options);
  start(id, body, argument, options.handler);
  return id;
}
inline l4::ThreadId spawn_sibling(l4::ThreadId task, Body body, Word argument = 0, Options options = {}) {
  const l4::ThreadId id = make_sibling(task, options);
  start(id, body, argument, options.handler);
  return id;
}

template <typename T>
Word address_of(T& object) {
  return reinterpret_cast<Word>(&object);
}
template <typename T>
T& object_at(Word address) {
  return *reinterpret_cast<T*>(address);
}

inline void end_thread(l4::ThreadId id) {
  expect_eq(thread_control(id, l4::ThreadId::nil(), l4::ThreadId::nil(), l4::ThreadId::nil()), 0u);
  slot_of(id).id = l4::ThreadId::nil();
}

// What a thread does: the result of Schedule, L4_SCHEDRESULT_...
inline Word state_of(l4::ThreadId id) {
  Word old;
  return L4_Schedule(id, ~Word{0}, ~Word{0}, ~Word{0}, ~Word{0}, &old);
}

inline Word now() { return L4_SystemClock().raw; }
inline void sleep_us(Word us) { L4_Sleep(L4_TimePeriod(us)); }

// Waits, at most two seconds, while threads of lower priority go on.
template <typename Condition>
bool eventually(Condition holds) {
  for (const Word end = now() + 2'000'000; now() < end; sleep_us(50)) {
    if (holds()) return true;
  }
  return holds();
}
inline bool becomes(l4::ThreadId id, Word state) {
  return eventually([&] { return state_of(id) == state; });
}
inline bool finishes(l4::ThreadId id) {
  return eventually([&] { return finished(id); });
}

}  // namespace guest
