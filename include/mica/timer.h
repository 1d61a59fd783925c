// SPDX-License-Identifier: MIT
// The timer service: a task's threads are woken when a time has come. Times are microseconds
// of the system clock (L4_SystemClock), which begins with the system and never goes back.
//
// A task has `per_task` places for what is pending: its alarms, and its threads that sleep. They
// are its own: what others have pending takes none of them. All of it is forgotten when
// the task ends. Nothing is told before its time; how much later depends on who else wants the
// processor. Common errors beside those named: bad_message, denied, gone.
#pragma once

#include "rpc.h"

namespace mica {

struct Timer {
  static constexpr long id = 0x24;
  static constexpr unsigned per_task = 16;
  static constexpr Word shortest_period = 1000;       // microseconds
  static constexpr Word longest = Word{1} << 60;      // microseconds, of a sleep or a period

  // The time.
  using now = Operation<Timer, 0, Word()>;
  // Comes back after so many microseconds, 0 .. longest. A thread has one sleep: a new one of
  // a thread that has given up its last one takes its place. Errors: bad_argument, no_room (the
  // task's places).
  using sleep = Operation<Timer, 1, void(Word microseconds)>;
  // An alarm for the time `at` and, if the period is not 0, again and again after it. Returns
  // its number, which means something to the caller's task only. Errors: bad_argument (a period
  // that is not 0 and not in shortest_period .. longest; at beyond 2 * longest), no_room.
  using set = Operation<Timer, 2, Word(Word at, Word period)>;
  // Waits until the alarm has rung, and tells how often it has since the last time that
  // was told. One thread waits for an alarm: a second one takes the first one's place, which gets
  // `busy`. Errors: not_found (no such alarm), busy, ended (it was cancelled meanwhile; or it has
  // no period and has told that it rang).
  using wait = Operation<Timer, 3, Word(Word alarm)>;
  // The alarm is no more. Errors: not_found.
  using cancel = Operation<Timer, 4, void(Word alarm)>;

  using Operations = mica::Operations<now, sleep, set, wait, cancel>;
};

}  // namespace mica
