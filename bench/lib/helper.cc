// SPDX-License-Identifier: MIT
#include "helper.h"

#include <runtime/program.h>
#include <algorithm>

#include "world.h"

namespace bench {

namespace {

using l4::Fpage;
using l4::Tag;
using l4::ThreadId;
using l4::Word;
using l4::Words;

constexpr long pass_on_label = 0x310, run_label = 0x311;
constexpr Word items_a_message = 31;
constexpr Word string_header(Word bytes) { return bytes << 10; }

// Does what the message asks for, and leaves the answer there.
void obey(Words& message) {
  const long label = message.tag().label();
  if (label == run_label) {
    message = Words(Tag::make(0, 1), reinterpret_cast<Helper::Act>(message[1])(message[2]));
    return;
  }
  if (label == pass_on_label) {
    const ThreadId to(message[1]);
    message = Words(Tag::make(0, 0, 2), message[2], message[3]);
    if (l4::call_words(to, message).raw != 0) runtime::panic("a helper's pages were not taken");
  }
  message = Words(Tag::make(0, 0));
}

[[noreturn]] void serve(Word) {
  L4_Accept(L4_AddAcceptor(L4_MapGrantItems(Fpage::complete()), L4_StringItemsAcceptor));
  L4_LoadBR(1, string_header(longest_string));
  L4_LoadBR(2, string_target);
  Words message;
  ThreadId from = l4::wait_words(message);
  for (;;) {
    if (message.tag().failed()) runtime::panic("a helper did not get what it was sent");
    obey(message);
    from = l4::reply_and_wait_words(from, message);
  }
}

void send(ThreadId to, Words& message) {
  if (l4::call_words(to, message).raw != 0) runtime::panic("a helper does not answer");
}

}  // namespace

Helper Helper::start(Word priority) {
  Helper helper;
  helper.id_ = start_in_space(serve);
  L4_Set_Priority(helper.id_, priority);
  Words message(Tag::make(0, 0));
  send(helper.id_, message);  // it is there
  return helper;
}

void Helper::end() {
  if (!runtime::delete_thread(id_)) runtime::panic("a helper cannot be deleted");
}

void Helper::give(Fpage pages, Word at, bool grant) const {
  const L4_MapItem_t map = L4_MapItem(pages, at);
  const L4_GrantItem_t granted = L4_GrantItem(pages, at);
  const Word* const item = grant ? granted.raw : map.raw;
  Words message(Tag::make(0, 0, 2), item[0], item[1]);
  send(id_, message);
}

void Helper::give_often(Word page, Word count, Word at) const {
  while (count > 0) {
    const Word now = std::min(count, items_a_message);
    l4::Message message(0);
    for (Word i = 0; i < now; ++i) message.map(Fpage::page(page, l4::full_access), at + i * page_size);
    message.load();
    if (L4_Call(id_).raw != 0) runtime::panic("a helper's pages were not taken");
    count -= now;
    at += now * page_size;
  }
}

void Helper::give_string(Word from, Word bytes) const {
  Words message(Tag::make(0, 0, 2), string_header(bytes), from);
  send(id_, message);
}

void Helper::pass_on(Fpage pages, const Helper& to, Word at) const {
  const L4_MapItem_t item = L4_MapItem(pages, at);
  Words message(Tag::make(pass_on_label, 3), to.id_.raw, item.raw[0], item.raw[1]);
  send(id_, message);
}

Word Helper::run(Act act, Word argument) const {
  Words message(Tag::make(run_label, 2), reinterpret_cast<Word>(act), argument);
  if (l4::call_words(id_, message).raw != Tag::make(0, 1).raw) runtime::panic("a helper does not answer");
  return message[1];
}

bool Helper::has(Word address) const {
  const Act read = [](Word at) { return Word{*reinterpret_cast<const volatile unsigned char*>(at)}; };
  const l4::Timeouts one_ms{L4_TimePeriod(1000).raw};
  Words message(Tag::make(run_label, 2), reinterpret_cast<Word>(read), address);
  return l4::call_words(id_, message, one_ms).ok();
}

}  // namespace bench
