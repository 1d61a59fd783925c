// SPDX-License-Identifier: MIT
#include "root_tasks.h"

#include <seam.h>

#include "bookmark.h"
#include "boot/platform.h"
#include "interrupt.h"
#include "kip.h"
#include "lifecycle.h"
#include "scheduler.h"
#include "thread_table.h"

namespace mica {

namespace {

// Where a root server finds its areas (interface sheet, section 18).
constexpr Fpage root_utcb_area = Fpage::memory(0xbf000000, 18);
constexpr Fpage root_kip_area = Fpage::memory(0xbff00000, page_bits);
constexpr u8 root_priority = priorities - 1;

// TCB 0 has an id by which nobody finds it: its number is that of another TCB.
constexpr ThreadId idle_id{u64{1} << 32};

[[gnu::section(".init.text")]] void create_idle_thread(Cpu& cpu) {
  Thread* const t = make_tcb(0);
  if (!t) panic("no memory for the idle thread");
  t->id = idle_id;
  t->state = State::ready;
  t->cr3 = kernel_root_phys().value;
  t->quantum = never;
  cpu.idle = cpu.current = t;
}

[[gnu::section(".init.text")]] Thread* create_root_server(Cpu& cpu, u64 number, const RootServer& image,
                                                           ThreadId pager, ThreadId scheduler) {
  Space* const space = create_space();
  Budget budget = Budget::unlimited();
  if (!space || set_areas(*space, root_kip_area, root_utcb_area, budget) != MapStep::done) panic("no memory for a root server");
  space->privileged = true;
  Thread* const t = create_thread(ThreadId::global(number, 1), *space, scheduler);
  if (!t) panic("no memory for a root server");
  t->utcb_location = root_utcb_area.base();
  if (activate(*t, pager, budget) != CallError::none) panic("no memory for a root server");
  set_priority(cpu, *t, root_priority);
  t->protocol = Protocol::user;
  t->end_wait();
  t->regs.rip = image.ip;
  t->rsp = 0;
  enqueue(cpu, *t);
  return t;
}

}  // namespace

[[gnu::section(".init.text")]] Thread* create_root_tasks(Cpu& cpu, const Platform& platform) {
  init_scheduler(cpu, platform.fast_path_off == 0);
  init_lifecycle();
  create_idle_thread(cpu);
  if (!make_bookmarks()) panic("no memory for the mapping database");
  fill_kip(platform);
  create_interrupt_threads();
  const ThreadId sigma0 = ThreadId::global(user_base(), 1);
  const ThreadId root = ThreadId::global(user_base() + 2, 1);
  Thread* const s0 = create_root_server(cpu, sigma0.number(), kip.sigma0, ThreadId::nil(), root);
  s0->space->sigma0 = true;
  if (kip.sigma1.ip) create_root_server(cpu, user_base() + 1, kip.sigma1, sigma0, root);
  create_root_server(cpu, root.number(), kip.root_task, sigma0, root);
  return reschedule(cpu);
}

}  // namespace mica
