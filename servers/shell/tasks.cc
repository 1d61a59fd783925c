// SPDX-License-Identifier: MIT
#include "tasks.h"

#include "commands.h"
#include "output.h"

namespace shell {

namespace {

using mica::Root;
using mica::Word;
using runtime::hex;
using runtime::left;
using runtime::right;

constexpr Word page_kib = 4;

const char* state_of(const mica::TaskInfo& task) {
  const auto state = mica::call<Root::thread_state>(mica::root_server(), task.id, Word{0});
  return state ? state_name(state->state) : "?";
}

Word count(Word mask) {
  Word n = 0;
  for (; mask != 0; mask &= mask - 1) ++n;
  return n;
}

bool needs_task(const Words& words) {
  if (words.size() == 2) return true;
  say("use: {} TASK\n", words[0]);
  return false;
}

}  // namespace

const char* state_name(Word state) {
  switch (state) {
    case 2: return "halted";
    case 3: return "ready";
    case 4:
    case 5: return "sends";
    case 6: return "waits";
    case 7: return "receives";
    default: return "?";
  }
}

mica::Result<mica::TaskInfo> find_task(std::string_view text) {
  Word number = 0;
  bool is_number = !text.empty();
  for (const char c : text) {
    is_number = is_number && c >= '0' && c <= '9';
    number = number * 10 + static_cast<Word>(c - '0');
  }
  return mica::find_task([&](const mica::TaskInfo& task) {
    return text == task.name || (is_number && number == task.id.index());
  });
}

void show_tasks(const Words&) {
  say("task  name          program           state     threads   KiB  priority restarts\n");
  for_each_task([](const mica::TaskInfo& task) {
    say("{}  {}{}{}{}{}{}{}\n", right(task.id.index(), 4), left(task.name, 14), left(task.program, 18),
          left(state_of(task), 10), right(count(task.threads), 7), right(task.frames * page_kib, 6),
          right(task.priority, 10), right(task.restarts, 9));
  });
}

void show_spaces(const Words&) {
  say("task  name          holds    of KiB  threads (number: state)\n");
  for_each_task([](const mica::TaskInfo& task) {
    say("{}  {}{}{} ", right(task.id.index(), 4), left(task.name, 12), right(task.frames * page_kib, 7),
          right(task.quota * page_kib, 10));
    for (Word n = 0; n < mica::threads_per_task; ++n) {
      if ((task.threads >> n & 1) == 0) continue;
      const auto state = mica::call<Root::thread_state>(mica::root_server(), task.id, n);
      if (state) say(" {}: {}", state->id.number(), state_name(state->state));
    }
    say("\n");
  });
}

void show_map(const Words& words) {
  if (!needs_task(words)) return;
  const auto task = find_task(words[1]);
  if (!task) return say_error(words[1], task.error());
  say("physical address     KiB   ({} of {} KiB)\n", task->frames * page_kib, task->quota * page_kib);
  for (Word n = 0;; ++n) {
    const auto block = mica::call<Root::block_info>(mica::root_server(), task->id, n);
    if (!block) return;
    say("{}{}\n", hex(block->physical, 16), right(Word{1} << (block->order - 10), 6));
  }
}

void kill_task(const Words& words) {
  if (!needs_task(words)) return;
  const auto task = find_task(words[1]);
  if (!task) return say_error(words[1], task.error());
  const auto done = mica::call<Root::kill>(mica::root_server(), task->id);
  if (!done) say_error(words[1], done.error());
}

void restart_task(const Words& words) {
  if (!needs_task(words)) return;
  const auto done = mica::call<Root::restart>(mica::root_server(), mica::Name(words[1]));
  if (!done) say_error(words[1], done.error());
}

}  // namespace shell
