// SPDX-License-Identifier: MIT
#include "marks.h"

#include <cstring>

#include "rounds.h"

namespace scope {

std::optional<MagicMark> magic_mark(std::span<const std::uint8_t> bytes) {
  constexpr std::uint8_t opcode[] = {0x0f, 0x1f, 0x84, 0x00};
  constexpr std::uint32_t opening = 0x4d42, closing = 0x4d43;
  std::uint32_t number = 0;
  if (bytes.size() != sizeof opcode + sizeof number ||
      std::memcmp(bytes.data(), opcode, sizeof opcode) != 0) {
    return std::nullopt;
  }
  std::memcpy(&number, bytes.data() + sizeof opcode, sizeof number);
  if (number >> 16 != opening && number >> 16 != closing) return std::nullopt;
  return MagicMark{number & 0xffff, number >> 16 == opening};
}

void Recorder::open(unsigned cpu, std::uint32_t id) {
  if (open_ && cpu != cpu_) return;
  open_ = true;
  cut_ = false;
  cpu_ = cpu;
  id_ = id;
  count_ = 0;
  trace_.clear();
}

bool Recorder::close(unsigned cpu, std::uint32_t id) {
  if (!sees(cpu) || id != id_) return false;
  open_ = false;
  Window& window = record_.windows[id];
  window.counts.push_back(count_);
  window.cut = cut_;
  // What lies between two addresses is an iteration; there is no loop to look for.
  Rounds rounds;
  if (id != address_window) rounds = find_rounds(record_.instructions, trace_);
  window.rounds = rounds.counts;
  if (rounds.counts.empty()) rounds.to = trace_.size();
  window.trace.assign(trace_.data() + rounds.from, trace_.data() + rounds.to);
  return true;
}

void Recorder::executed(std::uint32_t instruction) {
  ++count_;
  add({.instruction = instruction});
}

void Recorder::accessed(const Event& event) { add(event); }

void Recorder::add(const Event& event) {
  if (trace_.size() == most_events) cut_ = true;
  else trace_.push_back(event);
}

}  // namespace scope
