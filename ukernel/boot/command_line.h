// SPDX-License-Identifier: MIT
// The first stage's options: words `name=value` on its command line; others are ignored.
//   kmem=SIZE[K|M|G]  memory for the kernel's objects
//   nx=off            do not enforce the execute right
//   fastpath=off      every Ipc takes the kernel's C++ path, for comparisons
#pragma once

#include <optional>
#include <string_view>

#include "../types.h"

namespace mica {

struct BootOptions {
  const char* fault = nullptr;  // an option that cannot be meant
  u64 kernel_memory = 0;        // bytes, 0 = not given
  bool no_execute_off = false;
  bool fast_path_off = false;
};

// A decimal or 0x number with an optional K, M or G; nothing when it is none or too large.
std::optional<u64> parse_size(std::string_view text);

[[nodiscard]] BootOptions parse_options(std::string_view command_line);

// The file name in a module's command line: its first word without folders.
std::string_view module_name(std::string_view command_line);

}  // namespace mica
