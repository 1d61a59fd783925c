// SPDX-License-Identifier: MIT
// The files that the boot loader has put into memory for the root task.
#pragma once

#include <span>
#include <string_view>

#include <ukernel/boot/fixed_vector.h>

namespace root {

struct BootModule {
  std::span<const unsigned char> file;
  std::string_view command_line;

  // The file's name, without its folder.
  std::string_view name() const;
  // Is the word among its arguments?
  bool has_argument(std::string_view word) const;
};

using BootModules = mica::FixedVector<BootModule, 32>;

// Gets the boot information and the modules' memory from sigma0 and lists those
// that are for the root task to start. Empty if there is no boot information.
BootModules find_boot_modules();

}  // namespace root
