// SPDX-License-Identifier: MIT
// Circular lists of threads through a Link of theirs: those who wait to send to a
// thread, the ready ones of a priority, those of a space. A list is known by its
// first thread, null when it is empty.
#pragma once

#include "thread.h"

namespace mica {

// Puts a thread that is in no such list behind all others.
template <Link Thread::*link>
[[gnu::always_inline]] inline void append(Thread*& head, Thread& t) {
  if (!head) {
    t.*link = {&t, &t};
    head = &t;
    return;
  }
  t.*link = {head, (head->*link).prev};
  ((head->*link).prev->*link).next = &t;
  (head->*link).prev = &t;
}

// Takes a thread out of the list that it is in.
template <Link Thread::*link>
[[gnu::always_inline]] inline void take_out(Thread*& head, Thread& t) {
  if ((t.*link).next == &t) {
    head = nullptr;
  } else {
    ((t.*link).next->*link).prev = (t.*link).prev;
    ((t.*link).prev->*link).next = (t.*link).next;
    if (head == &t) head = (t.*link).next;
  }
  t.*link = {};
}

}  // namespace mica
