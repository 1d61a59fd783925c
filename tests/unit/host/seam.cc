// SPDX-License-Identifier: MIT
// What a harness of its own may replace is a weak symbol here.
#include "seam.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <unordered_map>

#include "abi.h"
#include "assertion.h"
#include "page_table.h"
#include "mapping.h"
#include "pool.h"

#define MICA_WEAK __attribute__((weak))

namespace mica {

bool no_execute_enforced = true;

namespace {

constexpr u64 tcb_bytes = max_threads << TCB_SIZE_BITS;

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::abort();
}

// RAM is a file without a name, so that a frame can appear at two addresses.
int ram_file() {
  static const int file = [] {
    const int fd = memfd_create("ram", 0);
    if (fd < 0 || ftruncate(fd, static_cast<off_t>(host::ram_size)) != 0) fail("memfd");
    return fd;
  }();
  return file;
}

u8* map_ram() {
  constexpr u64 alignment = u64{2} << 20;
  void* const room = mmap(nullptr, host::ram_size + alignment, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) fail("mmap");
  const u64 start = (reinterpret_cast<u64>(room) + alignment - 1) & ~(alignment - 1);
  void* const ram = mmap(reinterpret_cast<void*>(start), host::ram_size, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_FIXED, ram_file(), 0);
  if (ram == MAP_FAILED) fail("mmap");
  return static_cast<u8*>(ram);
}

// Absent TCBs read as zero; writing one is a crash.
void* map_zero_tcbs(void* where, u64 size) {
  const int place = where ? MAP_FIXED : 0;
  void* const tcbs = mmap(where, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | place, -1, 0);
  if (tcbs == MAP_FAILED) fail("mmap");
  return tcbs;
}

u8* tcb_page(u64 page_index) { return reinterpret_cast<u8*>(host::tcbs) + page_index * page_size; }

std::unordered_map<u64, Phys> tcb_frames;
const u64* loaded_root = nullptr;
struct Translation {
  u64 entry;       // as it was walked
  unsigned shift;  // log2 of the page's size in small ones
};
std::unordered_map<u64, Translation> translations;  // by page

// The CPU's own walk, written apart from the kernel's.
u64* walk(const u64* root, u64 page, unsigned& size) {
  const u64* table = root;
  size = 0;
  for (unsigned shift = 27; shift > 0; shift -= 9) {
    const u64 entry = table[page >> shift & 511];
    if (shift != 27 && (entry & entry::large) != 0) {
      size = shift;
      return const_cast<u64*>(&table[page >> shift & 511]);
    }
    if ((entry & (entry::present | entry::user | entry::writable)) != 7) return nullptr;
    table = static_cast<const u64*>(phys_to_virt({entry & entry::frame_mask}));
  }
  return const_cast<u64*>(&table[page & 511]);
}

bool allows(u64 entry, bool write, bool execute) {
  return (entry & entry::present) != 0 && (entry & entry::user) != 0 &&
         (!write || (entry & entry::writable) != 0) && (!execute || (entry & entry::no_execute) == 0);
}

}  // namespace

namespace host {

u8* const arena = map_ram();
Thread* const tcbs = static_cast<Thread*>(map_zero_tcbs(nullptr, tcb_bytes));
u64 page_invalidations, full_invalidations;
Ticks clock;
u64 ports_changes;
bool calls_are_traced;
Phys owned_low, owned_high;
unsigned largest_level;
unsigned lines = 24;

void reset(u64 kernel_memory) {
  frame_store = FrameStore{};
  frame_store.add(kernel_memory_low, kernel_memory_low + kernel_memory);
  for (const auto& [page, frame] : tcb_frames) map_zero_tcbs(tcb_page(page), page_size);
  tcb_frames.clear();
  translations.clear();
  loaded_root = nullptr;
  page_invalidations = full_invalidations = ports_changes = 0;
  calls_are_traced = false;
  clock = 0;
  owned_low = owned_high = {};
  largest_level = 2;
  no_execute_enforced = true;
}

void load_root(const u64* root) {
  loaded_root = root;
  translations.clear();
}

bool access(Address address, bool write, bool execute) {
  const u64 page = address >> page_bits;
  if (!loaded_root || page >= u64{1} << 35) return false;
  const u64 needed = entry::accessed | (write ? entry::dirty : 0);
  const auto known = translations.find(page);
  if (known != translations.end() && allows(known->second.entry, write, execute) &&
      (known->second.entry & needed) == needed) {
    return true;
  }
  unsigned shift;
  u64* const entry = walk(loaded_root, page, shift);
  if (!entry || !allows(*entry, write, execute)) {
    translations.erase(page);  // as a fault does
    return false;
  }
  *entry |= needed;
  translations[page] = {*entry, shift};
  return true;
}

u64 stale_translations() {
  u64 stale = 0;
  for (const auto& [page, known] : translations) {
    unsigned shift;
    const u64* const entry = walk(loaded_root, page, shift);
    const u64 now = entry ? *entry : 0, old = known.entry;
    constexpr u64 may_not_vanish = entry::present | entry::writable | entry::accessed | entry::dirty;
    const bool fine = shift == known.shift && (now & entry::frame_mask) == (old & entry::frame_mask) &&
                      (old & may_not_vanish & ~now) == 0 &&
                      (now & entry::no_execute) == (old & entry::no_execute & now);
    if (!fine) ++stale;
  }
  return stale;
}

}  // namespace host

