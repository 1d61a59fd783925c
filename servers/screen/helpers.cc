// SPDX-License-Identifier: MIT
#include "helpers.h"

#include <mica/connection.h>
#include <mica/keyboard.h>
#include <mica/terminal.h>
#include <runtime/program.h>
#include <runtime/threads.h>

namespace screen {

namespace {

using mica::Word;

alignas(16) constinit std::byte keys_stack[4096]{}, log_stack[4096]{};
constinit mica::Connection<mica::Keyboard> keyboard{std::string_view{}};

void hand_over(long label, std::string_view text) {
  l4::Words m;
  mica::wire::Cursor out{m};
  out.put_text(text);
  m.set_tag(l4::Tag::make(label, out.at - 1));
  (void)l4::call_words(mica::this_task().task.thread(0), m);
}

[[noreturn]] void keys(Word) {
  constexpr Word look_again = 500000;  // microseconds
  for (;;) {
    const auto typed = keyboard.call_again<mica::Keyboard::read>();
    if (typed) {
      hand_over(keys_label, *typed);
    } else {
      hand_over(no_keys_label, {});
      L4_Sleep(L4_TimePeriod(look_again));
    }
  }
}

[[noreturn]] void log(Word) {
  for (Word position = 0;;) {
    const auto piece = mica::call<mica::Root::log>(mica::root_server(), position);
    if (!piece) continue;
    position = piece->next;
    const mica::Text<400> text(std::string_view(piece->text, piece->size));
    (void)mica::call<mica::Terminal::write>(mica::this_task().task.thread(0), text);
  }
}

void start(void (*entry)(Word), std::span<std::byte> stack) {
  const auto thread = runtime::start_task_thread(entry, 0, stack);
  if (!thread) runtime::print("screen: a thread: {}\n", mica::text(thread.error()));
}

}  // namespace

void hand_over_keys(std::string_view name) {
  keyboard = mica::Connection<mica::Keyboard>(name);
  start(keys, keys_stack);
}

void hand_over_log() { start(log, log_stack); }

}  // namespace screen
