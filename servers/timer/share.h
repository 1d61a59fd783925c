// SPDX-License-Identifier: MIT
// What one client task has pending: its alarms and its threads that sleep. Pure: it decides who is to
// be told what, and the caller tells them.
#pragma once

#include <mica/task.h>
#include <mica/timer.h>

#include "deadlines.h"

namespace timer {

using mica::Error;
using mica::Result;
using mica::Word;

struct Entry : Deadline {
  enum class Kind : std::uint8_t { none, sleep, alarm } kind = Kind::none;
  mica::TaskId task;
  l4::ThreadId waiter;  // who sleeps, or waits for the alarm; nil: nobody
  Word period = 0;      // of an alarm, 0: it rings once
  Word rung = 0;        // of an alarm, since that was told the last time
  bool over = false;    // an alarm without a period has been told
};

using Pending = Deadlines<64 * mica::Timer::per_task>;

class Share {
 public:
  // The thread asks for something: it does not wait for what it asked for before, and must not get
  // that answer for this one's.
  void awake(Pending& pending, l4::ThreadId thread) {
    for (Entry& entry : entries_) {
      if (entry.waiter != thread) continue;
      if (entry.kind == Entry::Kind::sleep) drop(pending, entry);
      else entry.waiter = l4::ThreadId::nil();
    }
  }

  Result<void> sleep(Pending& pending, mica::TaskId task, l4::ThreadId thread, Word until) {
    Entry* const entry = free_entry();
    if (entry == nullptr) return Error::no_room;
    entry->kind = Entry::Kind::sleep;
    entry->task = task;
    entry->waiter = thread;
    entry->at = until;
    pending.add(*entry);
    return {};
  }

  // The number of the alarm.
  Result<Word> set(Pending& pending, mica::TaskId task, Word at, Word period) {
    Entry* const entry = free_entry();
    if (entry == nullptr) return Error::no_room;
    entry->kind = Entry::Kind::alarm;
    entry->task = task;
    entry->at = at;
    entry->period = period;
    pending.add(*entry);
    return static_cast<Word>(entry - entries_.data());
  }

  // Null if there is no alarm of this number.
  Entry* alarm(Word number) {
    if (number >= entries_.size() || entries_[number].kind != Entry::Kind::alarm) return nullptr;
    return &entries_[number];
  }

  static void drop(Pending& pending, Entry& entry) {
    pending.remove(entry);
    entry = Entry{};
  }
  void drop_all(Pending& pending) {
    for (Entry& entry : entries_) drop(pending, entry);
  }

 private:
  Entry* free_entry() {
    for (Entry& entry : entries_) {
      if (entry.kind == Entry::Kind::none) return &entry;
    }
    return nullptr;
  }

  std::array<Entry, mica::Timer::per_task> entries_{};
};

// An alarm whose time has come: counts the ringing, those that were missed too, and is pending for
// the next.
inline void ring(Pending& pending, Entry& alarm, Word now) {
  pending.remove(alarm);
  if (alarm.period == 0) {
    alarm.rung = 1;
    return;
  }
  const Word times = (now - alarm.at) / alarm.period + 1;
  alarm.rung += times;
  alarm.at += times * alarm.period;
  pending.add(alarm);
}

// What a wait for the alarm gets now; nothing has rung yet: later.
inline Result<Word> take(Entry& alarm) {
  if (alarm.over) return Error::ended;
  if (alarm.rung == 0) return Result<Word>::later();
  const Word times = alarm.rung;
  alarm.rung = 0;
  alarm.over = alarm.period == 0;
  return times;
}

// The longest encodable period that is not longer than `left`: whoever waits for it and then
// asks again is never late by what the encoding cannot express.
constexpr L4_Time_t not_longer(Word left) {
  unsigned e = 0;
  while (left >> e > 1023) ++e;
  if (e > 31) return {.raw = static_cast<L4_Word16_t>(31u << 10 | 1023)};
  if (left == 0) return {.raw = 0x400};
  return {.raw = static_cast<L4_Word16_t>(e << 10 | left >> e)};
}

}  // namespace timer
