// SPDX-License-Identifier: MIT
// What the plugin is told on QEMU's command line:
//
//   -plugin libscope.so,record=FILE[,NAME=VALUE]...
//
//   record=FILE       where the record goes, for scope_report
//   waits=FILE        instead of that: how long interrupts are kept away (waits.h)
//   symbols=FILE      output of `nm -C`, for names; may be given several times
//   begin=X, end=X    measure between these, addresses or functions (marks.h)
//   times=N           end the emulator after N windows
//   kernel=LOW[-HIGH] the kernel's addresses; the upper half if not given
//   stub=ADDRESS      a page of user code among them; 0 for none. Mica's if not given
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "record.h"
#include "symbols.h"

namespace scope {

struct PluginOptions {
  std::string record, waits;
  std::string begin_text, end_text;
  std::uint64_t begin = no_address, end = no_address;
  std::uint64_t times = 0;  // 0: no limit
  std::uint64_t kernel_low = std::uint64_t{1} << 63, kernel_high = ~std::uint64_t{0};
  std::uint64_t stub_page = 0xffffffffe0000000;
  Symbols symbols;

  bool has_addresses() const { return begin != no_address; }
  Side side_of(std::uint64_t address) const;
};

// An empty text, or what is wrong with the arguments.
[[nodiscard]] std::string parse(PluginOptions& options, std::span<const std::string> arguments);

}  // namespace scope
