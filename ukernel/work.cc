// SPDX-License-Identifier: MIT
#include "work.h"

#include "assertion.h"
#include "calls.h"
#include "ipc.h"
#include "message_transfer.h"
#include "scheduler.h"

namespace mica {

Thread* put_off(Cpu& cpu, Thread& t, Work work) {
  MICA_ASSERT(&t == cpu.current && t.work == Work::none);
  t.work = work;
  cpu.stale = true;  // reschedule() has to look at the work
  return reschedule(cpu);
}

Thread* continue_work(Cpu& cpu, Thread& t) {
  MICA_ASSERT(&t == cpu.current && t.runnable());
  const Work work = t.work;
  t.work = Work::none;
  Thread* next = nullptr;
  switch (work) {
    case Work::none:
      return reschedule(cpu);
    case Work::transfer:
      return continue_transfer(cpu, t);
    case Work::unmap:
      next = continue_unmap(cpu, t);
      break;
    case Work::memory_control:
      next = continue_memory_control(cpu, t);
      break;
    case Work::thread_control:
    case Work::rename:
      next = continue_thread_control(cpu, t);
      break;
    case Work::space_control:
      next = continue_space_control(cpu, t);
      break;
    case Work::receive:
      continue_receive(cpu, t);
      t.settle_halt();
      return reschedule(cpu);
  }
  if (t.work != Work::none || (t.stopped & stopped_by::after_work) == 0) return next;
  t.settle_halt();
  dequeue(cpu, t);
  return next == &t ? reschedule(cpu) : next;
}

}  // namespace mica
