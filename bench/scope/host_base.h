// SPDX-License-Identifier: MIT
// Where guest-physical memory begins among the emulator's own addresses.
//
// The plugin interface tells the physical address of data, but of code only where the
// emulator keeps it. The two differ by a constant, and code that runs at its physical
// address shows it: firmware and boot loaders do, thousands of instructions of them, before
// anything else. So the most frequent difference is the right one.
#pragma once

#include <cstdint>
#include <unordered_map>

namespace scope {

class HostBase {
 public:
  void saw(std::uint64_t host, std::uint64_t address) {
    if (address >> 32 == 0) ++votes_[host - address];
  }

  std::uint64_t base() const {
    std::uint64_t best = 0, most = 0;
    for (const auto& [base, votes] : votes_) {
      if (votes > most) best = base, most = votes;
    }
    return best;
  }

 private:
  std::unordered_map<std::uint64_t, std::uint64_t> votes_;
};

}  // namespace scope
