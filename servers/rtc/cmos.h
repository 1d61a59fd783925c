// SPDX-License-Identifier: MIT
// The clock of a PC, an MC146818 or what behaves like one: registers behind an index port.
// `Ports` has in8, out8, and pause, which lets some 250 microseconds pass.
//
// Once a second it updates its registers for up to 2 ms, which it announces 244 us before. A
// reading counts if none is announced before it and a second one is the same.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include <mica/calendar.h>

namespace rtc {

// What the registers say, in their own form.
struct Registers {
  std::uint8_t second, minute, hour, day, month, year, century, mode;
  constexpr bool operator==(const Registers&) const = default;
};

// Bits of `mode`, register B.
inline constexpr std::uint8_t mode_24_hours = 2, mode_binary = 4;
// Bit of an hour in the other mode.
inline constexpr std::uint8_t afternoon = 0x80;

// Nothing if they hold no date. A century that cannot be one is left out of account: the register
// is not of every machine. Then years from 70 on are those of the last century.
constexpr std::optional<mica::DateTime> decode(const Registers& raw) {
  bool valid = true;
  const auto number = [&](std::uint8_t value) -> unsigned {
    if ((raw.mode & mode_binary) != 0) return value;
    valid = valid && (value & 0xf) <= 9 && value >> 4 <= 9;
    return 10u * (value >> 4) + (value & 0xf);
  };
  mica::DateTime date;
  date.second = static_cast<std::uint8_t>(number(raw.second));
  date.minute = static_cast<std::uint8_t>(number(raw.minute));
  date.day = static_cast<std::uint8_t>(number(raw.day));
  date.month = static_cast<std::uint8_t>(number(raw.month));
  const unsigned year = number(raw.year);
  if ((raw.mode & mode_24_hours) != 0) {
    date.hour = static_cast<std::uint8_t>(number(raw.hour));
  } else {
    const unsigned hour = number(raw.hour & static_cast<std::uint8_t>(~afternoon));
    valid = valid && hour >= 1 && hour <= 12;
    date.hour = static_cast<std::uint8_t>(hour % 12 + ((raw.hour & afternoon) != 0 ? 12 : 0));
  }
  if (!valid || year > 99) return std::nullopt;
  const unsigned century = number(raw.century);
  const bool plausible = valid && (century >= 20 ? century <= 21 : century == 19 && year >= 70);
  date.year = static_cast<std::uint16_t>(year + (plausible ? 100 * century : year >= 70 ? 1900u : 2000u));
  if (!mica::is_valid(date)) return std::nullopt;
  date.weekday = static_cast<std::uint8_t>(mica::weekday_of(date));
  return date;
}

template <typename Ports>
class Cmos {
 public:
  constexpr explicit Cmos(Ports ports = {}, std::uint16_t index_port = 0x70) : ports_(ports), index_(index_port) {}

  // Is there a clock? A port without device says 0xff, which registers B and D cannot.
  bool present() {
    return read(status_b) != 0xff && read(status_d) != 0xff;
  }

  // Nothing if there is no clock, if it is always about to update itself, or shows no date.
  std::optional<mica::DateTime> now() {
    if (!present()) return std::nullopt;
    for (unsigned tries = 0; tries < most_tries; ++tries) {
      const std::optional<Registers> first = quiet_registers();
      if (!first) return std::nullopt;
      const std::optional<Registers> second = quiet_registers();
      if (!second) return std::nullopt;
      if (*first == *second) return decode(*first);
    }
    return std::nullopt;
  }

  // Sets the clock and how it counts, whatever was set before; a valid date from 1970 on. False: there
  // is no clock.
  bool set(const mica::DateTime& date) {
    if (read(status_d) == 0xff) return false;
    const auto put = [this](std::uint8_t n, unsigned value) { write(n, static_cast<std::uint8_t>(value / 10 << 4 | value % 10)); };
    write(status_b, stopped | mode_24_hours);
    write(status_a, counting);
    put(seconds, date.second);
    put(minutes, date.minute);
    put(hours, date.hour);
    put(weekday, mica::weekday_of(date) + 1);
    put(day, date.day);
    put(month, date.month);
    put(year, date.year % 100u);
    put(century, date.year / 100u);
    write(status_b, mode_24_hours);
    return true;
  }

 private:
  enum : std::uint8_t {
    seconds = 0,
    minutes = 2,
    hours = 4,
    weekday = 6,
    day = 7,
    month = 8,
    year = 9,
    status_a = 0xa,
    status_b = 0xb,
    status_d = 0xd,
    century = 0x32,
  };
  static constexpr std::uint8_t updating = 0x80, counting = 0x26;  // of register A: 32 kHz, the usual rate
  static constexpr std::uint8_t stopped = 0x80;                   // of register B
  static constexpr unsigned most_tries = 8;
  static constexpr unsigned most_pauses = 40;  // 10 ms, five times what an update takes

  std::uint8_t read(std::uint8_t n) {
    ports_.out8(index_, n);
    return ports_.in8(static_cast<std::uint16_t>(index_ + 1));
  }

  void write(std::uint8_t n, std::uint8_t value) {
    ports_.out8(index_, n);
    ports_.out8(static_cast<std::uint16_t>(index_ + 1), value);
  }

  std::optional<Registers> quiet_registers() {
    for (unsigned n = 0; n < most_pauses; ++n, ports_.pause()) {
      if ((read(status_a) & updating) != 0) continue;
      return Registers{read(seconds), read(minutes), read(hours), read(day),
                       read(month),   read(year),    read(century), read(status_b)};
    }
    return std::nullopt;
  }

  [[no_unique_address]] Ports ports_;
  std::uint16_t index_;
};

}  // namespace rtc
