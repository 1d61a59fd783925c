// SPDX-License-Identifier: MIT
#include "system_page.h"

#include "memory.h"

namespace root {

namespace {

mica::SystemPage* page = nullptr;
constinit std::array<std::uint32_t, mica::max_tasks + 16> last_versions{};

}  // namespace

bool make_system_page() {
  static_assert(sizeof(mica::SystemPage) <= 0x1000);
  const auto frame = memory.allocate(Frames::page_order, Frames::owners - 1);
  if (!frame) return false;
  page = reinterpret_cast<mica::SystemPage*>(*frame);
  return true;
}

Address system_page() { return reinterpret_cast<Address>(page); }

// A version whose low six bits are zero would make the id a local one.
l4::Word next_version(l4::Word task_index) {
  std::uint32_t& version = last_versions[task_index];
  ++version;
  if ((version & 0x3f) == 0) ++version;
  return version;
}

void set_living_version(l4::Word task_index, l4::Word version) {
  page->versions[task_index] = static_cast<std::uint32_t>(version);
}

}  // namespace root
