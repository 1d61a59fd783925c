// SPDX-License-Identifier: MIT
// Commands about devices.
#include <mica/pci.h>

#include "commands.h"
#include "output.h"
#include "tasks.h"

namespace shell {

namespace {

using mica::Pci;
using mica::Word;
using runtime::hex;

const char* class_name(Word class_code) {
  switch (class_code >> 8) {
    case 0x0100: return "SCSI controller";
    case 0x0101: return "IDE controller";
    case 0x0106: return "SATA controller";
    case 0x0108: return "NVMe controller";
    case 0x0200: return "Ethernet";
    case 0x0300: return "VGA display";
    case 0x0380: return "display";
    case 0x0403: return "audio";
    case 0x0600: return "host bridge";
    case 0x0601: return "ISA bridge";
    case 0x0604: return "PCI bridge";
    case 0x0c03: return "USB controller";
    case 0x0c05: return "SMBus";
    default: return "";
  }
}

void put_digits(runtime::Output& out, Word value, unsigned digits) { out.put_number(value, 16, digits); }

void show_regions(runtime::Output& out, l4::ThreadId pci, Word n) {
  for (Word number = 0; number < 6; ++number) {
    const auto region = mica::call<Pci::region>(pci, n, number);
    if (!region || region->bytes == 0) continue;
    runtime::print_to(out, "         {}: {} {}, {} {}\n", number, region->ports != 0 ? "ports" : "memory",
                      hex(region->address), region->bytes < 1024 ? region->bytes : region->bytes / 1024,
                      region->bytes < 1024 ? "bytes" : "KiB");
  }
}

}  // namespace

void show_devices(const Words&) {
  const auto pci = mica::call<mica::Root::find>(mica::root_server(), mica::Name("pci"));
  if (!pci) return say_error("lspci", pci.error());
  runtime::Output out(show);
  for (Word n = 0;; ++n) {
    const auto function = mica::call<Pci::function>(*pci, n);
    if (!function) return;
    put_digits(out, function->address >> 8, 2);
    out.put(':');
    put_digits(out, function->address >> 3 & 0x1f, 2);
    runtime::print_to(out, ".{}  ", function->address & 7);
    put_digits(out, function->vendor, 4);
    out.put(':');
    put_digits(out, function->product, 4);
    runtime::print_to(out, "  {} {}", hex(function->class_code, 6),
                      runtime::left(class_name(function->class_code), 15));
    if (function->line != 0) runtime::print_to(out, "  line {}", function->line);
    if (function->messages != 0) runtime::print_to(out, "  {} messages", function->messages);
    for_each_task([&](const mica::TaskInfo& task) {
      if (task.id.raw == function->driver)
        runtime::print_to(out, "  driver {}", static_cast<const char*>(task.name));
    });
    out.put('\n');
    show_regions(out, *pci, n);
  }
}

}  // namespace shell
