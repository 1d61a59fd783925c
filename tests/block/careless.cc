// SPDX-License-Identifier: MIT
// A driver that ends while its device may access memory, and what becomes of what it had pinned.
#include "check.h"

namespace block_test {

namespace {

using mica::Dataspace;
using mica::Pci;

constexpr Word most = Word{4} << 20;  // more than half of what the pager has

constinit mica::Connection<Dataspace> pinned("pinned");

}  // namespace

int run_careless_driver() {
  constexpr Word vendor = 0x8086, product = 0x7010;
  mica::Connection<Pci> pci("pci");
  for (Word n = 0;; ++n) {
    const auto function = pci.call<Pci::function>(n);
    if (!function) return 1;
    if (function->vendor != vendor || function->product != product) continue;
    const auto handle = pci.call<Pci::claim>(function->address);
    if (!handle || !pci.call<Pci::set_master>(*handle, Word{1}) || !pinned.call<Dataspace::create>(most)) return 1;
    runtime::print("function={}\n", function->address);
    return 0;
  }
}

// Whoever looks at the machine from outside then finds the device silent.
void test_careless() {
  check(mica::call<Root::find>(mica::root_server(), Name("careless")).error() == Error::ended,
        "a driver ends without a word to its device");
  const auto memory = pinned.call<Dataspace::create>(most);
  check(memory.ok(), "what it had pinned is there for others");
  runtime::print("now\n");
  L4_Sleep(L4_TimePeriod(2'000'000));
}

}  // namespace block_test
