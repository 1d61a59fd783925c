// SPDX-License-Identifier: MIT
// Names for code addresses, from the output of `nm -C`, and addresses for names.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace scope {

class Symbols {
 public:
  // Adds what the file has; false if there is no such file.
  bool read(const std::string& path);

  // The function at or before the address; "?" if there is none near.
  const std::string& name(std::uint64_t address) const;
  // The same with the distance: name+0x10.
  std::string place(std::uint64_t address) const;

  // The addresses of the functions of that name, with or without its parameters.
  std::set<std::uint64_t> find(const std::string& name) const;

 private:
  using Map = std::multimap<std::uint64_t, std::string>;
  Map::const_iterator at_or_before(std::uint64_t address) const;

  Map names_;
};

// The address that a text means: 0x and digits, or the name of a function. On failure
// `error` says what is wrong.
std::uint64_t resolve(const Symbols& symbols, const std::string& text, std::string& error);

}  // namespace scope
