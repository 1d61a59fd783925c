// SPDX-License-Identifier: MIT
// What `manifest_check` does (main.cc), apart from its being a program.
#pragma once

#include <ostream>
#include <span>
#include <string>

namespace root::host {

// The program's exit status: 0 all is well, 1 something is wrong with the manifest, a program or
// an archive, 2 wrong use or no such file.
int manifest_check(std::span<const std::string> arguments, std::ostream& out, std::ostream& error);

}  // namespace root::host