bool map_tcb_page(u64 page_index, Phys frame) {
  void* const page = mmap(tcb_page(page_index), page_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
                          ram_file(), static_cast<off_t>(frame.value));
  if (page == MAP_FAILED) return false;
  tcb_frames[page_index] = frame;
  return true;
}

Phys unmap_tcb_page(u64 page_index) {
  map_zero_tcbs(tcb_page(page_index), page_size);
  const Phys frame = tcb_frames.at(page_index);
  tcb_frames.erase(page_index);
  return frame;
}

void invalidate_page(Address address) {
  ++host::page_invalidations;
  const u64 page = address >> page_bits;
  translations.erase(page);
  // Of a large page all pieces go.
  std::erase_if(translations, [&](const auto& item) {
    return item.second.shift != 0 && item.first >> item.second.shift == page >> item.second.shift;
  });
}

void invalidate_all() {
  ++host::full_invalidations;
  translations.clear();
}

bool is_loaded(const u64* root) { return root == loaded_root; }
void load_kernel_root() { host::load_root(nullptr); }

const u64* kernel_root_entries() {
  static u64 entries[256];
  for (u64 i = 0; i < 256; ++i) entries[i] = (i + 1) << 48 | (i + 1) << page_bits | 3;
  return entries;
}

Phys physical_end() { return {u64{1} << 47}; }

namespace {
bool owns_any(Phys low, Phys high) {
  return high > physical_end() || frame_store.owns_any(low, high) ||
         (high > host::owned_low && low < host::owned_high);
}
}  // namespace

bool kernel_owns(Phys frame) { return owns_any(frame, frame + page_size); }
bool is_trace_block(Phys frame) {
  return frame.value % (page_size << 9) == 0 && is_one_block(frame, 1) && physmap_covers(frame);
}
bool is_one_block(Phys frame, unsigned level) {
  const u64 size = page_size << 9 * level;
  const Phys low{frame.value & ~(size - 1)};
  return level <= host::largest_level && !owns_any(low, low + size) &&
         (low.value >= host::ram_size || low.value + size <= host::ram_size);
}
void flush_caches() {}
u64 page_sizes() { return 0x201000; }

MICA_WEAK void ports_changed(Space&) { ++host::ports_changes; }

MICA_WEAK void assertion_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, condition);
  std::abort();
}

MICA_WEAK void panic(const char* what) {
  std::fprintf(stderr, "panic: %s\n", what);
  std::abort();
}

MICA_WEAK Phys kernel_symbol_phys(const void*) { return {}; }
MICA_WEAK Phys kernel_root_phys() { return {}; }
MICA_WEAK u64 tsc_khz() { return 1000; }
u64 bus_khz() { return 100; }
MICA_WEAK u64 fpu_key() { return 0; }
MICA_WEAK void switch_fpu(Cpu&, Thread&) {}
MICA_WEAK void drop_fpu(Cpu&) {}
MICA_WEAK void init_fpu_state(FpuState*) {}
MICA_WEAK void disable_ports(Cpu&) {}
MICA_WEAK void forget_ports(Cpu&) {}
MICA_WEAK void load_ports(Cpu&, Space&) {}
MICA_WEAK void trace_calls(bool on) { host::calls_are_traced = on; }
MICA_WEAK void arm_timer(Ticks) {}
MICA_WEAK void disarm_timer() {}
MICA_WEAK Ticks ticks_from_us(u64 microseconds) { return microseconds; }
MICA_WEAK u64 us_from_ticks(Ticks ticks) { return ticks; }
MICA_WEAK unsigned interrupt_lines() { return host::lines; }
MICA_WEAK bool line_usable(unsigned line) { return line < host::lines; }
MICA_WEAK void mask_line(u64) {}
MICA_WEAK void unmask_line(u64) {}
MICA_WEAK void acknowledge_interrupt() {}
MICA_WEAK u64 message_of(unsigned interrupt) { return 0xfee0'0000ull << 32 | (0x30 + interrupt); }

}  // namespace mica
