// SPDX-License-Identifier: MIT
// A keyboard's codes as characters, and its controller.
#include <doctest/doctest.h>

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <servers/keyboard/i8042.h>
#include <servers/keyboard/keymap.h>

using keyboard::Decoder;
using keyboard::Fault;
using keyboard::I8042;
using keyboard::Keymap;

namespace {

using Codes = std::initializer_list<unsigned>;

// What is typed by these bytes.
struct Typist {
  explicit Typist(Decoder::Set set = Decoder::Set::one) : decoder(set) {}
  std::string feed(Codes codes) {
    std::string text;
    for (const unsigned code : codes) {
      if (const auto event = decoder.feed(static_cast<std::uint8_t>(code))) text += keymap.feed(*event);
    }
    return text;
  }
  Decoder decoder;
  Keymap keymap;
};

// A controller with a keyboard, as a PC has them. Answers come one after the other.
struct Controller {
  bool there = true, tests_well = true, keyboard = true, has_translation = true, answers = true;
  std::uint8_t config = 0x47;  // both interrupts, translation: how firmware may leave it
  bool first_on = true, second_on = true;
  std::deque<std::uint8_t> output;
  std::optional<std::uint8_t> command;
  unsigned pauses = 0;
  std::vector<std::uint8_t> commands;

  std::uint8_t in(std::uint16_t port) {
    if (!there) return 0xff;
    if (port == 0x64) return static_cast<std::uint8_t>(0x14 | (output.empty() ? 0 : 1));
    if (output.empty()) return 0;
    const std::uint8_t byte = output.front();
    output.pop_front();
    return byte;
  }
  void out(std::uint16_t port, std::uint8_t value) {
    if (!there || !answers) return;
    if (port == 0x64) {
      commands.push_back(value);
      command.reset();
      switch (value) {
        case 0x20: output.push_back(config); break;
        case 0x60:
        case 0xd2: command = value; break;
        case 0xa7: config |= 0x20; break;
        case 0xaa: output.push_back(tests_well ? 0x55 : 0xfc), config = 0x47; break;
        case 0xab: output.push_back(0); break;
        case 0xad: config |= 0x10; break;
        case 0xae: config &= static_cast<std::uint8_t>(~0x10); break;
        default: break;
      }
    } else if (command == std::uint8_t{0x60}) {
      config = has_translation ? value : static_cast<std::uint8_t>(value & ~0x40);
      command.reset();
    } else if (command == std::uint8_t{0xd2}) {
      output.push_back(value);
      command.reset();
    } else if (value == 0xff && keyboard) {
      output.push_back(0xfa);
      output.push_back(0xaa);
    }
  }
};

struct Ports {
  Controller* controller;
  std::uint8_t in8(std::uint16_t port) const { return controller->in(port); }
  void out8(std::uint16_t port, std::uint8_t value) const { controller->out(port, value); }
  void pause() const { ++controller->pauses; }
};

}  // namespace

TEST_CASE("keyboard: letters, and what changes them") {
  Typist t;
  CHECK(t.feed({0x1e, 0x9e, 0x30, 0xb0}) == "ab");
  CHECK(t.feed({0x2a, 0x1e, 0x9e, 0xaa, 0x1e}) == "Aa");
  CHECK(t.feed({0x36, 0x02, 0x28, 0xb6, 0x02}) == "!\"1");
  CHECK(t.feed({0x3a, 0xba, 0x1e, 0x02, 0x2a, 0x1e, 0x02, 0xaa}) == "A1a!");  // Caps Lock: letters only
  CHECK(t.feed({0x3a, 0x3a, 0x3a, 0xba, 0x1e}) == "a");                        // it repeats while it is held
  CHECK(t.feed({0x1d, 0x2e, 0x1a, 0x35, 0x0e, 0x9d}) == "\x03\x1b\x1f\b");
  CHECK(t.feed({0x1d, 0x2a, 0x1e, 0x9d, 0xaa}) == "\x01");
  CHECK(t.feed({0x38, 0x21, 0xb8, 0x21}) == "\x1b" "ff");
  CHECK(t.feed({0x2a, 0x36, 0xaa, 0x1e, 0xb6, 0x1e}) == "Aa");  // both shifts, one after the other let go
  CHECK(t.feed({0x39, 0x1c, 0x0e, 0x0f, 0x01, 0x56, 0x2b, 0x29}) == " \r\x7f\t\x1b<\\`");
  CHECK(t.feed({0x2a, 0x0f, 0xaa}) == "\x1b[Z");
}

TEST_CASE("keyboard: every character of ASCII can be typed") {
  std::string all;
  Typist t;
  for (const bool shifted : {false, true}) {
    t.feed({shifted ? 0x2au : 0xaau});
    for (unsigned code = 1; code < 0x3a; ++code) {
      if (code != 0x1d && code != 0x2a && code != 0x36 && code != 0x37 && code != 0x38) all += t.feed({code, code | 0x80});
    }
  }
  for (char c = ' '; c < 0x7f; ++c) {
    CAPTURE(c);
    CHECK(all.find(c) != std::string::npos);
  }
}

