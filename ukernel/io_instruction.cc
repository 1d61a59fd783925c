// SPDX-License-Identifier: MIT
#include "io_instruction.h"

#include <seam.h>

namespace mica {

std::optional<PortAccess> decode_port_access(std::span<const u8> code, u64 rdx) {
  bool short_operand = false;
  for (std::size_t i = 0; i < code.size(); ++i) {
    const u8 byte = code[i];
    const u64 full = short_operand ? 2 : 4;
    switch (byte) {
      case 0x66:
        short_operand = true;
        continue;
      case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65: case 0x67: case 0xf2: case 0xf3:
        continue;
      case 0xe4: case 0xe6:
        if (i + 1 == code.size()) return {};
        return PortAccess{code[i + 1], 1};
      case 0xe5: case 0xe7:
        if (i + 1 == code.size()) return {};
        return PortAccess{code[i + 1], full};
      case 0xec: case 0xee: case 0x6c: case 0x6e:
        return PortAccess{rdx & 0xffff, 1};
      case 0xed: case 0xef: case 0x6d: case 0x6f:
        return PortAccess{rdx & 0xffff, full};
      default:
        if ((byte & 0xf0) == 0x40) continue;  // REX
        return {};
    }
  }
  return {};
}

unsigned fetch(Space& space, Address address, std::span<u8> code) {
  const u8* page = nullptr;
  for (unsigned i = 0; i < code.size(); ++i) {
    const Address at = address + i;
    if (!page || at % page_size == 0) {
      const std::optional<Phys> frame =
          at < user_end ? translate(space, at, Rights{Rights::x}) : std::nullopt;
      if (!frame) return i;
      page = static_cast<const u8*>(phys_to_virt({frame->value & ~(page_size - 1)}));
    }
    code[i] = page[at % page_size];
  }
  return static_cast<unsigned>(code.size());
}

}  // namespace mica
