// SPDX-License-Identifier: MIT
// A server's answer with a page to a client that has called it: a short way in the kernel, when
// the fast path is on, that nobody may tell from the long one.
#include <doctest/doctest.h>

#include <ostream>

#include "harness/parts.h"
#include "thread_table.h"

using namespace mica;
using namespace mica::test;

namespace {

constexpr u64 ms = 1000;
constexpr Address at = 0x405000, ram = spare_ram;

enum class Answer {
  one_page,
  by_local_id,
  with_a_label,
  with_a_word,
  two_pages,
  granted,
  without_rights,
  outside_the_window,
  no_window,
  a_string,
  closed_wait,
  while_another_has_sent,
  while_another_is_urgent,
  to_a_client_with_a_timeout,
  to_a_halted_client,
  propagated,
  last = propagated,
};

// What all sides have seen.
struct Outcome {
  bool answered = false;
  u64 from = 0, error = 0, tag = 0, words[2] = {};
  u64 loaded = 0;  // from the page, if it is there
  u64 server_error = 0, heard = 0, order = 0;
  bool kept = false, page_came = false;
  bool operator==(const Outcome&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Outcome& o) {
  return out << o.answered << " from " << o.from << " error " << o.error << " tag " << o.tag << " words " << o.words[0] << ' '
             << o.words[1] << " loaded " << o.loaded << " server " << o.server_error << " heard " << o.heard << " order "
             << o.order << " kept " << o.kept << " came " << o.page_came;
}

Outcome run(Answer answer, bool fast_path) {
  const ThreadId server = user_thread(1), client = user_thread(2), other = user_thread(3);
  Outcome seen;
  Machine machine({.fast_path = fast_path});
  machine.boot([&](User& root) {
    take_pages(root);
    root.store(ram, 4711);
    const auto serve = [&](User& user) {
      Received request = user.receive(ThreadId::any());
      // Pages without a table have no short way: this one is beside the one that counts.
      Message first;
      first.map(Fpage::memory(ram + page_size, 12, Rights::all()), at - page_size);
      request = user.reply_wait(request.from, first);
      Fpage pages = Fpage::memory(ram, answer == Answer::two_pages ? 13 : 12, Rights::all());
      if (answer == Answer::without_rights) pages = Fpage::memory(ram, 12, Rights::none());
      Message message(answer == Answer::with_a_label ? 5 : 0);
      if (answer == Answer::with_a_word) message = Message(0, {7});
      if (answer == Answer::granted) message.grant(pages, at);
      else if (answer == Answer::a_string) message = Message(0).string(ram, 8);
      else message.map(pages, at);
      if (answer == Answer::while_another_has_sent) pause(user);
      if (answer == Answer::while_another_is_urgent) user.spend(2 * ms);
      if (answer == Answer::to_a_halted_client) user.exchange_registers(client, 256 | 1);
      if (answer == Answer::propagated) {
        message.mr[0] |= MsgTag::propagated;
        user.utcb().virtual_sender = other.raw;
      }
      const bool local = answer == Answer::by_local_id;
      const Received next = user.ipc(local ? ThreadId{find_thread(client)->utcb} : client,
                                     answer == Answer::closed_wait ? client : ThreadId::any(), message,
                                     timed(Time::never(), Time::zero()));
      seen.server_error = next.error;
      seen.heard = next.tag().raw;
      seen.order = seen.order * 10 + 1;
      user.receive(user.id());
    };
    const auto ask = [&](User& user) {
      pause(user);
      user.accept(Fpage::memory(at - page_size, 12));
      user.call(server);
      user.accept(answer == Answer::no_window              ? Fpage::nil()
                  : answer == Answer::outside_the_window ? Fpage::memory(at + 16 * page_size, 12)
                  : answer == Answer::two_pages          ? Fpage::complete()
                                                         : Fpage::memory(at, 12));
      const u64 times = answer == Answer::to_a_client_with_a_timeout ? timed(Time::period(50 * ms)) : 0;
      const Received reply = user.call(server, Message(3, {1}), times);
      seen.answered = true;
      seen.from = reply.from.raw;
      seen.error = reply.error;
      seen.tag = reply.tag().raw;
      if (reply.ok() && answer != Answer::a_string) {
        seen.words[0] = reply[1];
        seen.words[1] = reply[2];
      }
      const Slot page = user.thread().space->memory.find_page(at / page_size);
      seen.page_came = page && page.present();
      if (seen.page_came && answer != Answer::by_local_id) seen.loaded = user.load(at);
      seen.order = seen.order * 10 + 2;
      user.send(server, Message(9), timed(Time::never(), Time::period(5 * ms)));
    };
    REQUIRE(root.create_thread(server, root_id, 2, serve));
    if (answer == Answer::by_local_id) {
      REQUIRE(root.create_thread(client, root_id, 3, ask));
    } else {
      REQUIRE(root.create_task(client, ask));
    }
    REQUIRE(root.create_thread(other, root_id, 4, [&](User& user) {
      user.receive(user.id(), timed(Time::period(1500)));
      if (answer == Answer::while_another_has_sent) user.send(server, Message(3));
      seen.order = seen.order * 10 + 3;
    }));
    if (answer == Answer::while_another_is_urgent) {
      root.schedule(server, 200);
      root.schedule(other, 120);
    }
    for (int i = 0; i < 40; ++i) pause(root);
    if (answer == Answer::to_a_halted_client) {
      CHECK(!seen.answered);
      root.exchange_registers(client, 256);
      for (int i = 0; i < 20; ++i) pause(root);
    }
    const Slot page = root.thread().space->memory.find_page(ram / page_size);
    seen.kept = page && page.present();
  });
  machine.run();
  return seen;
}

}  // namespace

TEST_CASE("a server's answer with a page does the same, whatever the kernel's way for it") {
  for (int n = 0; n <= static_cast<int>(Answer::last); ++n) {
    CAPTURE(n);
    const Answer answer = static_cast<Answer>(n);
    const Outcome slow = run(answer, false), fast = run(answer, true);
    CHECK(slow == fast);
    CHECK(slow.answered);
    CHECK(slow.kept == (answer != Answer::granted));
    if (answer == Answer::one_page || answer == Answer::with_a_label) {
      CHECK(fast.loaded == 4711);
      CHECK(fast.tag == MsgTag::make(answer == Answer::with_a_label ? 5 : 0, 0, 2).raw);
      CHECK(fast.from == user_thread(1).raw);
      CHECK(fast.words[1] == Fpage::memory(ram, 12, Rights::all()).raw);
      CHECK(fast.heard == MsgTag::make(9, 0).raw);
    }
    const bool nowhere = answer == Answer::no_window || answer == Answer::outside_the_window || answer == Answer::a_string;
    CHECK(fast.page_came == !(nowhere || answer == Answer::without_rights));
  }
}
