// SPDX-License-Identifier: MIT
// Memory, devices, ports.
#include <runtime/io.h>

#include "check.h"

namespace root_test {

namespace {

void check_blocks() {
  const Counts before = counts();
  for (const Word order : {Word{0}, Word{11}, Word{23}, Word{64 + 12}, Word{1} << 32, ~Word{0}}) {
    check_error(map<Root::memory>(place(0), order).error(), Error::bad_argument, "there is no such block");
  }
  const auto block = map<Root::memory>(place(0), Word{14});
  bool zeros = block.ok();
  for (Word i = 0; i < 4 * page_size / sizeof(Word); ++i) zeros = zeros && at(0)[i] == 0;
  check(zeros && block->page.base() % (4 * page_size) == 0, "a block is mapped, and cleared");
  for (Word i = 0; i < 4 * page_size / sizeof(Word); ++i) at(0)[i] = ~Word{0};
  const Word held = about(mica::this_task().task).frames, free = ask<Root::memory_info>()->free;
  bool refused = true;
  for (const Word forged :
       {block->page.base() + page_size, block->page.base() + 8, Word{0}, Word{1} << 40, ~Word{0}}) {
    refused = refused && ask<Root::free_memory>(forged).error() == Error::not_found;
  }
  check(refused, "only whole blocks are given back");
  check(ask<Root::free_memory>(block->page.base()).ok(), "it is given back");
  check(about(mica::this_task().task).frames < held && ask<Root::memory_info>()->free > free,
        "and counted");
  check_error(ask<Root::free_memory>(block->page.base()).error(), Error::not_found, "once");
  const auto again = map<Root::memory>(place(0), Word{14});
  zeros = again.ok();
  for (Word i = 0; i < 4 * page_size / sizeof(Word); ++i) zeros = zeros && at(0)[i] == 0;
  check(zeros && ask<Root::free_memory>(again->page.base()).ok(), "the next one is cleared, too");
  const mica::Ending ending = run("freed");
  check(ending.code == -1 && ending.crashed == 1, "what was given back is not there any more");
  check_same(counts(), before, "and nothing is lost");
}

// Its image's frames, what it is told, and others' blocks.
void check_foreign_blocks() {
  Word blocks = 0;
  bool refused = true;
  for (const TaskId task : {mica::this_task().task, task_named("subject")}) {
    for (Word n = 0;; ++n, ++blocks) {
      const auto block = ask<Root::block_info>(task, n);
      if (!block) break;
      refused = refused && ask<Root::free_memory>(block->physical).error() == Error::not_found;
    }
  }
  check(refused && blocks > 4, "the image and others' blocks are not a task's to give back");
}

void check_quota() {
  const Counts before = counts();
  check(run("use-up").code == 0, "a task's quota has an end");
  check(run("use-stack").code == 0, "its first stack is there then, too");
  Word got = 0;
  Word physical[256] = {};
  while (got < 256) {
    const auto block = map<Root::memory>(place(got), Word{14});
    if (!block) break;
    physical[got++] = block->page.base();
  }
  const mica::TaskInfo full = about(mica::this_task().task);
  check(got > 100 && full.frames > full.quota - 64, "this one's, too: what is left is for its image");
  check(act("subject", Act::memory, 12, 1).value_or(0) == 1, "others have theirs");
  check_error(spawn("seven").error(), Error::no_memory, "children live on it");
  while (got > 0) (void)ask<Root::free_memory>(physical[--got]);
  check(ask<Root::restart>(Name("subject")).ok(), "all of it is given back");
  check_same(counts(), before, "and nothing is lost");
}

// Takes all memory that there is, and gives it back. The blocks are cleared when they are given, so
// what the root server has for itself is not among them.
[[gnu::noinline]] bool use_machine_up() {
  const Word large = act("hoarder", Act::memory, 22, ~Word{0}).value_or(0);
  const Word small = act("hoarder", Act::memory, 12, ~Word{0}).value_or(0);
  const bool restarted = ask<Root::restart>(Name("hoarder")).ok();
  return large > 10 && small > 0 && restarted && act("hoarder", Act::add, 1, 2).value_or(0) == 3;
}

void check_machine() {
  check(use_machine_up(), "a task uses up the memory of the machine, and others go on");  // and all is known now
  const Counts before = counts();
  check(use_machine_up(), "a second time");
  check_same(counts(), before, "and nothing is lost");
}

void check_dma() {
  const Counts before = counts();
  const auto one = map<Root::dma_memory>(place(0), Word{15}), two = map<Root::dma_memory>(place(1), Word{15});
  check(one.ok() && two.ok(), "memory for devices");
  check_error(map<Root::dma_memory>(place(2), Word{12}).error(), Error::denied,
              "is no more than the manifest says");
  check(ask<Root::free_memory>(one->page.base()).ok() && map<Root::dma_memory>(place(0), Word{12}).ok() &&
            map<Root::dma_memory>(place(2), Word{15}).error() == Error::denied,
        "what is given back may be had again");
  for (Word n = 0;; n = 0) {
    const auto block = ask<Root::block_info>(mica::this_task().task, n);
    if (!block || !ask<Root::free_memory>(block->physical)) break;
  }
  check_same(counts(), before, "and nothing is lost");
}

void check_devices() {
  const auto screen = map<Root::device_memory>(place(0), Word{0xb8000}, Word{15});
  check(screen.ok(), "memory of a device is mapped");
  if (screen) {
    at(0)[900] = 0x1234567;
    check(at(0)[900] == 0x1234567, "and is there");
  }
  check(map<Root::device_memory>(place(1), Word{0xbf000}, Word{12}).ok(), "a part of it, too");
  for (const Word outside : {Word{0xb7000}, Word{0xc0000}, Word{0}, Word{0x1000000}, ~Word{0xfff}}) {
    check_error(map<Root::device_memory>(place(2), outside, Word{12}).error(), Error::denied,
                "nothing beside it");
  }
  check_error(map<Root::device_memory>(place(2), Word{0xb0000}, Word{16}).error(), Error::denied,
              "nor around it");
  for (const Word order : {Word{0}, Word{11}, Word{31}, Word{64}, ~Word{0}}) {
    check_error(map<Root::device_memory>(place(2), Word{0xb8000}, order).error(), Error::bad_argument,
                "of no such size");
  }
  check_error(map<Root::device_memory>(place(2), Word{0xb8800}, Word{12}).error(), Error::bad_argument,
              "nor place");
  L4_FlushFpage(place(0, 15));
  L4_FlushFpage(place(1, 12));
}

void check_ports() {
  const l4::Fpage window = l4::Fpage::io(0, 16);
  check(map<Root::ports>(window, Word{0x2f8}, Word{3}).ok(), "ports are mapped");
  check(runtime::in8(0x2fd) == 0xff, "and can be read: nothing is there");
  for (const Word first : {Word{0x2f0}, Word{0x300}, Word{0x3f8}, Word{0}, Word{0xfff8}}) {
    check_error(map<Root::ports>(window, first, Word{3}).error(), Error::denied, "no ports beside them");
  }
  check_error(map<Root::ports>(window, Word{0x2f0}, Word{4}).error(), Error::denied, "nor around them");
  check_error(map<Root::ports>(window, Word{0}, Word{16}).error(), Error::denied, "nor all");
  for (const Word first : {Word{0x2f9}, Word{0x10000}, ~Word{7}}) {
    check_error(map<Root::ports>(window, first, Word{3}).error(), Error::bad_argument,
                "there are no such ports");
  }
  check_error(map<Root::ports>(window, Word{0}, Word{17}).error(), Error::bad_argument, "nor so many");
}

}  // namespace

void test_memory() {
  check_blocks();
  check_foreign_blocks();
  check_quota();
  check_machine();
  check_dma();
  check_devices();
  check_ports();
}

}  // namespace root_test
