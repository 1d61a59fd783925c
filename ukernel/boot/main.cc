// SPDX-License-Identifier: MIT
// The first stage. It owns the machine from the boot loader's jump until the
// kernel's entry point: reads what firmware and loader say, puts the kernel,
// sigma0 and the root task where they belong, fills the kernel interface page
// and is gone; its memory is then ordinary memory. It trusts the boot loader's
// information to be honest, and nothing in the modules.

#include "acpi.h"
#include "boot_info.h"
#include "command_line.h"
#include "console.h"
#include "copy.h"
#include "fill_kip.h"
#include "multiboot.h"
#include "paging.h"
#include "placement.h"

extern "C" {
extern mica::u8 first_stage_begin[], first_stage_end[];
[[noreturn]] void enter_kernel(mica::u64 entry, mica::u64 platform, mica::u64 top_table);
[[noreturn]] void first_stage(mica::u32 magic, mica::u32 info, mica::u64 tsc);
}

namespace mica {

namespace {

// Large, so not on the stack.
LoaderInfo loader;
Platform platform;
ElfImage programs[first_free_module];

// All of the low 4 GiB is mapped one to one. The compiler must not see that the
// address is 0: to it that is no object.
u8* at(u64 address) {
  asm("" : "+r"(address));
  return reinterpret_cast<u8*>(address);
}

Bytes bytes_at(Range range) { return {at(range.low), range.size()}; }

struct CpuidResult {
  u32 eax, ebx, ecx, edx;
};

CpuidResult cpuid(u32 leaf, u32 subleaf = 0) {
  CpuidResult r{};
  asm volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
  return r;
}

u32 own_apic_id() {
  if (cpuid(0).eax >= 0xb) {
    const CpuidResult topology = cpuid(0xb);
    if (topology.ebx != 0) return topology.edx;
  }
  return cpuid(1).ebx >> 24;
}

bool has_no_execute() { return (cpuid(0x80000001).edx & 1 << 20) != 0; }

[[noreturn]] void stop_for_module(unsigned index, const char* cause) {
  static constexpr std::string_view roles[] = {"kernel", "sigma0", "root task"};
  const char digits[] = {static_cast<char>('0' + index / 10), static_cast<char>('0' + index % 10)};
  const std::string_view number = index < 10 ? std::string_view{digits + 1, 1} : std::string_view{digits, 2};
  const std::string_view role = index < std::size(roles) ? roles[index] : "further module";
  const std::string_view name =
      index < loader.modules.size() ? module_name(loader.modules[index].command_line) : "";
  stop({"module ", number, " (", role, name.empty() ? "" : ", ", name, "): ", cause});
}

void read_programs() {
  for (unsigned i = 0; i < first_free_module; ++i) {
    if (i >= loader.modules.size())
      stop_for_module(i, "missing (give the kernel, sigma0, the root task, others)");
    programs[i] = read_elf(bytes_at(loader.modules[i].place));
    if (!programs[i].ok()) stop_for_module(i, programs[i].fault);
  }
}

void move_modules(const Placement& placement) {
  for (std::size_t i = 0; i < loader.modules.size(); ++i) {
    const Range from = loader.modules[i].place, to = placement.modules[i];
    if (from.low != to.low) copy_bytes(at(to.low), at(from.low), from.size());
  }
}

// Loads an image so that virtual (or physical) address `link_base` lands at `load_base`.
void load_image(const ElfImage& image, const u8* file, u64 Segment::* address, u64 link_base, u64 load_base) {
  // Pages that a segment fills only partly must not show old memory.
  for (const Segment& segment : image.segments) {
    const u64 start = segment.*address - link_base + load_base, end = start + segment.memory_size;
    const Range pages = Range{start, end}.pages_around();
    clear_bytes(at(pages.low), start - pages.low);
    clear_bytes(at(end), pages.high - end);
  }
  for (const Segment& segment : image.segments) {
    u8* const to = at(segment.*address - link_base + load_base);
    copy_bytes(to, file + segment.file_offset, segment.file_size);
    clear_bytes(to + segment.file_size, segment.memory_size - segment.file_size);
  }
}

void load_programs(const Placement& placement) {
  for (const unsigned i : {sigma0_module, root_module}) {
    load_image(programs[i], at(placement.modules[i].low), &Segment::physical_address, 0, 0);
  }
  const u64 link_base = programs[kernel_module].virtual_span().pages_around().low;
  load_image(programs[kernel_module], at(placement.modules[kernel_module].low), &Segment::virtual_address,
             link_base, placement.kernel_base);
}

void write_boot_info(const Placement& placement, u64 rsdp_address, Bytes rsdp, u64 tsc) {
  BootInfoWriter writer({at(placement.boot_info.low), placement.boot_info.size()}, placement.boot_info.low);
  for (std::size_t i = sigma0_module; i < placement.modules.size(); ++i) {
    const Range place = i < first_free_module ? programs[i].physical_span() : placement.modules[i];
    writer.add_module(place.low, place.size(), loader.modules[i].command_line);
  }
  if (!rsdp.empty()) platform.rsdp = writer.add_rsdp(rsdp_address, rsdp);
  if (loader.framebuffer.base != 0) writer.add_framebuffer(loader.framebuffer);
  writer.add_start_time(tsc);
  writer.finish();
}

void fill_platform(const Placement& placement, const BootOptions& options, u64 tsc) {
  platform.magic = Platform::expected_magic;
  platform.kernel_base = placement.kernel_base;
  platform.kernel_size = placement.kernel_size;
  platform.memory_low = placement.kernel_memory.low;
  platform.memory_high = placement.kernel_memory.high;
  platform.boot_tsc = tsc;
  platform.no_execute_off = options.no_execute_off ? 1 : 0;
  platform.fast_path_off = options.fast_path_off ? 1 : 0;
  platform.framebuffer = loader.framebuffer;
}

}  // namespace

}  // namespace mica

