// SPDX-License-Identifier: MIT
// Dates, and the registers of the clock of a PC.
#include <doctest/doctest.h>

#include <map>

#include <servers/rtc/cmos.h>

using mica::DateTime;
using rtc::Registers;

namespace {

constexpr std::uint8_t bcd_24 = rtc::mode_24_hours, binary_24 = rtc::mode_24_hours | rtc::mode_binary;

// A clock whose registers change when its time has come.
struct Clock {
  std::map<std::uint8_t, std::uint8_t> registers{
      {0, 0x59}, {2, 0x59}, {4, 0x23}, {7, 0x31}, {8, 0x12}, {9, 0x25}, {0x32, 0x20}, {0xa, 0x26}, {0xb, bcd_24}, {0xd, 0x80}};
  std::uint8_t index = 0;
  unsigned pauses = 0, accesses = 0;
  unsigned updating_until = 0;     // pauses
  unsigned second_passes_at = ~0u;  // accesses: right between two registers
};

struct Ports {
  Clock* clock;
  void out8(std::uint16_t port, std::uint8_t value) const {
    if (port == 0x70) {
      clock->index = value;
      return;
    }
    CHECK(port == 0x71);
    // Registers of the time are not written while it goes on.
    if (clock->index != 0xb) CHECK((clock->registers[0xb] & 0x80) != 0);
    clock->registers[clock->index] = value;
  }
  std::uint8_t in8(std::uint16_t port) const {
    CHECK(port == 0x71);
    if (++clock->accesses == clock->second_passes_at) {
      for (const auto& [n, value] : std::map<std::uint8_t, std::uint8_t>{{0, 0}, {2, 0}, {4, 0}, {7, 1}, {8, 1}, {9, 0x26}})
        clock->registers[n] = value;
    }
    if (!clock->registers.contains(clock->index)) return 0xff;
    std::uint8_t value = clock->registers[clock->index];
    if (clock->index == 0xa && clock->pauses < clock->updating_until) value |= 0x80;
    return value;
  }
  void pause() const { ++clock->pauses; }
};

Registers plain(std::uint8_t mode = binary_24) { return {5, 4, 3, 2, 1, 26, 20, mode}; }

}  // namespace

TEST_CASE("calendar: days and seconds since 1970") {
  CHECK(mica::days_since_1970({1970, 1, 1}) == 0);
  CHECK(mica::days_since_1970({2000, 2, 29}) == 11016);
  CHECK(mica::days_since_1970({2000, 3, 1}) == 11017);
  CHECK(mica::seconds_since_1970({2026, 1, 1, 0, 0, 0}) == 1767225600);
  CHECK(mica::seconds_since_1970({2038, 1, 19, 3, 14, 7}) == 0x7fffffff);
  CHECK(mica::weekday_of({1970, 1, 1}) == 4);
  CHECK(mica::weekday_of({2024, 2, 29}) == 4);
  // Each day is the one after the day before.
  std::uint64_t days = 0;
  for (unsigned year = 1970; year < 2200; ++year) {
    for (unsigned month = 1; month <= 12; ++month) {
      for (unsigned day = 1; day <= mica::days_of_month(year, month); ++day, ++days) {
        REQUIRE(mica::days_since_1970({static_cast<std::uint16_t>(year), static_cast<std::uint8_t>(month),
                                       static_cast<std::uint8_t>(day)}) == days);
      }
    }
  }
}

TEST_CASE("rtc: BCD and binary, 24 hours and 12") {
  CHECK(*rtc::decode(plain()) == DateTime{2026, 1, 2, 3, 4, 5, 5});
  CHECK(*rtc::decode({0x59, 0x58, 0x23, 0x31, 0x12, 0x99, 0x20, bcd_24}) == DateTime{2099, 12, 31, 23, 58, 59, 4});
  const auto hour = [](std::uint8_t value, std::uint8_t mode) {
    Registers raw = plain(mode);
    if (mode == 0) raw.year = 0x26, raw.century = 0x20;
    raw.hour = value;
    const auto date = rtc::decode(raw);
    return date ? date->hour : 99;
  };
  CHECK(hour(0x12, 0) == 0);
  CHECK(hour(0x01, 0) == 1);
  CHECK(hour(0x11, 0) == 11);
  CHECK(hour(0x92, 0) == 12);
  CHECK(hour(0x81, 0) == 13);
  CHECK(hour(0x91, 0) == 23);
  CHECK(hour(0x8b, rtc::mode_binary) == 23);
  CHECK(hour(0x00, 0) == 99);
  CHECK(hour(0x13, 0) == 99);
  CHECK(hour(24, binary_24) == 99);
}

