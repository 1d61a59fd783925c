# SPDX-License-Identifier: MIT
# The parts of the first stage that touch no hardware; the unit tests build them for the host.

set(MICA_BOOT_PURE_SOURCES)
foreach(part acpi boot_info command_line elf fill_kip font memory_map multiboot placement)
  list(APPEND MICA_BOOT_PURE_SOURCES ${PROJECT_SOURCE_DIR}/ukernel/boot/${part}.cc)
endforeach()