void first_stage(mica::u32 magic, mica::u32 info, mica::u64 tsc) {
  using namespace mica;
  const PhysicalMemory memory{0, {at(0), four_gib}};
  read_multiboot(loader, magic, info, memory);
  set_screen(loader.framebuffer);
  if (loader.fault != nullptr) stop({loader.fault});
  const BootOptions options = parse_options(loader.command_line);
  if (options.fault != nullptr) stop({options.fault});
  read_programs();

  const MemoryMap map = normalise(loader.regions.view());
  const Range own{reinterpret_cast<u64>(first_stage_begin), reinterpret_cast<u64>(first_stage_end)};
  const PlacementRequest request{map, loader.modules.view(), programs[kernel_module], programs[sigma0_module],
                                 programs[root_module], own, options.kernel_memory};
  const Placement placement = place_all(request);
  if (placement.fault != nullptr) {
    if (placement.faulty_module == Placement::no_module) stop({placement.fault});
    stop_for_module(static_cast<unsigned>(placement.faulty_module), placement.fault);
  }

  // ACPI's tables are read before anything is overwritten.
  const u64 rsdp_address = loader.rsdp_length != 0 ? 0 : find_rsdp(memory);
  const Bytes rsdp = rsdp_address != 0 ? *memory.read(rsdp_address, LoaderInfo::rsdp_size)
                                       : Bytes{loader.rsdp}.first(loader.rsdp_length);
  read_acpi(platform, rsdp, own_apic_id(), memory);

  move_modules(placement);
  load_programs(placement);
  Kip* const page = find_kip({at(placement.kernel_base), placement.kernel_size});
  if (page == nullptr) stop_for_module(kernel_module, "no kernel interface page in it");
  fill_kip(*page, request, placement);
  write_boot_info(placement, rsdp_address, rsdp, tsc);
  fill_platform(placement, options, tsc);
  if (!map_kernel(programs[kernel_module], placement.kernel_base, has_no_execute())) {
    stop_for_module(kernel_module, "larger than the first stage can map");
  }
  enter_kernel(programs[kernel_module].entry, reinterpret_cast<u64>(&platform), top_table_address());
}
