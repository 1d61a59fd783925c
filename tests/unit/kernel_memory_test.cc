// SPDX-License-Identifier: MIT
// Every operation with every small amount of kernel memory: it succeeds, or it
// says so in the manual's way and nothing that a program could see has changed;
// and whatever happened, all memory comes back in the end (~Machine checks that).
#include <doctest/doctest.h>

#include <functional>
#include <sstream>
#include <string>

#include "harness/user.h"
#include "mapping_fixture.h"
#include "pool.h"
#include "thread_table.h"

using namespace mica;
using namespace mica::test;

namespace {

constexpr Address ram = u64{16} << 20, at = 0x400000;
constexpr u64 ms = 1000, no_memory = 8, overflow_send = 8, overflow_receive = 9;
constexpr u64 most_frames = 200;  // more than any of these operations can take

// All that programs could find out: threads, areas, what is mapped where.
std::string visible() {
  std::ostringstream out;
  each_thread([&](const Thread& t) {
    out << std::hex << t.id.raw << ' ' << static_cast<unsigned>(t.state) << ' ' << t.utcb << ' '
        << t.scheduler.raw << ' ' << t.utcb_location << ' ' << t.is_halted() << unsigned{t.priority}
        << '\n';
    if (!t.space || t.space->threads != &t) return;
    const Space& space = *t.space;
    out << "space " << space.kip_area.raw << ' ' << space.utcb_area.raw << ' ' << space.redirector << ' '
        << space.initialised << ' ' << space.active_count << ':';
    for_each_present(space.memory, 0, user_end >> page_bits, [&](u64 page, Slot slot) {
      constexpr u64 marks = entry::accessed | entry::dirty;
      if (!space.sigma0) out << ' ' << page << '=' << (*slot.leaf & ~marks);  // sigma0's come and go unseen
    });
    for_each_present(space.ports, 0, u64{1} << 16, [&](u64 port, Slot) {
      if (!space.sigma0) out << " port " << port;
    });
    out << '\n';
  });
  return out.str();
}

// Runs `operation` with 0, 1, 2 ... frames left until it succeeds; `failed` says
// whether its error is the right one.
void starve(User& user, const std::function<bool()>& operation, const std::function<bool()>& failed) {
  for (u64 frames = 0;; ++frames) {
    CAPTURE(frames);
    REQUIRE(frames < most_frames);
    const std::string before = visible();
    user.machine().starve(frames);
    const bool done = operation();
    user.machine().feed();
    if (done) return;
    CHECK(failed());
    CHECK(visible() == before);
  }
}

void run(const std::function<void(User&)>& root_program) {
  Machine machine;
  bool done = false;
  machine.boot([&](User& root) {
    root_program(root);
    done = true;
  });
  machine.run();
  CHECK(done);
}

void take(User& user) {
  user.accept(Fpage::complete());
  Received message = user.receive(ThreadId::any());
  for (;;) message = message.ok() ? user.reply_wait(message.from) : user.receive(ThreadId::any());
}

Fpage from_sigma0(User& root, unsigned order) {
  root.accept(Fpage::complete());
  const Fpage fpage = Fpage::memory(ram, order, Rights::all());
  REQUIRE(root.call(sigma0_id, Message(label_sigma0, {fpage.raw, 0})).ok());
  return fpage;
}

}  // namespace

