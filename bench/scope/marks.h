// SPDX-License-Identifier: MIT
// The marks between which is measured, and what is kept of it.
//
// A mark is a long no-op of eight bytes, 0F 1F 84 00 and four bytes of number:
// 0x4d420000 + id opens the window `id`, 0x4d430000 + id closes it (bench/lib/mark.h).
// The mark itself is not measured. Or it is an address: the instruction at `begin` is the
// first one that is measured, the one at `end` the first that is not. If both are the same,
// a window is what lies from one pass to the next.
//
// A mark that opens a window which is open begins it anew. A window belongs to the processor
// that opened it: what others do meanwhile is not seen.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "record.h"

namespace scope {

struct MagicMark {
  std::uint32_t id;
  bool opens;
};
std::optional<MagicMark> magic_mark(std::span<const std::uint8_t> bytes);

class Recorder {
 public:
  static constexpr std::size_t most_events = std::size_t{1} << 24;

  explicit Recorder(Record& record) : record_(record) {}

  void open(unsigned cpu, std::uint32_t id);
  // True: a window was open and is complete.
  bool close(unsigned cpu, std::uint32_t id);

  bool sees(unsigned cpu) const { return open_ && cpu == cpu_; }
  void executed(std::uint32_t instruction);
  void accessed(const Event& event);

 private:
  void add(const Event& event);

  Record& record_;
  bool open_ = false, cut_ = false;
  unsigned cpu_ = 0;
  std::uint32_t id_ = 0;
  std::uint64_t count_ = 0;
  Trace trace_;
};

}  // namespace scope
