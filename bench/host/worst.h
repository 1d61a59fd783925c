// SPDX-License-Identifier: MIT
// The longest stretches without interrupts, as a row.
#pragma once

#include <iosfwd>
#include <optional>
#include <string>

#include "records.h"

namespace bench {

// How long an interrupt may have to wait, in instructions.
inline constexpr unsigned longest_wait = 5500;

// The row worst/interrupts-off/SUITE of what the interrupts-off meter has written
// (bench/scope/waits.h): a sample is the longest stretch of a window. Nothing: the suite has
// no windows. Throws BadRecords if a window has no figure.
std::optional<Record> worst_row(std::istream& waits, const std::string& suite, const Origin& origin);

}  // namespace bench
