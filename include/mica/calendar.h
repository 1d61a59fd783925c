// SPDX-License-Identifier: MIT
// Dates of the Gregorian calendar, and seconds since the beginning of 1970. No time zones, no
// leap seconds.
#pragma once

#include <cstdint>

namespace mica {

struct DateTime {
  std::uint16_t year = 1970;
  std::uint8_t month = 1, day = 1;  // from 1 on
  std::uint8_t hour = 0, minute = 0, second = 0;
  std::uint8_t weekday = 4;         // 0 Sunday .. 6 Saturday
  constexpr bool operator==(const DateTime&) const = default;
};
static_assert(sizeof(DateTime) == 8);

constexpr bool is_leap_year(unsigned year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

// month 1 .. 12.
constexpr unsigned days_of_month(unsigned year, unsigned month) {
  if (month == 2) return is_leap_year(year) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

// Are month, day and time ones that there are? The weekday does not count.
constexpr bool is_valid(const DateTime& date) {
  return date.month >= 1 && date.month <= 12 && date.day >= 1 && date.day <= days_of_month(date.year, date.month) &&
         date.hour < 24 && date.minute < 60 && date.second < 60;
}

// Days since 1970-01-01 of a valid date from then on.
constexpr std::uint64_t days_since_1970(const DateTime& date) {
  // Of years that begin in March, so that the leap day is a year's last.
  const unsigned year = date.month <= 2 ? date.year - 1u : date.year;
  const unsigned month = (date.month + 9u) % 12;
  return std::uint64_t{365} * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + date.day - 1 - 719468;
}

constexpr std::uint64_t seconds_since_1970(const DateTime& date) {
  return ((days_since_1970(date) * 24 + date.hour) * 60 + date.minute) * 60 + date.second;
}

constexpr unsigned weekday_of(const DateTime& date) { return static_cast<unsigned>((days_since_1970(date) + 4) % 7); }

constexpr const char* weekday_name(unsigned weekday) {
  constexpr const char* names[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
  return names[weekday % 7];
}

}  // namespace mica
