// SPDX-License-Identifier: MIT
// I/O ports, for programs that have the right to them (an I/O flexpage); without
// it the instruction becomes an I/O fault to the thread's pager.
#pragma once

#include <cstdint>

namespace runtime {

inline constexpr std::uint16_t serial_port = 0x3f8;     // the first 16550
inline constexpr std::uint16_t debug_exit_port = 0xf4;  // QEMU's isa-debug-exit

inline void out8(std::uint16_t port, std::uint8_t value) {
  asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

// The same, and what the registers had when the device got it, for who wants to be sure.
struct Sent {
  std::uint16_t port;
  std::uint8_t value;
};
inline Sent send8(std::uint16_t port, std::uint8_t value) {
  asm volatile("outb %0, %1" : "+a"(value), "+d"(port));
  return {port, value};
}

inline std::uint8_t in8(std::uint16_t port) {
  std::uint8_t value;
  asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

inline void out32(std::uint16_t port, std::uint32_t value) {
  asm volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

inline std::uint32_t in32(std::uint16_t port) {
  std::uint32_t value;
  asm volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

// The ports of the machine, for a driver that is written for any kind of ports.
struct MachinePorts {
  std::uint8_t in8(std::uint16_t port) const { return runtime::in8(port); }
  void out8(std::uint16_t port, std::uint8_t value) const { runtime::out8(port, value); }
  Sent send8(std::uint16_t port, std::uint8_t value) const { return runtime::send8(port, value); }
};

// Ends the emulator; its exit status is value * 2 + 1.
[[noreturn]] void debug_exit(std::uint8_t value);

}  // namespace runtime
