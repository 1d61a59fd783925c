// SPDX-License-Identifier: MIT
// MemoryControl: memory types of pages, by the page attribute table.
#include "subject.h"

namespace guest {

namespace {

alignas(4096) constinit char pages[4][4096] = {};

l4::Fpage page(unsigned i) { return l4::Fpage::page(reinterpret_cast<Word>(pages[i])); }

// The result, and ErrorCode when it is 0.
struct Result {
  Word done, error;
};

Result memory_control(Word control, Word a0, Word a1, Word a2, Word a3, l4::Fpage f0, l4::Fpage f1 = {}) {
  const Word attributes[4] = {a0, a1, a2, a3};
  Word mr[8] = {f0.raw, f1.raw};
  const Word done = l4_memory_control_registers(control, attributes, mr);
  return {done, done != 0 ? 0 : L4_ErrorCode()};
}

l4::Fpage choosing(l4::Fpage fpage, unsigned attribute) { return l4::Fpage((fpage.raw & ~Word{3}) | attribute); }

}  // namespace

TEST("MemoryControl: every type that the manual names, and memory keeps its contents") {
  for (unsigned i = 0; i < 4; ++i) pages[i][17] = static_cast<char>(40 + i);
  for (const Word type : {1u, 2u, 4u, 5u, 8u, 0u}) {
    const Result r = memory_control(0, type, 9, 9, 9, choosing(page(0), 0));
    expect_eq(r.done, 1u);
    expect_eq(Word(pages[0][17]), 40u);
    if (type != 8) pages[0][18] = static_cast<char>(type);
  }
}

TEST("MemoryControl: each of the four attributes, several flexpages") {
  expect_eq(memory_control(1, 1, 2, 4, 5, choosing(page(0), 1), choosing(page(1), 2)).done, 1u);
  expect_eq(memory_control(1, 1, 2, 4, 5, choosing(page(2), 3), choosing(page(3), 0)).done, 1u);
  for (unsigned i = 0; i < 4; ++i) expect_eq(Word(pages[i][17]), 40u + i);
  expect_eq(memory_control(1, 0, 0, 0, 0, page(0), page(1)).done, 1u);
  expect_eq(memory_control(1, 0, 0, 0, 0, page(2), page(3)).done, 1u);
}

TEST("MemoryControl: a type that there is not, error 5, also as the second") {
  for (const Word type : {3u, 6u, 7u, 9u, 0x100u}) {
    const Result r = memory_control(0, type, 0, 0, 0, page(0));
    expect_eq(r.done, 0u);
    expect_eq(r.error, 5u);
  }
  const Result r = memory_control(1, 0, 3, 0, 0, page(0), choosing(page(1), 1));
  expect_eq(r.done, 0u);
  expect_eq(r.error, 5u);
}

TEST("MemoryControl: ports and no flexpages, error 5; nil is nothing") {
  expect_eq(memory_control(0, 0, 0, 0, 0, l4::Fpage((Word{0x3f8} << 16) | 2 << 4)).error, 5u);
  expect_eq(memory_control(0, 0, 0, 0, 0, l4::Fpage(11 << 4)).error, 5u);
  expect_eq(memory_control(0, 0, 0, 0, 0, l4::Fpage()).done, 1u);
}

TEST("MemoryControl: only for privileged spaces, error 1") {
  static Result r;
  Subject subject;
  subject.run([](Word) { r = memory_control(0, 0, 0, 0, 0, page(0)); });
  expect_eq(subject.faults(), 0u);
  expect_eq(r.done, 0u);
  expect_eq(r.error, 1u);
}

}  // namespace guest
