// SPDX-License-Identifier: MIT
#include "rounds.h"

#include <unordered_map>

namespace scope {

namespace {

constexpr unsigned least_rounds = 8;  // of something that counts as a loop

// Is this the execution of something that may close the loop? If users execute anything, the
// loop is theirs: one of the kernel's is part of what it does for them. The repetitions of a
// REP instruction are one execution.
class Candidates {
 public:
  Candidates(const std::vector<Instruction>& instructions, const Trace& trace)
      : instructions_(instructions), is_candidate_(trace.size(), false) {
    std::uint64_t previous = no_address;
    for (std::size_t i = trace.size(); i-- > 0;) {
      if (trace[i].what != Event::execute) continue;
      is_candidate_[i] = of(trace[i]).address != previous;
      previous = of(trace[i]).address;
      by_users_ |= of(trace[i]).side == user;
    }
    for (std::size_t i = 0; i < trace.size(); ++i) {
      if (by_users_ && of(trace[i]).side != user) is_candidate_[i] = false;
    }
  }

  bool operator[](std::size_t i) const { return is_candidate_[i]; }

 private:
  const Instruction& of(const Event& event) const { return instructions_[event.instruction]; }

  const std::vector<Instruction>& instructions_;
  std::vector<bool> is_candidate_;
  bool by_users_ = false;
};

// The positions behind each execution of the loop's last instruction; empty: no loop.
std::vector<std::size_t> round_ends(const std::vector<Instruction>& instructions, const Trace& trace) {
  const auto address = [&](std::size_t i) { return instructions[trace[i].instruction].address; };
  const Candidates candidates(instructions, trace);
  std::unordered_map<std::uint64_t, unsigned> times;
  for (std::size_t i = 0; i < trace.size(); ++i) {
    if (candidates[i]) ++times[address(i)];
  }
  for (std::size_t i = trace.size(); i-- > 0;) {
    if (!candidates[i]) continue;
    unsigned& found = times[address(i)];
    if (found < least_rounds) continue;
    std::vector<std::size_t> ends;
    for (std::size_t j = 0; j < trace.size(); ++j) {
      if (!candidates[j] || address(j) != address(i)) continue;
      std::size_t end = j + 1;
      while (end < trace.size() && trace[end].what != Event::execute) ++end;
      ends.push_back(end);
    }
    if (!ends.empty() && ends.back() - ends.front() >= trace.size() / 3) return ends;
    found = 0;  // it is not looked at again
  }
  return {};
}

}  // namespace

Rounds find_rounds(const std::vector<Instruction>& instructions, const Trace& trace) {
  Rounds rounds;
  const std::vector<std::size_t> ends = round_ends(instructions, trace);
  // What lies before the first end is the way into the loop as well.
  for (std::size_t i = 1; i < ends.size(); ++i) {
    std::uint64_t count = 0;
    for (std::size_t j = ends[i - 1]; j < ends[i]; ++j) count += trace[j].what == Event::execute;
    rounds.counts.push_back(count);
  }
  if (ends.empty()) return rounds;
  rounds.from = ends[ends.size() / 2 - 1];
  rounds.to = ends[ends.size() / 2];
  return rounds;
}

}  // namespace scope
