// SPDX-License-Identifier: MIT
#include "paging.h"

#include "../kip.h"
#include "../page_table.h"
#include "../pool.h"
#include "cpu_features.h"
#include "init.h"
#include "instructions.h"
#include "panic.h"

extern "C" {
[[noreturn]] void leave_kernel(mica::Thread* first);
extern mica::u8 kernel_start[], text_start[], text_end[], rodata_start[], rodata_end[], stub_page[],
    stub_end[], data_start[], data_end[], kip_page[], bss_start[], bss_end[], utcb_word[], sealed_start[],
    sealed_end[], kernel_stack_low[], kernel_stack_top[], ist_stacks[], init_start[], init_end[],
    smap_patch[];
}

namespace mica {

bool no_execute_enforced;

namespace {

constexpr unsigned table_entries = 512;
constexpr u64 uncached = entry::cache_disable | entry::write_through;
constexpr u64 tcb_pages = (u64{1} << (THREAD_NUMBER_BITS + TCB_SIZE_BITS)) >> page_bits;
constexpr u64 tcb_tables = tcb_pages / table_entries;
static_assert(KERNEL_BASE + (u64{1} << 30) == TCB_BASE && TCB_BASE + (tcb_pages << page_bits) <= DEVICE_BASE);
static_assert(UTCB_WORD_BASE == STUB_BASE + page_size);

u64* root;             // of the table with nothing but the kernel's half
u64 image_base;        // where the kernel image lies
u64 global;            // flags of a kernel entry, as far as the CPU has them
u64 no_execute;
u64* tcb_directory;    // the level-2 table that covers the TCB array and the devices
u64 no_tcb_page;       // entry that shows the page of zeros
u64 no_tcb_table;      // entry of the table that shows it 512 times

unsigned index_at(u64 address, unsigned level) {
  return static_cast<unsigned>(bits(address, page_bits + 9 * level, 9));
}
u64* table_behind(u64 value) { return static_cast<u64*>(phys_to_virt({value & entry::frame_mask})); }

// The entry that translates an address of the kernel's half, at whatever level; absent or present.
struct Found {
  u64* place;
  unsigned level;
};
Found find(u64 address) {
  u64* table = root;
  for (unsigned level = 3;; --level) {
    u64* const place = table + index_at(address, level);
    if (level == 0 || (*place & entry::present) == 0 || (*place & entry::large) != 0) return {place, level};
    table = table_behind(*place);
  }
}
u64* find_entry(u64 address) { return find(address).place; }

}  // namespace

// --- While booting -----------------------------------------------------------------

MICA_INIT static u64* new_table() {
  void* const table = frame_store.take(0);
  if (!table) panic("no memory for the kernel's page tables");
  fill_words(table, 0, table_entries);
  return static_cast<u64*>(table);
}

// Accessed from the start: entries are compared, so the CPU must not change them.
MICA_INIT static u64 table_entry(const u64* table) {
  return virt_to_phys(table).value | entry::present | entry::writable | entry::accessed;
}

// The table behind an entry, made when missing. Rights are decided by the leaves.
MICA_INIT static u64* descend(u64& place, u64 user) {
  if ((place & entry::present) == 0) place = table_entry(new_table());
  place |= user;
  return table_behind(place);
}

// Maps a page-aligned range with the largest pages that fit.
MICA_INIT static void map_range(u64 address, u64 frame, u64 size, u64 flags) {
  while (size != 0) {
    unsigned level = features.gigabyte_pages ? 2 : 1;
    u64 step = page_size << 9 * level;
    while (((address | frame) & (step - 1)) != 0 || size < step) step = page_size << 9 * --level;
    u64* table = root;
    for (unsigned l = 3; l > level; --l) table = descend(table[index_at(address, l)], flags & entry::user);
    const u64 large = level > 0 ? entry::large : 0;
    table[index_at(address, level)] = frame | flags | entry::present | global | large;
    address += step;
    frame += step;
    size -= step;
  }
}

MICA_INIT static void map_image(const u8* low, const u8* high, u64 flags) {
  map_range(reinterpret_cast<u64>(low), kernel_symbol_phys(low).value, static_cast<u64>(high - low), flags);
}

// What phys_to_virt() is to reach: RAM that users may have, the kernel's own
// objects, and the part of the image that becomes memory after boot. Not the
// image itself, which would be writable through it.
MICA_INIT static bool is_for_physmap(const Platform& machine, u64 address) {
  if (address >= machine.memory_low && address < machine.memory_high) return true;
  const Phys init_low = kernel_symbol_phys(init_start), init_high = kernel_symbol_phys(init_end);
  if (address >= init_low.value && address < init_high.value) return true;
  if (address >= machine.kernel_base && address < machine.kernel_base + machine.kernel_size) return false;
  bool ram = false;
  const unsigned count = static_cast<unsigned>(bits(kip.memory_info, 0, 32));
  for (unsigned i = 0; i < count; ++i) {
    const MemoryDescriptor& d = kip.memory[i];
    if (d.is_virtual() || address < d.low() || address > d.high()) continue;
    ram = d.type() == MemoryDescriptor::Type::conventional || d.type() == MemoryDescriptor::Type::boot_loader;
  }
  return ram;
}

// The first address above `address` at which is_for_physmap() may change.
MICA_INIT static u64 next_boundary(const Platform& machine, u64 address) {
  u64 next = ~u64{0};
  const u64 own[] = {machine.memory_low, machine.memory_high, machine.kernel_base,
                     machine.kernel_base + machine.kernel_size, kernel_symbol_phys(init_start).value,
                     kernel_symbol_phys(init_end).value};
  for (const u64 edge : own) {
    if (edge > address && edge < next) next = edge;
  }
  const unsigned count = static_cast<unsigned>(bits(kip.memory_info, 0, 32));
  for (unsigned i = 0; i < count; ++i) {
    const u64 edges[] = {kip.memory[i].low(), kip.memory[i].high() + 1};
    for (const u64 edge : edges) {
      if (!kip.memory[i].is_virtual() && edge > address && edge < next) next = edge;
    }
  }
  return next;
}

MICA_INIT static void map_ram(const Platform& machine) {
  constexpr u64 limit = u64{1} << 46;
  u64 low = 0;
  while (low < limit) {
    u64 high = next_boundary(machine, low);
    if (!is_for_physmap(machine, low)) {
      low = high;
      continue;
    }
    while (high < limit && is_for_physmap(machine, high)) high = next_boundary(machine, high);
    const u64 first = (low + page_size - 1) & ~(page_size - 1), end = high & ~(page_size - 1);
    if (first < end) map_range(PHYSMAP_BASE + first, first, end - first, entry::writable | no_execute);
    low = high;
  }
}

MICA_INIT static void map_whole_image() {
  const u64 data = entry::writable | no_execute;
  map_image(text_start, text_end, 0);
  map_image(rodata_start, rodata_end, no_execute);
  map_image(data_start, data_end, data);
  map_image(kip_page, kip_page + page_size, data);
  map_image(bss_start, bss_end, data);
  map_image(sealed_start, sealed_end, no_execute);
  map_image(kernel_stack_low, kernel_stack_top, data);
  for (const u8* stack = ist_stacks; stack != ist_stacks + 8 * page_size; stack += 2 * page_size) {
    map_image(stack + page_size, stack + 2 * page_size, data);
  }
  map_image(init_start, init_end, 0);

  // Marked like a device's: the kernel's map of RAM does not reach the image.
  const u64 image_for_users = entry::user | entry::device;
  map_range(STUB_BASE, kernel_symbol_phys(stub_page).value, page_size, image_for_users);
  map_range(UTCB_WORD_BASE, kernel_symbol_phys(utcb_word).value, page_size, image_for_users | no_execute);
}

// Every TCB shows one page of zeros, through one table, until it is backed.
MICA_INIT static void map_tcb_area() {
  no_tcb_page = virt_to_phys(new_table()).value | entry::present | global | no_execute;
  u64* const table = new_table();
  fill_words(table, no_tcb_page, table_entries);
  no_tcb_table = table_entry(table);
  u64* const third = descend(root[index_at(TCB_BASE, 3)], 0);
  tcb_directory = descend(third[index_at(TCB_BASE, 2)], 0);
  fill_words(tcb_directory + index_at(TCB_BASE, 1), no_tcb_table, tcb_tables);
}

// An interrupt in user mode may find AC set, which would switch SMAP off. The
// page of stubs holds breakpoints behind its last instruction.
MICA_INIT static void patch_code() {
  constexpr u8 clac[] = {0x0f, 0x01, 0xca};
  constexpr u64 breakpoints = 0xcccc'cccc'cccc'cccc;
  const u64 rest = page_size - static_cast<u64>(stub_end - stub_page);
  fill_words(phys_to_virt(kernel_symbol_phys(stub_end)), breakpoints, rest / sizeof(u64));
  if (!features.smap) return;
  u8* const code = static_cast<u8*>(phys_to_virt(kernel_symbol_phys(smap_patch)));
  for (unsigned i = 0; i < sizeof clac; ++i) code[i] = clac[i];
}

MICA_INIT void borrow_identity_map() {
  u64* const first_stage_root = reinterpret_cast<u64*>(read_cr3() & entry::frame_mask);
  first_stage_root[index_at(PHYSMAP_BASE, 3)] = first_stage_root[0];
}

MICA_INIT void build_kernel_map(const Platform& machine) {
  image_base = machine.kernel_base;
  global = features.global_pages ? entry::global : 0;
  no_execute = features.no_execute ? entry::no_execute : 0;
  no_execute_enforced = features.no_execute && machine.no_execute_off == 0;
  patch_code();
  root = new_table();
  map_ram(machine);
  map_whole_image();
  map_tcb_area();
  load_kernel_root();
}

MICA_INIT void* map_device(Phys registers) {
  const u64 offset = registers.value & (page_size - 1), frame = registers.value - offset;
  u64 address = DEVICE_BASE;
  for (u64 value; ((value = *find_entry(address)) & entry::present) != 0; address += page_size) {
    if ((value & entry::frame_mask) == frame) return reinterpret_cast<void*>(address + offset);
  }
  map_range(address, frame, page_size, entry::writable | no_execute | uncached);
  return reinterpret_cast<void*>(address + offset);
}

// --- Afterwards --------------------------------------------------------------------

Phys kernel_root_phys() { return virt_to_phys(root); }

void load_kernel_root() { write_cr3(kernel_root_phys().value); }

const u64* kernel_root_entries() { return root + table_entries / 2; }

Phys kernel_symbol_phys(const void* symbol) {
  return {reinterpret_cast<u64>(symbol) - reinterpret_cast<u64>(kernel_start) + image_base};
}

bool physmap_covers(Phys address) {
  return address.value < u64{1} << 46 && (*find_entry(PHYSMAP_BASE + address.value) & entry::present) != 0;
}

void flush_caches() { asm volatile("wbinvd" : : : "memory"); }

u64 page_sizes() { return u64{1} << 12 | u64{1} << 21 | u64{features.gigabyte_pages} << 30; }

unsigned physmap_level(Phys address) {
  return address.value < u64{1} << 46 ? find(PHYSMAP_BASE + address.value).level : 3;
}

bool map_tcb_page(u64 page_index, Phys frame) {
  u64& directory_entry = tcb_directory[index_at(TCB_BASE, 1) + page_index / table_entries];
  if (directory_entry == no_tcb_table) {
    void* const table = frame_store.take(0);
    if (!table) return false;
    fill_words(table, no_tcb_page, table_entries);
    directory_entry = virt_to_phys(table).value | entry::present | entry::writable;
  }
  table_behind(directory_entry)[page_index % table_entries] =
      frame.value | entry::present | entry::writable | global | no_execute;
  invalidate_page(TCB_BASE + (page_index << page_bits));
  return true;
}

Phys unmap_tcb_page(u64 page_index) {
  const u64 directory_entry = tcb_directory[index_at(TCB_BASE, 1) + page_index / table_entries];
  u64& place = table_behind(directory_entry)[page_index % table_entries];
  const Phys frame{place & entry::frame_mask};
  place = no_tcb_page;
  invalidate_page(TCB_BASE + (page_index << page_bits));
  return frame;
}

// Not part of what it releases.
static void release_init_memory() {
  for (const u8* page = init_start; page != init_end; page += page_size) {
    const Address address = reinterpret_cast<Address>(page);
    *find_entry(address) = 0;
    invalidate_page(address);
  }
  // A store that takes no more regions only forgoes the gain.
  (void)frame_store.add(kernel_symbol_phys(init_start), kernel_symbol_phys(init_end));
}

void leave_boot(Thread* first) {
  release_init_memory();
  leave_kernel(first);
}

}  // namespace mica
