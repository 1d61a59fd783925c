// SPDX-License-Identifier: MIT
// Source lines of addresses, from the DWARF of images, as binutils' addr2line knows them.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace scope {

// "ipc.cc:42"; nothing for an address that no image has a line for.
using SourceLines = std::map<std::uint64_t, std::string>;

SourceLines source_lines(const std::vector<std::string>& images, const std::set<std::uint64_t>& addresses);

// The part of it that reads addr2line's answer, a line an address in their order.
void add_lines(SourceLines& lines, const std::set<std::uint64_t>& addresses, const std::string& answer);

}  // namespace scope
