// SPDX-License-Identifier: MIT
#include "edu.h"

#include <runtime/io.h>
#include <runtime/program.h>

namespace guest::edu {

namespace {

using runtime::in32;
using runtime::out32;

constexpr std::uint32_t id = 0x11e8'1234;

// Configuration space of PCI bus 0.
unsigned device;
std::uint32_t config(unsigned offset) {
  out32(0xcf8, 0x8000'0000 | device << 11 | offset);
  return in32(0xcfc);
}
void set_config(unsigned offset, std::uint32_t value) {
  out32(0xcf8, 0x8000'0000 | device << 11 | offset);
  out32(0xcfc, value);
}
constexpr unsigned command = 0x04, first_region = 0x10, first_capability = 0x34, interrupt_line = 0x3c;
constexpr std::uint32_t memory_and_master = 6;

// The capability of message-signalled interrupts.
constexpr unsigned msi_id = 5;
constexpr std::uint32_t msi_enable = 1 << 16, msi_64_bits = 1 << 23;
unsigned msi;

// Registers.
constexpr unsigned factorial_register = 0x08, status = 0x20, causes_register = 0x24, raise_register = 0x60,
                   silence_register = 0x64;
constexpr std::uint32_t computing = 1, interrupt_when_done = 0x80;
l4::Word registers;
volatile std::uint32_t& reg(unsigned offset) {
  return *reinterpret_cast<volatile std::uint32_t*>(registers + offset);
}

}  // namespace

bool find() {
  if (registers != 0) return true;
  if (!runtime::claim_ports(0xcf8, 3)) return false;
  for (device = 0; config(0) != id; ++device)
    if (device == 31) return false;
  set_config(command, config(command) | memory_and_master);
  for (msi = config(first_capability) & 0xff; (config(msi) & 0xff) != msi_id; msi = config(msi) >> 8 & 0xff)
    if (msi == 0) return false;
  const l4::Word at = config(first_region) & ~l4::Word{0xf};
  if (!runtime::claim_memory(at, at + 0x1000)) return false;
  registers = at;
  return true;
}

void enable_messages(l4::Word address, l4::Word data) {
  const bool wide = (config(msi) & msi_64_bits) != 0;
  set_config(msi + 4, static_cast<std::uint32_t>(address));
  if (wide) set_config(msi + 8, static_cast<std::uint32_t>(address >> 32));
  set_config(msi + (wide ? 12 : 8), static_cast<std::uint32_t>(data));
  set_config(msi, config(msi) | msi_enable);
}

void disable_messages() { set_config(msi, config(msi) & ~msi_enable); }

unsigned line() { return config(interrupt_line) & 0xff; }

void raise(std::uint32_t causes) { reg(raise_register) = causes; }
std::uint32_t causes() { return reg(causes_register); }
void silence() { reg(silence_register) = ~std::uint32_t{0}; }

void compute_factorial(std::uint32_t n) {
  reg(status) = interrupt_when_done;
  reg(factorial_register) = n;
}
std::uint32_t factorial() {
  while ((reg(status) & computing) != 0) {
  }
  return reg(factorial_register);
}

}  // namespace guest::edu
