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
  switch (work) {
    case Work::none:
      break;
    case Work::transfer:
      return continue_transfer(cpu, t);
    case Work::unmap:
      return continue_unmap(cpu, t);
    case Work::memory_control:
      return continue_memory_control(cpu, t);
    case Work::receive:
      receive_phase(cpu, t);
      break;
  }
  return reschedule(cpu);
}

}  // namespace mica
