// SPDX-License-Identifier: MIT
// All that is known of a window, for the writers of reports.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "cost_table.h"
#include "source_lines.h"

namespace scope {

struct Analysis {
  std::uint32_t id = 0;
  std::string title;  // "window 3: ipc/oneway", or the marks of the command line
  std::uint64_t times = 0;
  bool cut = false;
  std::span<const Event> events;  // of the iteration
  bool in_loop = false;
  std::vector<std::uint64_t> counts;  // instructions of each round of the loop, or each time
  Figures figures;
  Misses misses;
  Range cold, warm;
};

struct Report {
  std::string suite;
  std::map<std::uint32_t, std::string> rows;  // what the windows measure, if that is known
  Record record;
  Symbols symbols;
  SourceLines lines;
  MachineOptions machine;
  std::vector<Analysis> windows;
};

Analysis analyse(const Report& report, std::uint32_t id);

// The addresses of the code that is shown.
std::set<std::uint64_t> shown_addresses(const Report& report);

// Least, middle and greatest of some numbers.
struct Spread {
  std::uint64_t min = 0, median = 0, max = 0;
};
Spread spread_of(std::vector<std::uint64_t> values);

}  // namespace scope
