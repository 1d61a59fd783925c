// SPDX-License-Identifier: MIT
#include "boot.h"

#include <l4/bootinfo.h>
#include <runtime/program.h>

#include "log.h"

namespace root {

namespace {

constinit Archive archive;
constinit Manifest manifest;
constinit Complaints complaints;

// The record of Mica's own first stage (docs/manual/abi.md).
constexpr Word framebuffer_record = 0x202;
struct FramebufferRecord {
  L4_BootRec_t head;
  mica::FramebufferInfo info;
};

constinit std::optional<mica::FramebufferInfo> framebuffer;

// The boot information; null if there is none that is known.
const void* boot_info() {
  const Word address = L4_BootInfo(nullptr);
  if (address == 0 || !runtime::claim_memory(address, address + sizeof(L4_BootHeader_t))) return nullptr;
  const void* const info = reinterpret_cast<const void*>(address);
  if (!L4_BootInfo_Valid(info) || !runtime::claim_memory(address, address + L4_BootInfo_Size(info))) return nullptr;
  return info;
}

// The first module behind sigma0 and the root task; and where the screen is.
std::span<const unsigned char> read_records() {
  const void* const info = boot_info();
  if (info == nullptr) return {};
  std::span<const unsigned char> archive_module;
  const L4_BootRec_t* record = L4_BootInfo_FirstEntry(info);
  unsigned modules = 0;
  for (Word i = 0; i < L4_BootInfo_Entries(info); ++i, record = L4_BootRec_Next(record)) {
    if (L4_BootRec_Type(record) == framebuffer_record) {
      framebuffer = reinterpret_cast<const FramebufferRecord*>(record)->info;
    }
    if (L4_BootRec_Type(record) != L4_BootInfo_Module || modules++ != 2) continue;
    const Word start = L4_Module_Start(record), size = L4_Module_Size(record);
    if (!runtime::claim_memory(start, start + size)) return {};
    archive_module = {reinterpret_cast<const unsigned char*>(start), size};
  }
  return archive_module;
}

}  // namespace

bool read_boot_archive() {
  archive = Archive(read_records());
  if (archive.bytes().empty()) {
    report("root: there is no boot archive: the first module must be one\n");
    return false;
  }
  if (const char* const fault = archive.check()) {
    report("root: {}\n", fault);
    return false;
  }
  const auto file = archive.find("manifest");
  if (!file) {
    report("root: the boot archive has no file 'manifest'\n");
    return false;
  }
  parse_manifest({reinterpret_cast<const char*>(file->data.data()), file->data.size()}, manifest, complaints);
  for (const Complaint& complaint : complaints) report("manifest:{}: {}\n", complaint.line, complaint.text);
  return complaints.empty();
}

const Archive& boot_archive() { return archive; }
const Manifest& boot_manifest() { return manifest; }
const std::optional<mica::FramebufferInfo>& boot_framebuffer() { return framebuffer; }
std::size_t boot_archive_bytes() { return archive.bytes().size(); }

}  // namespace root
