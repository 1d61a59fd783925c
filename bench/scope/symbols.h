// SPDX-License-Identifier: MIT
// Names for code addresses, from the output of `nm -C`.
#pragma once

#include <cstdint>
#include <map>
#include <string>

class Symbols {
 public:
  bool read(const std::string& path);

  // The function at or before the address; "?" if there is none near.
  const std::string& name(std::uint64_t address) const;
  // The same with the distance: name+0x10.
  std::string place(std::uint64_t address) const;

 private:
  using Map = std::map<std::uint64_t, std::string>;
  Map::const_iterator at_or_before(std::uint64_t address) const;

  Map names_;
};
