// SPDX-License-Identifier: MIT
// The kernel interface page and KernelInterface (manual, chapter 1).
#include "frame.h"
#include "threads.h"

using namespace guest;

namespace {

Word kip_word(Word offset) {
  return *reinterpret_cast<const volatile Word*>(reinterpret_cast<Word>(L4_GetKernelInterface()) + offset);
}

bool equal(const char* a, const char* b) {
  if (a == nullptr) return false;
  while (*a != 0 && *a == *b) ++a, ++b;
  return *a == *b;
}

}  // namespace

TEST("KernelInterface: page, version, flags and kernel id; the other registers are kept") {
  Frame f = marked_frame();
  const Frame before = f;
  guest_kernel_interface(f);
  expect_eq(f.rax, runtime::kip_address);
  expect_eq(f.rcx, 0x84050000u);
  expect_eq(f.rdx, 4u);
  expect_eq(f.rsi, kip_word(0x260));
  const Word kept[] = {f.rbx, f.rdi, f.rbp, f.r8, f.r9, f.r10, f.r11, f.r12, f.r13, f.r14, f.r15};
  const Word expected[] = {before.rbx, before.rdi, before.rbp, before.r8,  before.r9, before.r10,
                           before.r11, before.r12, before.r13, before.r14, before.r15};
  for (unsigned i = 0; i < 11; ++i) {
    context("register", i);
    expect_eq(kept[i], expected[i]);
  }
}

TEST("magic, version and flags") {
  expect_eq(kip_word(0), 0x4be6344cu);
  expect_eq(kip_word(8), 0x84050000u);
  expect_eq(kip_word(0x10), 4u);
  expect_eq(L4_ApiVersion(), kip_word(8));
  expect_eq(L4_ApiFlags(), kip_word(0x10));
}

TEST("UTCB, KIP area, page and processor information") {
  expect_eq(kip_word(0x150), 0xc2801u);
  expect_eq(L4_UtcbSize(nullptr), 1024u);
  expect_eq(L4_UtcbAreaSize(nullptr), 4096u);
  expect_eq(kip_word(0x158), 12u);
  // 4 KiB, 2 MiB, and 1 GiB where the CPU has it.
  expect_eq(kip_word(0x190) & ~(Word{1} << 30), 0x201007u);
  expect_eq(L4_PageRights(nullptr), 7u);
  expect_eq(L4_NumProcessors(nullptr), 1u);
  expect_eq(kip_word(0x198) >> 60, 5u);
  expect(L4_ProcDescInternalFreq(L4_ProcDesc(nullptr, 0)) != 0);
  expect(L4_ProcDescExternalFreq(L4_ProcDesc(nullptr, 0)) != 0);
  expect_eq(kip_word(0x250) | kip_word(0x258), 0u);
  expect_eq(kip_word(0x180), 0x10001u);
  expect_eq(L4_ReadPrecision(nullptr), L4_TimePeriod(1).raw);
  expect_eq(L4_SchedulePrecision(nullptr), L4_TimePeriod(1).raw);
  expect(L4_ProcDesc(nullptr, 1) == nullptr);
}

TEST("thread numbers: interrupts, kernel, users, bits") {
  expect(L4_ThreadIdSystemBase(nullptr) >= 16);
  expect(L4_ThreadIdUserBase(nullptr) >= L4_ThreadIdSystemBase(nullptr));
  expect(L4_ThreadIdBits(nullptr) >= 12 && L4_ThreadIdBits(nullptr) <= 32);
  expect_eq(runner, l4::ThreadId::global(L4_ThreadIdUserBase(nullptr) + 2, 1));
}

TEST("sigma0 and root task: where they start lies in their images") {
  const L4_KernelInterfacePage_t* const kip = l4_kip(nullptr);
  expect(kip->Sigma0.ip >= kip->Sigma0.low && kip->Sigma0.ip < kip->Sigma0.high);
  expect(kip->RootServer.ip >= kip->RootServer.low && kip->RootServer.ip < kip->RootServer.high);
  expect_eq(kip->Sigma1.ip, 0u);
}

