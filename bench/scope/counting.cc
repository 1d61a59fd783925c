// SPDX-License-Identifier: MIT
#include "counting.h"

#include <algorithm>

namespace scope {

namespace {

// What lies in two pages is counted as if they were neighbours in memory too.
void add(Places& places, Side side, std::uint64_t address, std::uint64_t physical, unsigned bytes) {
  for (const std::uint64_t line : blocks_of(address, bytes, line_bits)) places.virtual_lines.add(side, line);
  for (const std::uint64_t page : blocks_of(address, bytes, page_bits)) places.virtual_pages.add(side, page);
  if (physical == no_address) return;
  for (const std::uint64_t line : blocks_of(physical, bytes, line_bits))
    places.physical_lines.add(side, line);
  for (const std::uint64_t page : blocks_of(physical, bytes, page_bits))
    places.physical_pages.add(side, page);
}

std::vector<SymbolCount> in_order(const std::map<std::pair<std::string, Side>, std::uint64_t>& counts) {
  std::vector<SymbolCount> order;
  for (const auto& [key, n] : counts) order.push_back({key.first, key.second, n});
  std::stable_sort(order.begin(), order.end(), [](const SymbolCount& a, const SymbolCount& b) {
    return a.instructions > b.instructions;
  });
  return order;
}

}  // namespace

Figures count_figures(const Record& record, std::span<const Event> events, const Symbols& symbols) {
  Figures figures;
  std::map<std::pair<std::string, Side>, std::uint64_t> by_symbol;
  for (const Event& event : events) {
    const Instruction& in = record.instructions[event.instruction];
    if (event.what == Event::execute) {
      ++figures.instructions.of[in.side];
      ++by_symbol[{symbol_of(in, symbols), in.side}];
      if (in.kind != Kind::plain) ++figures.costly[in.kind].of[in.side];
      add(figures.code, in.side, in.address, in.physical, in.size);
      continue;
    }
    if (event.device) {
      ++figures.device_accesses.of[in.side];
      continue;
    }
    const bool load = event.what == Event::load;
    ++(load ? figures.loads : figures.stores).of[in.side];
    (load ? figures.load_bytes : figures.store_bytes).of[in.side] += event.bytes;
    add(figures.data, in.side, event.address, event.physical, event.bytes);
  }
  figures.symbols = in_order(by_symbol);
  return figures;
}

std::string symbol_of(const Instruction& in, const Symbols& symbols) {
  if (in.side == stub) return "system-call stub";
  return symbols.name(in.address);
}

std::string place_of(const Instruction& in, const Symbols& symbols) {
  if (in.side == stub) return symbol_of(in, symbols);
  return symbols.place(in.address);
}

std::vector<std::uint64_t> blocks_of(std::uint64_t address, unsigned bytes, unsigned bits) {
  const std::uint64_t first = address >> bits, last = (address + std::max(bytes, 1u) - 1) >> bits;
  if (first == last) return {first};
  return {first, last};
}

}  // namespace scope
