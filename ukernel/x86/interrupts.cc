// SPDX-License-Identifier: MIT
#include "interrupts.h"

#include "init.h"
#include "instructions.h"
#include "paging.h"
#include "panic.h"

namespace mica {

namespace {

constexpr unsigned isa_lines = 16, cascade = 2, clock_line = 0;

constexpr u32 redirection_table = 0x10, version_register = 1;
constexpr u32 active_low = 1 << 13, level = 1 << 15, line_masked = 1 << 16;

// An I/O APIC is reached through a window: one register selects, one transfers.
struct IoApicRegisters {
  u32 select, reserved[3], window;
};

constexpr u8 nowhere = Platform::max_io_apics;

// A pin of an I/O APIC and the low word of its redirection entry, unmasked.
struct Line {
  u32 entry = 0;  // 0: no such pin
  u8 io_apic = nowhere;
  u8 select = 0;  // the register of the low word
};

IoApicRegisters no_registers;  // what is not there is masked and unmasked here
volatile IoApicRegisters* io_apics[Platform::max_io_apics + 1];
Line lines[max_lines + message_interrupts];  // those of messages stay empty
unsigned line_count = isa_lines;
static_assert(max_lines + message_interrupts - 1 == INTERRUPTS_WITH_ENTRY);

inline void write_line(const Line& line, u32 value) {
  volatile IoApicRegisters& registers = *io_apics[line.io_apic];
  registers.select = line.select;
  registers.window = value;
}

}  // namespace

unsigned interrupt_lines() { return line_count; }

bool line_usable(unsigned number) {
  return number < line_count && number != clock_line && number != cascade && lines[number].entry != 0;
}

void mask_line(u64 number) { write_line(lines[number], lines[number].entry | line_masked); }

void unmask_line(u64 number) { write_line(lines[number], lines[number].entry); }

u64 message_of(unsigned interrupt) {
  constexpr u64 local_apics = 0xfee0'0000;
  return (local_apics | u64{platform.cpu_apic_ids[0]} << 12) << 32 | (VECTOR_INTERRUPTS + interrupt);
}

void acknowledge_interrupt() { local_apic(apic::end_of_interrupt) = 0; }

// --- While booting -----------------------------------------------------------------

MICA_INIT static void mask_8259() {
  constexpr u16 command[] = {0x20, 0xa0}, data[] = {0x21, 0xa1};
  constexpr u8 vector[] = {0xe0, 0xe8}, wiring[] = {1 << cascade, cascade};
  for (unsigned i = 0; i < 2; ++i) {
    out8(command[i], 0x11);    // initialise, four words
    out8(data[i], vector[i]);  // where a spurious one would go
    out8(data[i], wiring[i]);
    out8(data[i], 1);          // 8086 mode
    out8(data[i], 0xff);       // all masked
  }
}

MICA_INIT static void start_local_apic(const Platform& machine) {
  constexpr u32 msr_apic_base = 0x1b;
  constexpr u64 x2apic = 1 << 10, enabled = 1 << 11;
  u64 base = read_msr(msr_apic_base);
  if ((base & x2apic) != 0) write_msr(msr_apic_base, base & ~(x2apic | enabled));
  base = (base & ~x2apic) | enabled;
  write_msr(msr_apic_base, base);

  void* const mapped = map_device({machine.local_apic});
  if (mapped != reinterpret_cast<void*>(DEVICE_BASE)) panic("the local APIC is not the first device");

  constexpr u32 nmi = 4 << 8, software_enable = 1 << 8;
  const u32 last_lvt = bits(local_apic(apic::version), 16, 8) & 0xff;
  local_apic(apic::lvt_timer) = apic::masked | VECTOR_TIMER;
  local_apic(apic::lvt_line0) = apic::masked;
  local_apic(apic::lvt_line1) = nmi;
  local_apic(apic::lvt_error) = apic::masked;
  if (last_lvt >= 4) local_apic(apic::lvt_performance) = apic::masked;
  if (last_lvt >= 5) local_apic(apic::lvt_thermal) = apic::masked;
  local_apic(apic::timer_initial) = 0;
  local_apic(apic::task_priority) = 0;
  local_apic(apic::spurious) = software_enable | VECTOR_SPURIOUS;

  // What firmware was serving when it handed over.
  for (unsigned word = 0; word < 8; ++word) {
    const u32 in_service = apic::in_service + word * 0x10;
    for (unsigned n = 0; n < 32 && local_apic(in_service) != 0; ++n) acknowledge_interrupt();
  }
}

// Every line is programmed as level-triggered: it stays masked from an interrupt
// until its handler has acknowledged, and an edge in between would be lost for
// ever, while a device that holds its line, as all do that need service, is heard.
MICA_INIT static u32 line_entry(unsigned number, bool low) {
  return (VECTOR_INTERRUPTS + number) | level | (low ? active_low : 0);
}

MICA_INIT static void connect(unsigned number, u32 gsi, bool low, const Platform& machine, const u8* pins) {
  for (u32 i = 0; i < machine.io_apic_count; ++i) {
    const u32 first = machine.io_apics[i].first_gsi;
    if (gsi < first || gsi >= first + pins[i]) continue;
    lines[number] = {line_entry(number, low), static_cast<u8>(i), static_cast<u8>(redirection_table + 2 * (gsi - first))};
  }
}

MICA_INIT static void start_io_apics(const Platform& machine) {
  u8 pins[Platform::max_io_apics] = {};
  io_apics[nowhere] = &no_registers;
  unsigned end = isa_lines;
  for (u32 i = 0; i < machine.io_apic_count; ++i) {
    volatile IoApicRegisters& registers =
        *static_cast<volatile IoApicRegisters*>(map_device({machine.io_apics[i].base}));
    io_apics[i] = &registers;
    registers.select = version_register;
    pins[i] = static_cast<u8>((bits(registers.window, 16, 8) & 0xff) + 1);
    for (u32 pin = 0; pin < pins[i]; ++pin) {
      registers.select = redirection_table + 2 * pin;
      registers.window = line_masked;
      registers.select = redirection_table + 2 * pin + 1;
      registers.window = machine.cpu_apic_ids[0] << 24;
    }
    const u32 after = machine.io_apics[i].first_gsi + pins[i];
    if (after > end) end = after < max_lines ? after : max_lines;
  }
  line_count = end;

  for (unsigned number = 0; number < line_count; ++number) {
    u32 gsi = number;
    bool low = number >= isa_lines;  // PCI's, when nothing is said
    for (u32 i = 0; i < machine.override_count; ++i) {
      const InterruptOverride& o = machine.overrides[i];
      if (number >= isa_lines || o.irq != number) continue;
      gsi = o.gsi;
      low = (o.flags & 3) == 3;
    }
    connect(number, gsi, low, machine, pins);
  }
}

MICA_INIT void start_interrupt_controllers(const Platform& machine) {
  if (machine.has_pic != 0) mask_8259();
  start_local_apic(machine);
  start_io_apics(machine);
}

}  // namespace mica