TEST_CASE("ThreadControl and SpaceControl without memory") {
  run([](User& root) {
    const ThreadId one = user_thread(1), two = user_thread(2);
    const auto no_memory_left = [&] { return root.error_code() == no_memory; };
    const auto new_space = [&] { return root.thread_control(one, one, root.id(), ThreadId::nil()); };
    const auto areas = [&] { return root.space_control(one, task_kip_area, task_utcb_area); };
    const auto far_areas = [&] {
      return root.space_control(one, Fpage::memory(u64{5} << 40, 12), Fpage::memory(u64{6} << 40, 20));
    };
    const auto activate = [&] {
      return root.thread_control(one, one, ThreadId::nil(), root.id(), (u64{6} << 40) + 600 * utcb_size);
    };
    const auto active = [&] { return root.thread_control(two, one, root.id(), root.id(), u64{6} << 40); };
    const auto inactive = [&] {
      return root.thread_control(user_thread(70'000), one, root.id(), ThreadId::nil());
    };
    for (int round = 0; round < 2; ++round) {
      starve(root, new_space, no_memory_left);
      starve(root, areas, no_memory_left);
      starve(root, far_areas, no_memory_left);
      starve(root, activate, no_memory_left);
      starve(root, active, no_memory_left);
      starve(root, inactive, no_memory_left);
      for (const ThreadId id : {one, two, user_thread(70'000)}) REQUIRE(root.destroy(id));
    }
  });
}

TEST_CASE("a map item without memory: both sides get an overflow and nothing is mapped") {
  for (const unsigned order : {12u, 14u, 22u}) {
    CAPTURE(order);
    run([order](User& root) {
      const Fpage fpage = from_sigma0(root, order);
      REQUIRE(root.create_task(user_thread(1), take));
      root.call(user_thread(1));
      Received answer;
      const auto map = [&] {
        answer = root.call(user_thread(1), Message(0).map(fpage, u64{3} << 40));
        return answer.ok();
      };
      starve(root, map, [&] { return answer.error == overflow_send; });
      CHECK(find_thread(user_thread(1))->space->memory.find((u64{3} << 40) >> page_bits).present());
    });
  }
}

TEST_CASE("many items, of which the last ones do not fit") {
  run([](User& root) {
    const Fpage fpage = from_sigma0(root, 15);
    REQUIRE(root.create_task(user_thread(1), take));
    root.call(user_thread(1));
    u64 error = 0;
    const auto map = [&] {
      Message message(0);
      for (u64 i = 0; i < 8; ++i)
        message.map(Fpage::memory(fpage.base() + i * page_size, 12, Rights::all()), (i + 1) << 40);
      error = root.call(user_thread(1), message).error;
      return error == 0;
    };
    starve(root, map, [&] { return error == overflow_send; });
  });
}

TEST_CASE("a grant and a map inside one space without memory") {
  run([](User& root) {
    const Fpage fpage = from_sigma0(root, 13);
    REQUIRE(root.create_thread(user_thread(1), root.id(), 1, take));
    root.call(user_thread(1));
    u64 error = 0;
    const auto grant = [&] {
      error = root.call(user_thread(1), Message(0).grant(Fpage::memory(ram, 12, Rights::all()), u64{3} << 40))
                  .error;
      return error == 0;
    };
    starve(root, grant, [&] { return error == overflow_send; });
    const auto map = [&] {
      error =
          root.call(user_thread(1),
                    Message(0).map(Fpage::memory(fpage.base() + page_size, 12, Rights::all()), u64{5} << 40))
              .error;
      return error == 0;
    };
    starve(root, map, [&] { return error == overflow_send; });
  });
}

TEST_CASE("sigma0's first answer for a page or a port without memory") {
  run([](User& root) {
    root.accept(Fpage::complete());
    Received answer;
    const auto page = [&] {
      answer = root.call(sigma0_id, Message(label_sigma0, {Fpage::memory(ram, 12).raw, 0}),
                         timed(Time::period(1 * ms)));
      return answer.ok();
    };
    starve(root, page, [&] { return answer.error == overflow_receive; });
    const auto port = [&] {
      answer = root.call(sigma0_id, Message(label_sigma0, {Fpage::io(0x60, 0).raw, 0}),
                         timed(Time::period(1 * ms)));
      return answer.ok();
    };
    starve(root, port, [&] { return answer.error == overflow_receive; });
  });
}

TEST_CASE("a fault whose answer finds no memory is repeated, not lost") {
  run([](User& root) {
    const Fpage fpage = from_sigma0(root, 12);
    REQUIRE(root.create_task(user_thread(1), [](User& user) {
      user.store(u64{7} << 40, 77);
      user.send(root_id, Message(1));
    }));
    Received fault = root.receive(ThreadId::any());
    u64 frames = 0;
    for (; fault.tag().label() != 1; ++frames) {
      REQUIRE(frames < most_frames);
      CHECK(fault[1] == u64{7} << 40);
      root.machine().starve(frames);
      const Received sent = root.send(fault.from, Message(0).map(fpage, u64{7} << 40));
      root.machine().feed();
      if (!sent.ok()) CHECK(sent.error == overflow_send);
      fault = root.receive(ThreadId::any());
    }
    CHECK(frames > 1);
    CHECK(root.load(ram) == 77);
  });
}

TEST_CASE("the first use of the FPU without memory is the thread's exception") {
  run([](User& root) {
    REQUIRE(root.create_task(user_thread(1), [](User& user) {
      user.utcb().exception_handler = root_id.raw;
      user.receive(root_id);
      user.fpu() = 1;
      user.send(root_id, Message(1));
    }));
    root.send(user_thread(1));
    root.machine().starve(0);
    const Received exception = root.receive(ThreadId::any());
    root.machine().feed();
    CHECK(exception.tag().label() == label_exception);
    CHECK(exception[19] == 7);
    CHECK(root.call(user_thread(1), {}).tag().label() == 1);  // it tries again
  });
}
