// SPDX-License-Identifier: MIT
// I/O ports of the running thread: the task state segment holds a copy of one
// space's bitmap. It counts from the first IN or OUT that faults until another
// thread runs, which keeps it out of the fast path's way.
#include "../cpu.h"
#include "descriptors.h"
#include "init.h"
#include <seam.h>

namespace mica {

void disable_ports(Cpu& cpu) {
  cpu.io_enabled = false;
  io_bitmap_disable();
}

void forget_ports(Cpu& cpu) {
  cpu.io_loaded = nullptr;
  disable_ports(cpu);
}

void load_ports(Cpu& cpu, Space& space) {
  if (!space.io_bitmap) return forget_ports(cpu);
  if (cpu.io_loaded == &space)
    io_bitmap_enable();
  else
    io_bitmap_load(space.io_bitmap);
  cpu.io_loaded = &space;
  cpu.io_enabled = true;
}

void ports_changed(Space& space) {
  if (boot_cpu.io_loaded != &space) return;
  forget_ports(boot_cpu);
  boot_cpu.stale = true;
}

}  // namespace mica
