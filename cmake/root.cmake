# SPDX-License-Identifier: MIT
# The root server's readers of archives and manifests, which the checker of manifests and the
# unit tests build for the host. The ELF reader is the first stage's: two would be one too many.

set(MICA_ROOT_READERS ${PROJECT_SOURCE_DIR}/ukernel/boot/elf.cc)
foreach(part archive complaint image manifest manifest_rules manifest_words)
  list(APPEND MICA_ROOT_READERS ${PROJECT_SOURCE_DIR}/servers/root/${part}.cc)
endforeach()
