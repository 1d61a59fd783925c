// SPDX-License-Identifier: MIT
// The four ACPI tables a kernel cannot do without: root pointer, MADT (CPUs and
// interrupt controllers), HPET, MCFG. A table that is cut off or has a wrong
// checksum is as good as absent.
#pragma once

#include "physical_memory.h"
#include "platform.h"

namespace mica {

// Is this a root pointer with right checksums? (20 bytes, or its stated length for version 2.)
bool valid_rsdp(Bytes bytes);

// Where BIOS has put the root pointer: in the extended BIOS data area or below 1 MiB; 0 = nowhere.
u64 find_rsdp(const PhysicalMemory& memory);

// Fills in what the tables say: CPUs (the one with `boot_apic_id` first), I/O
// APICs, overrides, local APIC, HPET, MCFG. Without tables: this CPU, the
// architecture's default address and the old interrupt controllers.
void read_acpi(Platform& platform, Bytes rsdp, u32 boot_apic_id, const PhysicalMemory& memory);

}  // namespace mica