TEST_CASE("keyboard: keys without characters") {
  Typist t;
  CHECK(t.feed({0xe0, 0x48, 0xe0, 0xc8, 0xe0, 0x50, 0xe0, 0x4d, 0xe0, 0x4b}) == "\x1b[A\x1b[B\x1b[C\x1b[D");
  CHECK(t.feed({0xe0, 0x47, 0xe0, 0x4f, 0xe0, 0x53, 0xe0, 0x49}) == "\x1b[H\x1b[F\x1b[3~\x1b[5~");
  CHECK(t.feed({0x3b, 0x44, 0x57, 0x58}) == "\x1bOP\x1b[21~\x1b[23~\x1b[24~");
  CHECK(t.feed({0x48, 0x4b, 0x4c, 0x4a, 0x4e, 0x37}) == "\x1b[A\x1b[D-+*");
  CHECK(t.feed({0x45, 0xc5, 0x48, 0x4c, 0x53, 0x2a, 0x48, 0xaa}) == "85.\x1b[A");
  CHECK(t.feed({0xe0, 0x1c, 0xe0, 0x35}) == "\r/");
  CHECK(t.feed({0xe0, 0x2a, 0xe0, 0x53, 0xe0, 0xd3, 0xe0, 0xaa, 0x1e}) == "\x1b[3~a");  // made-up shifts
  CHECK(t.feed({0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5, 0x1e}) == "a");                    // Pause
  CHECK(t.feed({0xfa, 0xfe, 0x00, 0xff, 0x5f, 0xe0, 0x5b, 0x1e}) == "a");              // answers, unknown keys
}

TEST_CASE("keyboard: scancode set 2 is the same keys") {
  Typist t(Decoder::Set::two);
  CHECK(t.feed({0x1c, 0xf0, 0x1c, 0x32, 0xf0, 0x32}) == "ab");
  CHECK(t.feed({0x12, 0x1c, 0xf0, 0x12, 0x1c}) == "Aa");
  CHECK(t.feed({0xe0, 0x75, 0xe0, 0xf0, 0x75, 0xe0, 0x71}) == "\x1b[A\x1b[3~");
  CHECK(t.feed({0xe0, 0x14, 0x21, 0xe0, 0xf0, 0x14, 0x21}) == "\x03" "c");
  CHECK(t.feed({0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77, 0x1c}) == "a");
  CHECK(t.feed({0x05, 0x83, 0x78}) == "\x1bOP\x1b[18~\x1b[23~");
  CHECK(t.feed({0xfa, 0xff, 0x00, 0x84, 0x02, 0x1c}) == "a");
  // Each key of a layout has a code of its own.
  std::string digits;
  for (const unsigned code : {0x45u, 0x16u, 0x1eu, 0x26u, 0x25u, 0x2eu, 0x36u, 0x3du, 0x3eu, 0x46u}) digits += t.feed({code});
  CHECK(digits == "0123456789");
}

TEST_CASE("keyboard controller: it is set up from whatever state") {
  Controller c;
  c.output = {0x1e, 0x9e, 0x1e};  // was typed before
  c.config = 0x77;
  I8042 driver(Ports{&c});
  CHECK(driver.init() == Fault::none);
  CHECK((c.config & 0x73) == 0x61);  // interrupt of the first port only, which is on; the second is off; translation
  CHECK(driver.translates());
  CHECK(c.output.empty());
  CHECK_FALSE(driver.has_byte());
  CHECK_FALSE(driver.take().has_value());
  c.output.push_back(0x1e);
  CHECK(driver.has_byte());
  CHECK(driver.take() == std::uint8_t{0x1e});
  // After a reset the same again.
  c.config = 0;
  CHECK(driver.init() == Fault::none);
  CHECK((c.config & 0x73) == 0x61);
}

TEST_CASE("keyboard controller: a key that nobody has pressed") {
  Controller c;
  I8042 driver(Ports{&c});
  CHECK(driver.init() == Fault::none);
  CHECK(driver.inject(0x1e));
  CHECK(driver.take() == std::uint8_t{0x1e});
  CHECK_FALSE(driver.has_byte());
}

TEST_CASE("keyboard controller: one that does not translate") {
  Controller c;
  c.has_translation = false;
  I8042 driver(Ports{&c});
  CHECK(driver.init() == Fault::none);
  CHECK_FALSE(driver.translates());
}

TEST_CASE("keyboard controller: what is not there ends soon") {
  const auto fault = [](const std::function<void(Controller&)>& spoil) {
    Controller c;
    spoil(c);
    I8042 driver(Ports{&c});
    const Fault result = driver.init();
    CHECK(c.pauses < 25000);
    return result;
  };
  CHECK(fault([](Controller& c) { c.there = false; }) == Fault::no_controller);
  CHECK(fault([](Controller& c) { c.answers = false; }) == Fault::broken_controller);
  CHECK(fault([](Controller& c) { c.tests_well = false; }) == Fault::broken_controller);
  CHECK(fault([](Controller& c) { c.keyboard = false; }) == Fault::no_keyboard);
}
