// SPDX-License-Identifier: MIT
#include "symbols.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "numbers.h"

namespace scope {

namespace {

constexpr std::uint64_t largest_function = 0x10000;
const std::string unknown = "?";

// The name without parameters: those of the last parentheses that are not in a name, as in
// "(anonymous namespace)::f(int)", with " const" or a clone's "[clone ...]" behind them.
std::string without_parameters(const std::string& name) {
  unsigned angles = 0, depth = 0;
  std::size_t cut = std::string::npos;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '<') ++angles;
    if (name[i] == '>' && angles > 0) --angles;
    if (angles > 0) continue;
    if (name[i] == '(' && depth++ == 0) cut = i;
    if (name[i] == ')' && depth > 0 && --depth == 0 && name.compare(i, 3, ")::") == 0)
      cut = std::string::npos;
  }
  return name.substr(0, cut);
}

// Linker scripts name the bounds of sections, where functions begin as well.
bool is_bound(const std::string& name) { return name.ends_with("_start") || name.ends_with("_end"); }

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
    names_.emplace(address, name);
  }
  return true;
}

Symbols::Map::const_iterator Symbols::at_or_before(std::uint64_t address) const {
  auto after = names_.upper_bound(address);
  if (after == names_.begin()) return names_.end();
  --after;
  if (address - after->first >= largest_function) return names_.end();
  const auto first = names_.lower_bound(after->first), end = names_.upper_bound(after->first);
  const auto function = std::find_if(first, end, [](const auto& entry) { return !is_bound(entry.second); });
  return function != end ? function : first;
}

const std::string& Symbols::name(std::uint64_t address) const {
  const auto found = at_or_before(address);
  return found == names_.end() ? unknown : found->second;
}

std::string Symbols::place(std::uint64_t address) const {
  const auto found = at_or_before(address);
  if (found == names_.end()) return unknown;
  return found->second + "+0x" + hex(address - found->first);
}

std::set<std::uint64_t> Symbols::find(const std::string& name) const {
  std::set<std::uint64_t> exact, plain;
  for (const auto& [address, known] : names_) {
    if (known == name) exact.insert(address);
    if (without_parameters(known) == name) plain.insert(address);
  }
  return exact.empty() ? plain : exact;
}

std::uint64_t resolve(const Symbols& symbols, const std::string& text, std::string& error) {
  error.clear();
  if (text.starts_with("0x") || text.starts_with("0X")) {
    std::size_t used = 0;
    std::uint64_t address = 0;
    try {
      address = std::stoull(text, &used, 16);
    } catch (const std::exception&) {
      used = 0;
    }
    if (used != text.size()) error = "'" + text + "' is no address";
    return address;
  }
  const std::set<std::uint64_t> found = symbols.find(text);
  if (found.size() == 1) return *found.begin();
  if (found.empty()) {
    error = "there is no function '" + text + "'; `nm -C` lists those of an image";
    return 0;
  }
  error = "there are several functions '" + text + "'; give one's address:";
  for (const std::uint64_t address : found) error += " 0x" + hex(address);
  return 0;
}

}  // namespace scope
