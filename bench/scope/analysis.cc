// SPDX-License-Identifier: MIT
#include "analysis.h"

#include <algorithm>

namespace scope {

namespace {

std::string title_of(const Report& report, std::uint32_t id) {
  if (id == address_window) return report.record.begin + " to " + report.record.end;
  std::string title = "window " + std::to_string(id);
  if (const auto row = report.rows.find(id); row != report.rows.end()) title += ": " + row->second;
  return title;
}

}  // namespace

Analysis analyse(const Report& report, std::uint32_t id) {
  const Window& window = report.record.windows.at(id);
  Analysis found;
  found.id = id;
  found.title = title_of(report, id);
  found.times = window.counts.size();
  found.cut = window.cut;
  found.events = window.trace;
  found.in_loop = !window.rounds.empty();
  found.counts = found.in_loop ? window.rounds : window.counts;
  found.figures = count_figures(report.record, found.events, report.symbols);
  found.misses = simulate(report.record, found.events, report.machine);
  found.cold = estimate(found.figures, found.misses.cold.counts);
  found.warm = estimate(found.figures, found.misses.warm.counts);
  return found;
}

std::set<std::uint64_t> shown_addresses(const Report& report) {
  std::set<std::uint64_t> addresses;
  for (const Analysis& window : report.windows) {
    for (const Event& event : window.events) {
      addresses.insert(report.record.instructions[event.instruction].address);
    }
  }
  return addresses;
}

Spread spread_of(std::vector<std::uint64_t> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  return {values.front(), values[values.size() / 2], values.back()};
}

}  // namespace scope