TEST_CASE("rtc: a century that cannot be one does not count") {
  const auto year = [](std::uint8_t century, std::uint8_t in_century, std::uint8_t mode) {
    Registers raw = plain(mode);
    raw.century = century;
    raw.year = in_century;
    const auto date = rtc::decode(raw);
    return date ? date->year : 0;
  };
  CHECK(year(0x20, 0x26, bcd_24) == 2026);
  CHECK(year(0x21, 0x26, bcd_24) == 2126);
  CHECK(year(0x19, 0x99, bcd_24) == 1999);
  CHECK(year(0x19, 0x26, bcd_24) == 2026);  // set by who knows of no centuries
  CHECK(year(0x00, 0x26, bcd_24) == 2026);
  CHECK(year(0x00, 0x70, bcd_24) == 1970);
  CHECK(year(0xff, 0x26, bcd_24) == 2026);
  CHECK(year(0x7f, 0x69, bcd_24) == 2069);
  CHECK(year(20, 26, binary_24) == 2026);
  CHECK(year(0x20, 26, binary_24) == 2026);
}

TEST_CASE("rtc: registers that are no date") {
  for (std::size_t n = 0; n < 6; ++n) {
    Registers raw{0, 0, 0, 1, 1, 0x26, 0x20, bcd_24};
    reinterpret_cast<std::uint8_t*>(&raw)[n] = 0x5f;
    CAPTURE(n);
    CHECK_FALSE(rtc::decode(raw).has_value());
  }
  CHECK_FALSE(rtc::decode({0, 0, 0, 0x29, 0x02, 0x25, 0x20, bcd_24}).has_value());
  CHECK(rtc::decode({0, 0, 0, 0x29, 0x02, 0x24, 0x20, bcd_24}).has_value());
  CHECK_FALSE(rtc::decode({0, 0, 0, 0, 1, 0x25, 0x20, bcd_24}).has_value());
  CHECK_FALSE(rtc::decode({0, 0x60, 0, 1, 1, 0x25, 0x20, bcd_24}).has_value());
}

TEST_CASE("rtc: a second that passes while the registers are read is not seen in parts") {
  for (unsigned at = 1; at < 40; ++at) {
    Clock clock;
    clock.second_passes_at = at;
    const auto date = rtc::Cmos(Ports{&clock}).now();
    CAPTURE(at);
    REQUIRE(date.has_value());
    const bool before = *date == DateTime{2025, 12, 31, 23, 59, 59, 3};
    CHECK((before || *date == DateTime{2026, 1, 1, 0, 0, 0, 4}));
  }
}

TEST_CASE("rtc: an update is waited for, but not for ever") {
  Clock clock;
  clock.updating_until = 8;
  CHECK(rtc::Cmos(Ports{&clock}).now().has_value());
  CHECK(clock.pauses == 8);
  clock.updating_until = ~0u;
  clock.pauses = 0;
  CHECK_FALSE(rtc::Cmos(Ports{&clock}).now().has_value());
  CHECK(clock.pauses == 40);
}

TEST_CASE("rtc: no clock") {
  Clock clock;
  clock.registers.clear();
  CHECK_FALSE(rtc::Cmos(Ports{&clock}).now().has_value());
  CHECK(clock.pauses == 0);
}

TEST_CASE("rtc: it is set, whatever state it is in") {
  Clock clock;
  for (auto& [n, value] : clock.registers) {
    if (n != 0xd) value = 0xff;
  }
  rtc::Cmos driver(Ports{&clock});
  CHECK_FALSE(driver.now().has_value());
  CHECK(driver.set({2024, 2, 29, 23, 5, 9, 0}));
  CHECK(driver.now() == DateTime{2024, 2, 29, 23, 5, 9, 4});
  CHECK(clock.registers[6] == 5);                            // counted from 1 on
  CHECK((clock.registers[0xb] & 0x80) == 0);                 // it goes on
  CHECK((clock.registers[0xa] & 0x70) == 0x20);              // at the right speed
  CHECK(driver.set({1999, 12, 31, 0, 0, 0, 0}));
  CHECK(driver.now() == DateTime{1999, 12, 31, 0, 0, 0, 5});
  Clock none;
  none.registers.clear();
  CHECK_FALSE(rtc::Cmos(Ports{&none}).set({2024, 2, 29}));
}
