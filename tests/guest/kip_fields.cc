// SPDX-License-Identifier: MIT
// Every field of the kernel interface page and of the boot information, by its offset
// (manual, chapter 1.2 and appendix A.1).
#include "frame.h"
#include "threads.h"

#include <l4/bootinfo.h>

using namespace guest;

namespace {

Word kip_word(Word offset) {
  return *reinterpret_cast<const volatile Word*>(runtime::kip_address + offset);
}

}  // namespace

TEST("fields with one value") {
  static constexpr struct {
    Word offset, value;
  } fields[] = {
      {0x000, 0x4be6344c}, {0x008, 0x8405'0000}, {0x010, 4},        {0x018, 0x260},  {0x150, 0xc2801},
      {0x158, 12},         {0x178, 0x240},       {0x180, 0x1'0001}, {0x198, Word{5} << 60},
      {0x260, 0x4d01'0000}, {0x270, 0x0001'0000},
  };
  for (const auto& f : fields) {
    context("offset", f.offset);
    expect_eq(kip_word(f.offset), f.value);
  }
  context("supplier");
  expect_eq(kip_word(0x278) & 0xffff'ffff, 0x6163'694du);
}

TEST("reserved fields, the debugger's, sigma1's, and memory words of older kernels are 0") {
  static constexpr struct {
    Word first, last;
  } empty[] = {{0x020, 0x038}, {0x060, 0x078}, {0x0a0, 0x0a0}, {0x0b0, 0x148}, {0x160, 0x168},
               {0x1f8, 0x218}, {0x220, 0x238}, {0x250, 0x258}};
  for (const auto& range : empty) {
    for (Word offset = range.first; offset <= range.last; offset += 8) {
      context("offset", offset);
      expect_eq(kip_word(offset), 0u);
    }
  }
}

TEST("sigma0 and the root task: SP 0, IP, low and high, whole words") {
  for (const Word at : {Word{0x040}, Word{0x080}}) {
    context("offset", at);
    const Word sp = kip_word(at), ip = kip_word(at + 8), low = kip_word(at + 0x10), high = kip_word(at + 0x18);
    expect_eq(sp, 0u);
    expect(low < high && ip >= low && ip < high);
    expect_eq(low & 0xfff, 0u);
  }
}

TEST("ThreadInfo: 18 bits of numbers, SystemBase, UserBase the larger of 48 and SystemBase") {
  const Word info = kip_word(0x188), system_base = info >> 8 & 0xfff, user_base = info >> 20 & 0xfff;
  expect_eq(info & 0xff, 18u);
  expect_eq(user_base, system_base > 48 ? system_base : 48);
  expect_eq(info >> 32, 0u);
  expect_eq(runtime::sigma0(), l4::ThreadId::global(user_base, 1));
}

TEST("PageInfo: rights in bits 0-2, sizes from bit 10 on as a mask, no others") {
  const Word info = kip_word(0x190);
  expect_eq(info & 7, 7u);
  expect_eq(info >> 10 << 10 & ~(Word{1} << 30), Word{1} << 21 | Word{1} << 12);
  expect_eq(info & 0x3f8, 0u);
}

TEST("processor descriptor: internal kHz are those of the time-stamp counter, external ones are there") {
  const Word external = kip_word(0x240), internal = kip_word(0x248);
  expect(external != 0);
  const Word begin_us = now(), begin = __builtin_ia32_rdtsc();
  while (now() < begin_us + 20'000) {
  }
  const Word khz = (__builtin_ia32_rdtsc() - begin) / 20;
  expect(khz > internal / 2 && khz < internal * 2, "far from what the clock says");
}

TEST("memory descriptors: MemoryInfo says where and how many; all are of the six types, ends are pages'") {
  const Word info = kip_word(0x0a8), count = info & 0xffff'ffff;
  expect_eq(info >> 32, 0x2e0u);
  require(count > 3 && 0x2e0 + 16 * count <= 4096);
  bool seen[16] = {};
  for (Word i = 0; i < count; ++i) {
    context("descriptor", i);
    const Word low = kip_word(0x2e0 + 16 * i), high = kip_word(0x2e8 + 16 * i), type = low & 0xf;
    expect(high >> 10 > low >> 10, "ends before it begins");
    seen[type] = true;
    expect(type == 1 || type == 2 || type == 4 || type == 14 || type == 15);
    expect_eq(low >> 8 & 1, 0u);
    if ((low >> 9 & 1) != 0) expect_eq(type, 1u, "the virtual one is conventional");
    if (type == 14) expect((low >> 4 & 0xf) >= 1 && (low >> 4 & 0xf) <= 3, "subtype");
    if (i == 0) {
      expect_eq(type, 4u, "the first one: shared, everywhere");
      expect_eq(low >> 10, 0u);
    }
  }
  context("");
  expect(seen[1] && seen[2] && seen[4] && seen[14]);
}

TEST("strings: the version, then features, each ended by 0, an empty one at the end, before the descriptors") {
  const char* at = reinterpret_cast<const char*>(runtime::kip_address + 0x280);
  const char* const limit = reinterpret_cast<const char*>(runtime::kip_address + 0x2e0);
  unsigned strings = 0;
  while (at < limit && *at != 0) {
    ++strings;
    while (at < limit && *at != 0) ++at;
    ++at;
  }
  expect(at < limit, "no end");
  unsigned features = 0;
  while (L4_Feature(nullptr, features) != nullptr) ++features;
  expect(features >= 3);
  expect_eq(strings, 1 + features);
}

TEST("the links: eleven words that all lead into the page of the stubs") {
  for (Word offset = 0x1a0; offset <= 0x1f0; offset += 8) {
    context("offset", offset);
    expect(in_stub_page(kip_word(offset)));
  }
}

TEST("boot information: header and records of known form, sigma0 and the root task first") {
  const Word at = kip_word(0x170);
  require(at != 0);
  const Word page = at & ~Word{0xfff};
  require(runtime::claim_memory(page, page + 0x1000));
  const auto& header = object_at<const L4_BootHeader_t>(at);
  expect_eq(header.magic, 0x14b0'021du);
  expect_eq(header.version, 1u);
  expect(header.num_entries >= 2);
  for (const Word word : header.reserved) expect_eq(word, 0u);
  Word record = at + header.first_entry, modules = 0;
  for (Word i = 0; i < header.num_entries; ++i) {
    context("record", i);
    if (!expect(record >= at && record + 24 <= at + header.size)) return;
    if (record + 64 > page + 0x1000) break;
    const auto& head = object_at<const L4_BootRec_t>(record);
    if (head.type == L4_BootInfo_Module) {
      const auto& module = object_at<const L4_Boot_Module_t>(record);
      if (modules == 0) expect(module.start <= kip_word(0x48) && kip_word(0x48) < module.start + module.size);
      if (modules == 1) expect(module.start <= kip_word(0x88) && kip_word(0x88) < module.start + module.size);
      ++modules;
    } else {
      expect(head.type >= 0x201 && head.type <= 0x203);
    }
    record += head.offset_next;
  }
  expect_eq(modules, 2u);
}
