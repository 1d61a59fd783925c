// SPDX-License-Identifier: MIT
// ProcessorControl (manual, chapter 6.3): what stays as it is succeeds.
#include <l4/misc.h>

#include "threads.h"

using namespace guest;

namespace {

// 0 or the error code.
Word control(Word processor, Word internal_khz, Word external_khz, Word millivolts) {
  return L4_ProcessorControl(processor, internal_khz, external_khz, millivolts) == 1 ? 0 : L4_ErrorCode();
}
Word internal() { return L4_ProcDescInternalFreq(L4_ProcDesc(nullptr, 0)); }
Word external() { return L4_ProcDescExternalFreq(L4_ProcDesc(nullptr, 0)); }

constexpr Word all_ones = ~Word{0};

}  // namespace

TEST("nothing but the present frequencies, or 0, can be asked for") {
  for (const Word i : {Word{0}, internal()}) {
    for (const Word e : {Word{0}, external()}) {
      context("internal", i);
      expect_eq(control(0, i, e, 0), 0u);
    }
  }
  context("");
}

TEST("error 5: another frequency, a voltage, and nothing has changed") {
  const Word i = internal(), e = external();
  for (const Word other : {Word{1}, i - 1, i + 1, i | Word{1} << 32, all_ones}) {
    context("internal", other);
    expect_eq(control(0, other, 0, 0), Word{L4_ErrInvalidParam});
    expect_eq(control(0, other, e, 0), Word{L4_ErrInvalidParam});
  }
  for (const Word other : {Word{1}, e - 1, e + 1, e | Word{1} << 32, all_ones}) {
    context("external", other);
    expect_eq(control(0, 0, other, 0), Word{L4_ErrInvalidParam});
    expect_eq(control(0, i, other, 0), Word{L4_ErrInvalidParam});
  }
  for (const Word voltage : {Word{1}, Word{1200}, all_ones}) {
    context("voltage", voltage);
    expect_eq(control(0, 0, 0, voltage), Word{L4_ErrInvalidParam});
    expect_eq(control(0, i, e, voltage), Word{L4_ErrInvalidParam});
  }
  context("");
  expect_eq(internal(), i);
  expect_eq(external(), e);
}

TEST("error 5: a processor that is not there") {
  const Word count = L4_NumProcessors(nullptr);
  for (const Word processor : {count, count + 1, Word{0x10000}, Word{1} << 32, all_ones}) {
    context("processor", processor);
    expect_eq(control(processor, 0, 0, 0), Word{L4_ErrInvalidParam});
    expect_eq(control(processor, internal(), external(), 0), Word{L4_ErrInvalidParam});
  }
}

TEST("error 1 comes first: a space without privilege, whatever it asks for") {
  const l4::ThreadId task = spawn_task([](Word) {
    for (const Word processor : {Word{0}, all_ones}) {
      expect_eq(control(processor, 0, 0, 0), Word{L4_ErrNoPrivilege});
      expect_eq(control(processor, internal(), external(), 0), Word{L4_ErrNoPrivilege});
      expect_eq(control(processor, 1, 1, 1), Word{L4_ErrNoPrivilege});
    }
  });
  expect(finishes(task));
}
