// SPDX-License-Identifier: MIT
// Children of the tests: what they do, and how they come to their ends.
#include <runtime/io.h>

#include "check.h"

namespace root_test {

namespace {

// Takes all the memory that it may have, and sees that this is what was said.
int use_up() {
  const TaskId self = mica::this_task().task;
  const mica::TaskInfo before = about(self);
  Word got = 0;
  while (map<Root::memory>(place(got), Word{12})) ++got;
  const mica::TaskInfo after = about(self);
  const bool all = after.frames <= after.quota && after.frames >= before.frames + got;
  const bool refused = map<Root::memory>(place(got), Word{12}).error() == Error::no_memory;
  return got > 0 && all && refused ? 0 : 1;
}

// The stack that it did not begin on is there all the same.
int use_stack() {
  if (const int used = use_up(); used != 0) return used;
  for (Word page = 1; page <= mica::first_stack_bytes / page_size; ++page) {
    *reinterpret_cast<volatile Word*>(mica::TaskPage::address - page * page_size) = page;
  }
  return 0;
}

// A block that was given back is nowhere any more.
int use_after_free() {
  const auto block = map<Root::memory>(place(0), Word{12});
  *at(0) = 1;
  if (!block || !ask<Root::free_memory>(block->page.base())) return 2;
  *at(0) = 2;
  return 3;
}

[[noreturn]] void flood_server() {
  const l4::ThreadId busy = server("busy");
  for (;;) (void)mica::call<Subject::act>(busy, Act::add, 1ul, 1ul);
}

[[noreturn]] void flood() {
  for (;;) (void)ask<Root::memory_info>();
}

// Requests of all numbers and lengths, of words that mean something now and then.
int ask_at_random() {
  Word random = 1;
  const auto next = [&](Word limit) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    return (random >> 33) % limit;
  };
  const Word interesting[] = {0,
                              1,
                              12,
                              22,
                              63,
                              64,
                              ~Word{0},
                              mica::this_task().task.raw,
                              mica::root_server().raw,
                              mica::this_task().image_low,
                              Word{1} << 63,
                              0xfffffffffffff000};
  for (unsigned i = 0; i < 3000; ++i) {
    const auto number = static_cast<long>(next(40));
    const auto words = static_cast<unsigned>(next(4) == 0 ? next(60) : next(4));
    const auto typed = static_cast<unsigned>(next(8) == 0 ? 2 : 0);
    if (number == Root::write_log::number || number == Root::kill::number) continue;
    l4::Words m;
    mica::wire::Cursor out{m};
    for (unsigned k = 0; k < words; ++k)
      out.put_word(next(3) == 0 ? random : interesting[next(std::size(interesting))]);
    if (typed != 0) {
      out.put_word(L4_MapItem(l4::Fpage::page(mica::this_task().image_low, l4::read), 0).raw[0]);
      out.put_word(l4::Fpage::page(mica::this_task().image_low, l4::read).raw);
    }
    m.set_tag(l4::Tag::make(Root::id << 8 | number, words, typed));
    l4::call_words(mica::root_server(), m, l4::Timeouts{L4_TimePeriod(100).raw});
  }
  return 0;
}

}  // namespace

int run_child(std::string_view part) {
  if (part == "seven") return 7;
  if (part == "sleep") L4_Sleep(L4_Never);
  if (part == "spin")
    for (;;) asm volatile("pause");
  if (part == "flood") flood();
  if (part == "flood-busy") flood_server();
  if (part == "provoke") return static_cast<int>(provoke("babbler"));
  if (part == "write") *reinterpret_cast<volatile Word*>(Word{0x123450}) = 1;
  if (part == "code") *reinterpret_cast<volatile Word*>(mica::this_task().image_low) = 1;
  if (part == "told") *reinterpret_cast<volatile Word*>(mica::TaskPage::address) = 1;
  if (part == "invalid") asm volatile("ud2");
  if (part == "port") (void)runtime::in8(0x2f8);
  if (part == "freed") return use_after_free();
  if (part == "use-up") return use_up();
  if (part == "use-stack") return use_stack();
  if (part == "random") return ask_at_random();
  if (part == "spawn") return static_cast<int>(spawn("sleep").error());
  if (part == "kill-parent") return static_cast<int>(ask<Root::kill>(task_named("test")).error());
  return 0;
}

Result<TaskId> spawn(std::string_view part, Word memory) {
  return task_checks::spawn("root_test.elf", "part", part, memory);
}

mica::Ending run(std::string_view part, Word memory) {
  return task_checks::end_of(spawn(part, memory));
}

}  // namespace root_test
