// SPDX-License-Identifier: MIT
// Reading firmware's data: every access names a range and is checked, so that a
// wild address in a table gives nothing instead of a fault.
#pragma once

#include <optional>
#include <span>
#include <type_traits>

#include "../types.h"

namespace mica {

using Bytes = std::span<const u8>;

// A little-endian number or a plain struct, wherever it lies; nothing when it is cut off.
template <class T>
  requires std::is_trivially_copyable_v<T>
std::optional<T> load(Bytes bytes, u64 offset) {
  if (offset > bytes.size() || bytes.size() - offset < sizeof(T)) return std::nullopt;
  T value;
  __builtin_memcpy(&value, bytes.data() + offset, sizeof(T));
  return value;
}

// A window on physical memory; in the machine it is the low 4 GiB, in a test an array.
class PhysicalMemory {
 public:
  constexpr PhysicalMemory(u64 first, Bytes bytes) : first_(first), bytes_(bytes) {}

  std::optional<Bytes> read(u64 address, u64 size) const {
    if (address < first_) return std::nullopt;
    const u64 offset = address - first_;
    if (offset > bytes_.size() || bytes_.size() - offset < size) return std::nullopt;
    return bytes_.subspan(offset, size);
  }

  template <class T>
  std::optional<T> read_as(u64 address) const {
    const auto bytes = read(address, sizeof(T));
    return bytes ? load<T>(*bytes, 0) : std::nullopt;
  }

  // A text up to its NUL, at most `limit` bytes.
  std::span<const char> text(u64 address, u64 limit) const {
    if (address < first_ || address - first_ >= bytes_.size()) return {};
    const Bytes rest = bytes_.subspan(address - first_);
    u64 length = 0;
    while (length < limit && length < rest.size() && rest[length] != 0) ++length;
    return {reinterpret_cast<const char*>(rest.data()), length};
  }

 private:
  u64 first_;
  Bytes bytes_;
};

}  // namespace mica
