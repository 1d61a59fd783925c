// SPDX-License-Identifier: MIT
// The periodic interrupt of the PC's real-time clock (MC146818): two ports, one to choose a
// register, one to read or write it. `Ports` has in8 and out8, so that tests can play the device.
#pragma once

#include <cstdint>

namespace metronome {

template <typename Ports>
class ClockChip {
 public:
  static constexpr unsigned beats_per_second = 16;

  explicit constexpr ClockChip(Ports ports) : ports_(ports) {}

  void start() {
    write(register_a, divider_on | rate_16);
    write(register_b, static_cast<std::uint8_t>((read(register_b) & ~all_interrupts) | periodic));
    (void)beat();
  }

  // Has it beaten? The question also lets it interrupt again.
  bool beat() { return (read(register_c) & periodic) != 0; }

 private:
  static constexpr std::uint16_t index = 0x70, data = 0x71;
  static constexpr std::uint8_t register_a = 10, register_b = 11, register_c = 12;
  static constexpr std::uint8_t divider_on = 0x20;
  static constexpr std::uint8_t rate_16 = 12;  // 32,768 >> (12 - 1)
  static constexpr std::uint8_t periodic = 0x40, all_interrupts = 0x70;

  std::uint8_t read(std::uint8_t number) {
    ports_.out8(index, number);
    return ports_.in8(data);
  }
  void write(std::uint8_t number, std::uint8_t value) {
    ports_.out8(index, number);
    ports_.out8(data, value);
  }

  Ports ports_;
};

}  // namespace metronome
