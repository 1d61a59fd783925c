// SPDX-License-Identifier: MIT
// Interrupts, lines and messages, through the kernel's own code: what the handler
// hears, and when. The invariants are checked after each kernel entry.
#include <doctest/doctest.h>

#include <algorithm>

#include "harness/user.h"
#include "kip.h"
#include "thread_table.h"

using namespace mica;
using namespace mica::test;

namespace {

constexpr u64 ms = 1000, receive_timeout = 3;
constexpr unsigned line = 4;
unsigned message(unsigned n = 0) { return interrupt_lines() + n; }
ThreadId id_of(unsigned interrupt) { return ThreadId::interrupt(interrupt); }

bool attach(User& root, unsigned interrupt, ThreadId handler) {
  return root.thread_control(id_of(interrupt), id_of(interrupt), ThreadId::nil(), handler);
}
bool detach(User& root, unsigned interrupt) { return attach(root, interrupt, id_of(interrupt)); }

// The next message from the interrupt at once, or none.
bool heard(User& user, unsigned interrupt) {
  const Received r = user.receive(id_of(interrupt), at_once);
  if (r.ok()) CHECK(r.tag().raw == MsgTag::make(label_interrupt, 0).raw);
  else CHECK(r.error == receive_timeout);
  return r.ok();
}

void run_root(Program program) {
  for (const bool fast_path : {true, false}) {
    CAPTURE(fast_path);
    Machine machine({.fast_path = fast_path});
    bool done = false;
    machine.boot([&](User& root) {
      program(root);
      done = true;
    });
    machine.run();
    CHECK(done);
  }
}

}  // namespace

TEST_CASE("message-signalled interrupts coalesce, and none is lost") {
  run_root([](User& root) {
    REQUIRE(attach(root, message(), root.id()));
    CHECK(!heard(root, message()));
    for (int i = 0; i < 3; ++i) root.interrupt(message());
    CHECK(heard(root, message()));
    CHECK(!heard(root, message()));
    CHECK(root.send(id_of(message())).ok());
    CHECK(!heard(root, message()));
    // From now on one is remembered.
    root.interrupt(message());
    CHECK(heard(root, message()));
    for (int i = 0; i < 3; ++i) root.interrupt(message());
    CHECK(!heard(root, message()));
    CHECK(root.send(id_of(message())).ok());
    CHECK(heard(root, message()));
    CHECK(root.send(id_of(message())).ok());
    CHECK(!heard(root, message()));
  });
}

TEST_CASE("a line that fires once more before its acknowledgment is spurious") {
  run_root([](User& root) {
    REQUIRE(attach(root, line, root.id()));
    root.interrupt(line);
    CHECK(heard(root, line));
    root.interrupt(line);  // was under way when it was masked
    CHECK(root.machine().line_masked[line]);
    CHECK(root.send(id_of(line)).ok());
    CHECK(!root.machine().line_masked[line]);
    CHECK(!heard(root, line));
  });
}

TEST_CASE("interrupts that nobody has attached are dropped, and attaching begins anew") {
  run_root([](User& root) {
    for (const unsigned interrupt : {line, message(1)}) {
      CAPTURE(interrupt);
      root.interrupt(interrupt);
      REQUIRE(attach(root, interrupt, root.id()));
      CHECK(!heard(root, interrupt));
      root.interrupt(interrupt);
      REQUIRE(attach(root, interrupt, root.id()));
      CHECK(!heard(root, interrupt));
      root.interrupt(interrupt);
      CHECK(heard(root, interrupt));
      root.interrupt(interrupt);
      REQUIRE(detach(root, interrupt));
      REQUIRE(detach(root, interrupt));
      root.interrupt(interrupt);
      REQUIRE(attach(root, interrupt, root.id()));
      CHECK(!heard(root, interrupt));
    }
  });
}

TEST_CASE("attaching delivers the message of a message interrupt, nothing of a line") {
  run_root([](User& root) {
    Registers& r = root.machine().user.r;
    REQUIRE(attach(root, line, root.id()));
    CHECK(r.rdx == 0);
    REQUIRE(attach(root, message(2), root.id()));
    CHECK(r.rdx == message_of(message(2)));
  });
}

TEST_CASE("a handler of all interrupts is renamed and deleted with them in every state") {
  run_root([](User& root) {
    const ThreadId handler = user_thread(1), renamed = user_thread(1, 3);
    const unsigned end = static_cast<unsigned>(user_base());
    std::vector<unsigned> all;
    for (unsigned n = 1; n < end; ++n)
      if (find_thread(id_of(n))) all.push_back(n);
    CHECK(all.size() >= interrupt_lines());
    unsigned count = 0;
    REQUIRE(root.create_task(handler, [&](User& user) {
      user.receive(root_id);
      // Takes every third, then all others under its new id.
      for (std::size_t i = 0; i < all.size(); i += 3) CHECK(heard(user, all[i]));
      user.receive(root_id);
      for (const unsigned n : all) count += heard(user, n);
      for (std::size_t i = 0; i < all.size(); i += 3) CHECK(user.send(id_of(all[i])).ok());
      for (const unsigned n : all) count += heard(user, n);
      user.receive(root_id);
    }));
    const auto pause = [&] { root.receive(root.id(), timed(Time::period(1 * ms))); };
    for (const unsigned n : all) REQUIRE(attach(root, n, handler));
    pause();
    for (const unsigned n : all) root.interrupt(n);
    CHECK(root.send(handler).ok());
    pause();
    // Those that were taken and are messages come again.
    unsigned again = 0;
    for (std::size_t i = 0; i < all.size(); i += 3)
      if (all[i] >= interrupt_lines()) root.interrupt(all[i]), ++again;
    REQUIRE(root.thread_control(renamed, handler, ThreadId::nil(), ThreadId::nil()));
    CHECK(root.send(renamed).ok());
    pause();
    CHECK(count == all.size() - (all.size() + 2) / 3 + again);
    REQUIRE(detach(root, all[all.size() / 2]));
    REQUIRE(root.destroy(renamed));
    for (const unsigned n : all) CHECK(tcb_array()[n].state == State::inactive);
    for (unsigned n = 0; n < interrupt_lines(); ++n) CHECK(root.machine().line_masked[n]);
  });
}

// A search for the partners of a thread goes by pages, from the first user's on.
TEST_CASE("interrupts and users' threads are in different pages of TCBs, however many lines there are") {
  const Kip before = kip;
  for (host::lines = 16; host::lines <= 96; ++host::lines) {
    CAPTURE(host::lines);
    kip = before;
    fill_kip(Platform{});
    const u64 system_base = bits(kip.thread_info, 8, 12);
    CHECK(system_base == host::lines + message_interrupts);
    CHECK(user_base() >= std::max<u64>(system_base, 48));
    CHECK(user_base() < std::max<u64>(system_base, 48) + thread_table::threads_a_page);
    CHECK(user_base() % thread_table::threads_a_page == 0);
  }
  host::lines = 24;
  kip = before;
}
