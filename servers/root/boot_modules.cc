// SPDX-License-Identifier: MIT
#include "boot_modules.h"

#include <l4/bootinfo.h>
#include <runtime/program.h>

namespace root {

namespace {

// The first words of the command line, up to a space.
std::string_view next_word(std::string_view& rest) {
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  std::size_t length = 0;
  while (length < rest.size() && rest[length] != ' ') ++length;
  const std::string_view word(rest.data(), length);
  rest.remove_prefix(length);
  return word;
}

}  // namespace

std::string_view BootModule::name() const {
  std::string_view rest = command_line;
  std::string_view word = next_word(rest);
  for (std::size_t i = word.size(); i > 0; --i) {
    if (word[i - 1] == '/') return {word.data() + i, word.size() - i};
  }
  return word;
}

bool BootModule::has_argument(std::string_view word) const {
  std::string_view rest = command_line;
  next_word(rest);
  while (!rest.empty()) {
    if (next_word(rest) == word) return true;
  }
  return false;
}

BootModules find_boot_modules() {
  BootModules modules;
  const l4::Word address = L4_BootInfo(nullptr);
  if (address == 0 || !runtime::claim_memory(address, address + sizeof(L4_BootHeader_t))) return modules;
  const void* const info = reinterpret_cast<const void*>(address);
  if (!L4_BootInfo_Valid(info)) return modules;
  if (!runtime::claim_memory(address, address + L4_BootInfo_Size(info))) return modules;

  const L4_BootRec_t* record = L4_BootInfo_FirstEntry(info);
  unsigned ignored = 2;  // sigma0 and the root task are recorded first, and run already
  for (l4::Word i = 0; i < L4_BootInfo_Entries(info); ++i, record = L4_BootRec_Next(record)) {
    if (L4_BootRec_Type(record) != L4_BootInfo_Module) continue;
    if (ignored > 0) {
      --ignored;
      continue;
    }
    const l4::Word start = L4_Module_Start(record), size = L4_Module_Size(record);
    const BootModule module{{reinterpret_cast<const unsigned char*>(start), size}, L4_Module_Cmdline(record)};
    if (!runtime::claim_memory(start, start + size)) {
      runtime::print("root: {}: its memory belongs to somebody else\n", module.name());
    } else if (!modules.push(module)) {
      runtime::print("root: {}: too many modules\n", module.name());
    }
  }
  return modules;
}

}  // namespace root
