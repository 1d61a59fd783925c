// SPDX-License-Identifier: MIT
// The keyboard controller of a PC, and the keyboard at its first port. Its second port, of a
// mouse, is switched off. `Ports` has in8, out8, and pause, which lets some 50 microseconds pass.
// Nothing here waits for ever: a controller that is not there, or answers nothing, is an error.
#pragma once

#include <cstdint>
#include <optional>

namespace keyboard {

enum class Fault { none, no_controller, broken_controller, no_keyboard };

constexpr const char* text(Fault fault) {
  switch (fault) {
    case Fault::none: return "no fault";
    case Fault::no_controller: return "there is no controller";
    case Fault::broken_controller: return "the controller does not answer as one";
    case Fault::no_keyboard: return "no keyboard answers";
  }
  return "unknown fault";
}

template <typename Ports>
class I8042 {
 public:
  constexpr explicit I8042(Ports ports = {}) : ports_(ports) {}

  // From whatever state: both ports off, all that was under way thrown away, tests, the keyboard
  // reset, and then its bytes come with interrupts, in scancode set 1 or 2 (translates()).
  [[nodiscard]] Fault init() {
    if (status() == 0xff) return Fault::no_controller;
    if (!command(disable_first) || !command(disable_second)) return Fault::broken_controller;
    drain();
    if (ask(self_test) != self_test_passed) return Fault::broken_controller;
    // The test may have set everything back.
    if (!command(disable_first) || !command(disable_second)) return Fault::broken_controller;
    drain();
    const auto before = ask(read_config);
    if (!before) return Fault::broken_controller;
    const std::uint8_t rest = static_cast<std::uint8_t>(*before & ~(first_interrupt | second_interrupt | first_off));
    if (!set_config(rest | second_off | translate)) return Fault::broken_controller;
    if (ask(test_first) != std::uint8_t{0} || !command(enable_first)) return Fault::broken_controller;
    if (!reset_keyboard()) return Fault::no_keyboard;
    const auto now = ask(read_config);
    if (!now) return Fault::broken_controller;
    translates_ = (*now & translate) != 0;
    if (!set_config(static_cast<std::uint8_t>((*now & ~(first_off | second_interrupt)) | second_off | first_interrupt))) {
      return Fault::broken_controller;
    }
    return Fault::none;
  }

  // Does the controller make set 1 of the keyboard's set 2?
  bool translates() const { return translates_; }

  // Has the controller give this byte as if it were the keyboard's. False: it does not take it.
  [[nodiscard]] bool inject(std::uint8_t byte) const { return command(write_output) && send(byte); }

  // A byte waits, of whichever port.
  bool has_byte() const {
    const std::uint8_t now = status();
    return now != 0xff && (now & output_full) != 0;
  }
  // The byte that waits; nothing if there is none, or it is no key's.
  std::optional<std::uint8_t> take() {
    const std::uint8_t now = status();
    if (now == 0xff || (now & output_full) == 0) return std::nullopt;
    const std::uint8_t byte = ports_.in8(data_port);
    if ((now & of_second) != 0) return std::nullopt;
    return byte;
  }

 private:
  enum : std::uint16_t { data_port = 0x60, status_port = 0x64 };
  enum : std::uint8_t { output_full = 1, input_full = 2, of_second = 0x20 };  // of the status
  enum : std::uint8_t {                                                      // commands
    read_config = 0x20,
    write_config = 0x60,
    disable_second = 0xa7,
    self_test = 0xaa,
    test_first = 0xab,
    disable_first = 0xad,
    enable_first = 0xae,
    write_output = 0xd2,
  };
  enum : std::uint8_t {  // of the configuration
    first_interrupt = 1,
    second_interrupt = 2,
    first_off = 0x10,
    second_off = 0x20,
    translate = 0x40,
  };
  enum : std::uint8_t { self_test_passed = 0x55, keyboard_reset = 0xff, acknowledged = 0xfa, keyboard_passed = 0xaa };
  static constexpr unsigned soon = 2000;      // pauses: 100 ms
  static constexpr unsigned for_test = 20000;  // 1 s, what a keyboard may take to test itself
  static constexpr unsigned most_bytes = 64;  // that can be under way

  std::uint8_t status() const { return ports_.in8(status_port); }

  bool may_send() const {
    for (unsigned n = 0; n < soon; ++n, ports_.pause()) {
      if ((status() & input_full) == 0) return true;
    }
    return false;
  }
  std::optional<std::uint8_t> answer(unsigned pauses = soon) const {
    for (unsigned n = 0; n < pauses; ++n, ports_.pause()) {
      if ((status() & output_full) != 0) return ports_.in8(data_port);
    }
    return std::nullopt;
  }
  bool command(std::uint8_t number) const {
    if (!may_send()) return false;
    ports_.out8(status_port, number);
    return true;
  }
  bool send(std::uint8_t byte) const {
    if (!may_send()) return false;
    ports_.out8(data_port, byte);
    return true;
  }
  std::optional<std::uint8_t> ask(std::uint8_t number) const {
    if (!command(number)) return std::nullopt;
    return answer();
  }
  bool set_config(std::uint8_t value) const { return command(write_config) && send(value); }

  void drain() const {
    for (unsigned n = 0; n < most_bytes && (status() & output_full) != 0; ++n) {
      (void)ports_.in8(data_port);
      ports_.pause();
    }
  }

  // What was typed meanwhile may be before its answers.
  bool reset_keyboard() const {
    if (!send(keyboard_reset)) return false;
    return await(acknowledged, soon) && await(keyboard_passed, for_test);
  }
  bool await(std::uint8_t expected, unsigned pauses) const {
    for (unsigned n = 0; n < most_bytes; ++n) {
      const auto byte = answer(pauses);
      if (!byte) return false;
      if (*byte == expected) return true;
    }
    return false;
  }

  [[no_unique_address]] Ports ports_;
  bool translates_ = false;
};

}  // namespace keyboard
