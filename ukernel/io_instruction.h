// SPDX-License-Identifier: MIT
// Reading a user's instruction: is it IN, OUT, INS or OUTS, and to which ports?
#pragma once

#include <optional>
#include <span>

#include "space.h"

namespace mica {

struct PortAccess {
  u64 port;
  u64 width;  // in ports: 1, 2 or 4
};

// `rdx` is the thread's RDX, where most forms find the port.
std::optional<PortAccess> decode_port_access(std::span<const u8> code, u64 rdx);

// Reads up to code.size() bytes at `address` as an instruction fetch of the
// space's user would; returns how many there are.
unsigned fetch(Space& space, Address address, std::span<u8> code);

}  // namespace mica
