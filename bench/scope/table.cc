// SPDX-License-Identifier: MIT
#include "table.h"

#include <cmath>
#include <cstdarg>
#include <cstdio>

namespace scope {

namespace {

using ull = unsigned long long;

[[gnu::format(printf, 2, 3)]] void print(std::string& out, const char* format, ...) {
  va_list arguments, again;
  va_start(arguments, format);
  va_copy(again, arguments);
  const auto size = static_cast<std::size_t>(std::vsnprintf(nullptr, 0, format, arguments));
  const std::size_t at = out.size();
  out.resize(at + size + 1);  // and its terminator
  std::vsnprintf(out.data() + at, size + 1, format, again);
  out.pop_back();
  va_end(again);
  va_end(arguments);
}

void print_by_side(std::string& out, const char* what, const BySide& n) {
  print(out, "  %-30s %8llu   user %llu, stub %llu, kernel %llu\n", what, ull{n.total()}, ull{n.of[user]},
        ull{n.of[stub]}, ull{n.of[kernel]});
}

void print_distinct(std::string& out, const char* what, const Distinct& n) {
  print(out, "  %-30s %8llu   user %llu, stub %llu, kernel %llu\n", what, ull{n.total()}, ull{n.of(user)},
        ull{n.of(stub)}, ull{n.of(kernel)});
}

void print_level(std::string& out, const Report& report, unsigned level, const Misses& misses) {
  std::string line = level_names[level];
  line.resize(6, ' ');
  for (const Pass* const pass : {&misses.cold, &misses.warm}) {
    const LevelCounts& n = pass->counts[level];
    print(line, "%7llu %7llu %6llu %6llu %6llu %6llu", ull{n.accesses}, ull{n.misses()},
          ull{n.of(Miss::compulsory)}, ull{n.of(Miss::flushed)}, ull{n.of(Miss::capacity)},
          ull{n.of(Miss::conflict)});
    if (pass == &misses.cold) line += "  |";
  }
  out += "  " + line + "   " + describe(report.machine.geometry[level]) + "\n";
}

std::string cycles(const Range& range) {
  std::string text;
  print(text, "%.0f-%.0f", std::floor(range.low), std::ceil(range.high));
  return text;
}

std::uint64_t costly(const Analysis& window, Kind kind) {
  const auto found = window.figures.costly.find(kind);
  return found == window.figures.costly.end() ? 0 : found->second.total();
}

}  // namespace

std::string overview(const Report& report) {
  std::string out;
  print(out, "%-40s %8s %8s %8s   %-9s   %-9s  %6s %6s %5s  %s\n", "window", "instr", "user", "kernel",
        "k lines", "u lines", "cr3", "wrmsr", "fence", "cycles warm, cold (estimate)");
  for (const Analysis& window : report.windows) {
    const Figures& f = window.figures;
    const std::uint64_t fences =
        costly(window, Kind::lfence) + costly(window, Kind::mfence) + costly(window, Kind::sfence);
    const auto lines = [&](Side side) {
      return std::to_string(f.code.virtual_lines.of(side)) + "+" +
             std::to_string(f.data.virtual_lines.of(side));
    };
    const std::uint64_t users = f.instructions.total() - f.instructions.of[kernel];
    print(out, "%-40s %8llu %8llu %8llu   %-9s   %-9s  %6llu %6llu %5llu  %s, %s\n", window.title.c_str(),
          ull{f.instructions.total()}, ull{users}, ull{f.instructions.of[kernel]}, lines(kernel).c_str(),
          lines(user).c_str(), ull{costly(window, Kind::cr3_write)}, ull{costly(window, Kind::msr_write)},
          ull{fences}, cycles(window.warm).c_str(), cycles(window.cold).c_str());
  }
  out += "lines: of 64 bytes, code + data, touched by the kernel and by the users; see docs/microscope.md\n";
  return out;
}

std::string details(const Report& report, const Analysis& window) {
  std::string out = window.title + ": seen " + std::to_string(window.times) + " times";
  const Spread spread = spread_of(window.counts);
  print(out, "; %s: instructions min %llu, median %llu, max %llu (of %zu)\n",
        window.in_loop ? "a round of its loop" : "one time", ull{spread.min}, ull{spread.median},
        ull{spread.max}, window.counts.size());
  if (window.cut) out += "  the window is too long: only its beginning is in these figures\n";
  const Figures& f = window.figures;
  print_by_side(out, "instructions", f.instructions);
  print_distinct(out, "code lines", f.code.virtual_lines);
  print_distinct(out, "code lines, physical", f.code.physical_lines);
  print_distinct(out, "data lines", f.data.virtual_lines);
  print_distinct(out, "data lines, physical", f.data.physical_lines);
  print_distinct(out, "code pages", f.code.virtual_pages);
  print_distinct(out, "code pages, physical", f.code.physical_pages);
  print_distinct(out, "data pages", f.data.virtual_pages);
  print_distinct(out, "data pages, physical", f.data.physical_pages);
  print_by_side(out, "loads", f.loads);
  print_by_side(out, "stores", f.stores);
  print_by_side(out, "bytes loaded", f.load_bytes);
  print_by_side(out, "bytes stored", f.store_bytes);
  if (f.device_accesses.total() != 0) print_by_side(out, "accesses to devices", f.device_accesses);
  for (const auto& [kind, n] : f.costly) print_by_side(out, name_of(kind), n);
  out += "  instructions by symbol:\n";
  for (const SymbolCount& symbol : f.symbols) {
    print(out, "    %8llu %-6s %s\n", ull{symbol.instructions}, side_names[symbol.side], symbol.name.c_str());
  }
  out += "  model       cold: access, misses = compulsory, flushed, capacity, conflict | warm: the same\n";
  for (unsigned level = 0; level < levels; ++level) print_level(out, report, level, window.misses);
  out += "  cycles, estimated: warm " + cycles(window.warm) + ", cold " + cycles(window.cold) + "\n";
  return out;
}

}  // namespace scope