TEST("memory descriptors: in bounds, the user area is the lower half") {
  const Word count = L4_NumMemoryDescriptors(nullptr);
  require(count > 0);
  expect(L4_MemoryDesc(nullptr, count) == nullptr);
  expect((kip_word(0xa8) >> 32) + 16 * count <= 4096);
  Word conventional = 0, reserved = 0;
  bool user_area = false;
  for (Word i = 0; i < count; ++i) {
    const L4_MemoryDesc_t* const m = L4_MemoryDesc(nullptr, i);
    context("descriptor", i);
    expect(L4_MemoryDescLow(m) <= L4_MemoryDescHigh(m));
    const Word size = L4_MemoryDescHigh(m) - L4_MemoryDescLow(m) + 1;
    if (L4_IsMemoryDescVirtual(m)) {
      user_area = true;
      expect_eq(L4_MemoryDescLow(m), 0u);
      expect_eq(L4_MemoryDescHigh(m), 0x7fff'ffff'efffu);
    } else if (L4_MemoryDescType(m) == L4_ConventionalMemoryType) {
      conventional += size;
    } else if (L4_MemoryDescType(m) == L4_ReservedMemoryType) {
      reserved += size;
    }
  }
  context("");
  expect(user_area);
  expect(conventional > 16u << 20, "conventional memory");
  expect(reserved > 64u << 10, "the kernel's own memory");
}

TEST("kernel description: supplier, version string, features") {
  expect_eq(L4_KernelSupplier(nullptr), 0x6163694du);  // "Mica"
  Word year, month, day;
  L4_KernelGenDate(nullptr, &year, &month, &day);
  expect(year >= 2025 && month >= 1 && month <= 12 && day >= 1 && day <= 31);
  expect_eq(L4_KernelId(), kip_word(0x260));
  const char* const version = L4_KernelVersionString(nullptr);
  expect(version[0] == 'M' && version[1] == 'i' && version[2] == 'c' && version[3] == 'a');
  for (const char* feature : {"pagerexregs", "ioflexpages", "syscallreflect", "msi", "fsbase", "trace"}) {
    context(feature);
    expect(L4_HasFeature(feature));
  }
  context("");
  expect(!L4_HasFeature("no such feature"));
  expect(equal(L4_Feature(nullptr, 0), "pagerexregs"));
}

TEST("links: absolute addresses of the kernel's half, Lipc is Ipc, none twice") {
  const Word* const links = &l4_links.space_control;
  for (unsigned i = 0; i < 11; ++i) {
    context("link", i);
    expect_eq(links[i], kip_word(0x1a0 + 8 * i));
    expect(links[i] >= kernel_half);
    for (unsigned j = 0; j < i; ++j) {
      const bool same = links[i] == links[j];
      expect(same == (&links[i] == &l4_links.lipc && &links[j] == &l4_links.ipc));
    }
  }
}

TEST("every space sees the same page at its own place") {
  static volatile Word where, magic, ipc_link;
  spawn_task([](Word) {
    where = reinterpret_cast<Word>(L4_GetKernelInterface());
    magic = kip_word(0);
    ipc_link = kip_word(0x1c0);
  });
  const Word other_place = 0x12345000;
  expect(eventually([] { return ipc_link != 0; }));
  expect_eq(where, runtime::kip_address);
  expect_eq(magic, 0x4be6344cu);
  expect_eq(ipc_link, l4_links.ipc);

  Slot& slot = take_slot();
  const l4::ThreadId self = l4::ThreadId::self();
  expect_eq(thread_control(slot.id, slot.id, self, l4::ThreadId::nil()), 0u);
  expect_eq(space_control(slot.id, l4::Fpage::page(other_place), utcb_area, l4::ThreadId::any()), 0u);
  expect_eq(thread_control(slot.id, slot.id, self, runner, utcb_at(0)), 0u);
  where = 0;
  magic = 0;
  start(
      slot.id,
      [](Word) {
        magic = kip_word(0);
        where = reinterpret_cast<Word>(L4_GetKernelInterface());
      },
      0, runner);
  expect(eventually([] { return where != 0; }));
  expect_eq(where, other_place);
  expect_eq(magic, 0x4be6344cu);
}
