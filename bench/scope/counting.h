// SPDX-License-Identifier: MIT
// What one iteration did, counted.
#pragma once

#include <array>
#include <map>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "record.h"
#include "symbols.h"

namespace scope {

inline constexpr unsigned line_bits = 6, page_bits = 12;

// A number for each side.
struct BySide {
  std::array<std::uint64_t, sides> of = {};
  std::uint64_t total() const { return of[user] + of[stub] + of[kernel]; }
};

// Different lines or pages: of each side, and of all, as two sides may touch the same.
class Distinct {
 public:
  void add(Side side, std::uint64_t place) {
    by_side_[side].insert(place);
    all_.insert(place);
  }
  std::uint64_t of(Side side) const { return by_side_[side].size(); }
  std::uint64_t total() const { return all_.size(); }

 private:
  std::unordered_set<std::uint64_t> by_side_[sides], all_;
};

struct Places {
  Distinct virtual_lines, virtual_pages, physical_lines, physical_pages;
};

struct SymbolCount {
  std::string name;
  Side side = user;
  std::uint64_t instructions = 0;
};

struct Figures {
  BySide instructions;
  std::vector<SymbolCount> symbols;  // the most frequent first
  Places code, data;
  BySide loads, stores, load_bytes, store_bytes, device_accesses;
  std::map<Kind, BySide> costly;
};

Figures count_figures(const Record& record, std::span<const Event> events, const Symbols& symbols);

// The function's name in reports; code without a name is called after its side.
std::string symbol_of(const Instruction& instruction, const Symbols& symbols);
std::string place_of(const Instruction& instruction, const Symbols& symbols);

// The blocks of 2^bits bytes in which something lies: one, or two if it crosses a border.
std::vector<std::uint64_t> blocks_of(std::uint64_t address, unsigned bytes, unsigned bits);

}  // namespace scope
