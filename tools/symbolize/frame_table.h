// SPDX-License-Identifier: MIT
// How large the stack frames of a program are at each instruction, from what readelf says of its
// debug information. Programs keep no frame pointers; this is what finds their callers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace symbolize {

using Address = std::uint64_t;

class FrameTable {
 public:
  FrameTable() = default;
  // `text`: the output of readelf --debug-dump=frames-interp.
  explicit FrameTable(const std::string& text);

  // How far above the stack pointer the return address stands while the instruction runs; nothing
  // for code that is not described, or whose frame is not measured from the stack pointer.
  std::optional<Address> return_address_offset(Address ip) const;

 private:
  struct Row {
    Address end;                    // of the function
    std::optional<Address> offset;  // of the return address
  };
  std::map<Address, Row> rows_;     // by the first address that they hold for
};

}  // namespace symbolize
