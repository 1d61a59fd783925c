// SPDX-License-Identifier: MIT
// What the boot loader has put into memory for the root server: one module, the archive
// with the manifest and the programs.
#pragma once

#include <optional>

#include <mica/root.h>

#include "archive.h"
#include "manifest.h"

namespace root {

// Finds and checks the archive and the manifest in it. False, and the causes are in the
// log: the system cannot start.
[[nodiscard]] bool read_boot_archive();

const Archive& boot_archive();
const Manifest& boot_manifest();
std::size_t boot_archive_bytes();

// What the boot loader has set up to be seen, if it has.
const std::optional<mica::FramebufferInfo>& boot_framebuffer();

}  // namespace root
