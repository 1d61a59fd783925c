// SPDX-License-Identifier: MIT
// The 16550 at a port: its registers and how it is set up. `Ports` has in8, and out8 with the byte that
// was written as its result.
#pragma once

#include <cstdint>

namespace serial {

template <typename Ports>
class Uart {
 public:
  static constexpr unsigned fifo_bytes = 16;

  constexpr Uart(Ports ports, std::uint16_t base) : ports_(ports), base_(base) {}

  // Is there one? Its scratch register keeps what is written.
  bool present() const {
    for (const std::uint8_t probe : {std::uint8_t{0x5a}, std::uint8_t{0xa5}}) {
      write(scratch, probe);
      if (read(scratch) != probe) return false;
    }
    return true;
  }

  // 115200 baud, 8 bits, FIFOs, an interrupt for each character received.
  void init() const {
    write(interrupt_enable, 0);
    // What an earlier driver has acknowledged may still be on its way: it gets its time, and stays
    // in the FIFO if that was not enough.
    for (unsigned n = 0; n < most_looks && (read(line_status) & transmitter_idle) == 0; ++n) {
    }
    write(line_control, divisor_access);
    write(data, 1);
    write(interrupt_enable, 0);
    write(line_control, eight_bits);
    write(fifo_control, 0x03);          // enabled, what was received cleared, at the first character
    write(modem_control, 0x0b);         // ready, and the interrupt line connected
    // What came before the set-up is not for anybody.
    for (unsigned i = 0; i < 2 * fifo_bytes && readable(); ++i) (void)read(data);
    want_interrupts(false);
  }

  // On received characters always; on an empty transmitter only while there is text left.
  void want_interrupts(bool transmit) const { write(interrupt_enable, transmit ? 3 : 1); }
  // Takes notice of the interrupt: reading the cause withdraws it.
  void acknowledge() const { (void)read(fifo_control); }

  // 0xff is what a port without device says.
  bool readable() const {
    const std::uint8_t status = read(line_status);
    return status != 0xff && (status & 1) != 0;
  }
  char receive() const { return static_cast<char>(read(data)); }
  // All that was sent has left the FIFO.
  bool can_send() const { return (read(line_status) & 0x20) != 0; }
  // What has gone out; something else if it went elsewhere. Its place is loaded once more: one
  // instruction that is wrong makes one of them wrong.
  char send(char c) const {
    const auto sent = ports_.send8(base_, static_cast<std::uint8_t>(c));
    const std::uint16_t place = *static_cast<const volatile std::uint16_t*>(&base_);
    return static_cast<char>(sent.value ^ (sent.port - place));
  }

 private:
  enum : std::uint16_t {
    data = 0,
    interrupt_enable = 1,
    fifo_control = 2,
    line_control = 3,
    modem_control = 4,
    line_status = 5,
    scratch = 7,
  };
  static constexpr std::uint8_t divisor_access = 0x80, eight_bits = 3;
  static constexpr std::uint8_t transmitter_idle = 0x40;  // of the line status
  static constexpr unsigned most_looks = 10'000;          // a FIFO at 115200 baud has gone long before

  std::uint8_t read(std::uint16_t n) const { return ports_.in8(static_cast<std::uint16_t>(base_ + n)); }
  void write(std::uint16_t n, std::uint8_t value) const { ports_.out8(static_cast<std::uint16_t>(base_ + n), value); }

  Ports ports_;
  std::uint16_t base_;
};

}  // namespace serial
