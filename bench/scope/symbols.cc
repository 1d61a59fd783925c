// SPDX-License-Identifier: MIT
#include "symbols.h"

#include <cstdio>
#include <fstream>
#include <sstream>

namespace {
constexpr std::uint64_t largest_function = 0x10000;
const std::string unknown = "?";
}  // namespace

bool Symbols::read(const std::string& path) {
  std::ifstream file(path);
  if (!file) return false;
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::uint64_t address = 0;
    char kind = 0;
    if (!(words >> std::hex >> address >> kind)) continue;  // an undefined symbol has no address
    if (kind != 'T' && kind != 't' && kind != 'W' && kind != 'w') continue;
    std::string name;
    std::getline(words >> std::ws, name);
    // Of several names for one address the first is as good as any.
    names_.emplace(address, name);
  }
  return true;
}

Symbols::Map::const_iterator Symbols::at_or_before(std::uint64_t address) const {
  auto after = names_.upper_bound(address);
  if (after == names_.begin()) return names_.end();
  --after;
  return address - after->first < largest_function ? after : names_.end();
}

const std::string& Symbols::name(std::uint64_t address) const {
  const auto found = at_or_before(address);
  return found == names_.end() ? unknown : found->second;
}

std::string Symbols::place(std::uint64_t address) const {
  const auto found = at_or_before(address);
  if (found == names_.end()) return unknown;
  char distance[24];
  const unsigned long long bytes = address - found->first;
  std::snprintf(distance, sizeof distance, "+0x%llx", bytes);
  return found->second + distance;
}
