// SPDX-License-Identifier: MIT
// I/O ports of the running thread: the task state segment holds a copy of one
// space's bitmap, which counts only while a thread of that space runs.
#include "../cpu.h"
#include "descriptors.h"
#include "init.h"
#include <seam.h>

namespace mica {

void switch_ports(Cpu& cpu, const Thread& next) {
  const bool wanted = cpu.io_loaded && next.space == cpu.io_loaded;
  if (wanted == cpu.io_enabled) return;
  cpu.io_enabled = wanted;
  if (wanted) {
    io_bitmap_enable();
  } else {
    io_bitmap_disable();
  }
}

void forget_ports(Cpu& cpu) {
  cpu.io_loaded = nullptr;
  cpu.io_enabled = false;
  io_bitmap_disable();
}

void load_ports(Cpu& cpu, Space& space) {
  if (!space.io_bitmap) return forget_ports(cpu);
  io_bitmap_load(space.io_bitmap);
  cpu.io_loaded = &space;
  cpu.io_enabled = true;
}

void ports_changed(Space& space) {
  if (boot_cpu.io_loaded == &space) forget_ports(boot_cpu);
}

}  // namespace mica
