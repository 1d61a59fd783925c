// SPDX-License-Identifier: MIT
// Map, grant and unmap as programs do them: through messages, the Unmap call and
// the page-fault protocol.
#include <doctest/doctest.h>

#include "harness/user.h"
#include "mapping_fixture.h"
#include "thread_table.h"

using namespace mica;
using namespace mica::test;

namespace {

constexpr Address ram = u64{16} << 20, at = 0x400000;
constexpr u64 ms = 1000, overflow_send = 8, overflow_receive = 9;

// The root task gets a page of RAM from sigma0.
Fpage page_from_sigma0(User& root, Address page, unsigned order = 12) {
  root.accept(Fpage::complete());
  const Received answer = root.call(sigma0_id, Message(label_sigma0, {Fpage::memory(page, order).raw, 0}));
  REQUIRE(answer.ok());
  REQUIRE(answer.tag().typed() == 2);
  return Fpage::memory(page, order, Rights::all());
}

// A program that takes whatever is mapped to it and then does as it is told.
constexpr i64 say_load = 1, say_store = 2, say_accept = 3, say_fetch = 4;

void obey(User& user) {
  user.accept(Fpage::complete());
  Received order = user.receive(ThreadId::any());
  for (;;) {
    Message answer(0, {0});
    if (order.tag().label() == say_load) answer.mr[1] = user.load(order[1]);
    if (order.tag().label() == say_store) user.store(order[1], order[2]);
    if (order.tag().label() == say_accept) user.accept(Fpage{order[1]});
    if (order.tag().label() == say_fetch) user.fetch(order[1]);
    order = user.reply_wait(order.from, answer);
    while (!order.ok()) order = user.receive(ThreadId::any());
  }
}

const Space& space_of(ThreadId thread) { return *find_thread(thread)->space; }

}  // namespace

TEST_CASE("a page travels from sigma0 to a client, and back by Unmap") {
  Machine machine;
  bool done = false;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(1), obey));
    page_from_sigma0(root, ram);
    root.store(ram, 0x1111);
    REQUIRE(root.call(user_thread(1), Message(0).map(Fpage::memory(ram, 12, Rights::all()), at)).ok());
    CHECK(root.call(user_thread(1), Message(say_load, {at}))[1] == 0x1111);
    CHECK(root.call(user_thread(1), Message(say_store, {at + 8, 0x2222})).ok());
    CHECK(root.load(ram + 8) == 0x2222);

    // What has been accessed there, and by us.
    CHECK(root.unmap(Fpage::memory(ram, 12), false) == Rights{7});
    CHECK(root.unmap(Fpage::memory(ram, 12), false) == Rights{0});
    CHECK(has_page(space_of(user_thread(1)), at));
    root.unmap(Fpage::memory(ram, 12, Rights::all()), false);
    CHECK(!has_page(space_of(user_thread(1)), at));
    CHECK(has_page(*root.thread().space, ram));
    root.unmap(Fpage::memory(ram, 12, Rights::all()), true);
    CHECK(!has_page(*root.thread().space, ram));
    done = true;
  });
  machine.run();
  CHECK(done);
}

TEST_CASE("rights: what the source has and the sender gives") {
  Machine machine;
  bool done = false;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(1), obey));
    page_from_sigma0(root, ram);
    const Space& client = space_of(user_thread(1));
    REQUIRE(root.call(user_thread(1), Message(0).map(Fpage::memory(ram, 12, ro), at)).ok());
    CHECK(page_rights(client, at) == ro);
    REQUIRE(root.call(user_thread(1), Message(0).map(Fpage::memory(ram, 12, rx), at)).ok());
    CHECK(page_rights(client, at) == rx);
    root.unmap(Fpage::memory(ram, 12, Rights{Rights::x}), false);
    CHECK(page_rights(client, at) == ro);
    root.unmap(Fpage::memory(ram, 12, Rights{Rights::w}), true);
    REQUIRE(root.call(user_thread(1), Message(0).map(Fpage::memory(ram, 12, all), at)).ok());
    CHECK(page_rights(client, at) == rx);
    done = true;
  });
  machine.run();
  CHECK(done);
}

TEST_CASE("a grant leaves nothing behind") {
  Machine machine;
  bool done = false;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(1), obey));
    page_from_sigma0(root, ram);
    root.store(ram, 7);
    REQUIRE(root.call(user_thread(1), Message(0).grant(Fpage::memory(ram, 12, all), at)).ok());
    CHECK(!has_page(*root.thread().space, ram));
    CHECK(root.call(user_thread(1), Message(say_load, {at}))[1] == 7);
    done = true;
  });
  machine.run();
  CHECK(done);
}

TEST_CASE("several items in one message, cut to the window") {
  Machine machine;
  bool done = false;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(1), obey));
    page_from_sigma0(root, ram, 15);
    const Space& client = space_of(user_thread(1));
    REQUIRE(root.call(user_thread(1), Message(say_accept, {Fpage::memory(at, 14).raw})).ok());
    // 32 KiB into 16: the send base selects the second half.
    Message message = Message(0, {1, 2}).map(Fpage::memory(ram, 15, all), 0x4000);
    REQUIRE(root.call(user_thread(1), message).ok());
    for (u64 i = 0; i < 4; ++i) CHECK(page_frame(client, at + i * page_size) == ram + 0x4000 + i * page_size);
    CHECK(!has_page(client, at + 0x4000));
    message =
        Message(0).map(Fpage::memory(ram, 12, ro), 0x1000).map(Fpage::memory(ram + 0x1000, 12, all), 0x3000);
    REQUIRE(root.call(user_thread(1), message).ok());
    CHECK(page_frame(client, at + 0x1000) == ram);
    CHECK(page_rights(client, at + 0x1000) == ro);
    CHECK(page_frame(client, at + 0x3000) == ram + 0x1000);
    done = true;
  });
  machine.run();
  CHECK(done);
}

TEST_CASE("a receiver that takes no mappings: both sides hear of it") {
  Machine machine;
  u64 heard = 0;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(1), [&](User& user) {
      const Received message = user.receive(ThreadId::any());
      heard = message.error;
      CHECK(message.from == root_id);
      CHECK(message[1] == 55);
    }));
    page_from_sigma0(root, ram);
    CHECK(root.send(user_thread(1), Message(0, {55}).map(Fpage::memory(ram, 12, all), at)).error ==
          overflow_send);
    CHECK(!has_page(space_of(user_thread(1)), at));
  });
  machine.run();
  CHECK(heard == overflow_receive);
}

TEST_CASE("items that change while their sender is queued cannot reach beyond the message") {
  Machine machine;
  u64 error = 0;
  machine.boot([&](User& root) {
    page_from_sigma0(root, ram);
    REQUIRE(root.create_thread(user_thread(1), root.id(), 3, [&](User& user) {
      Message message(0);
      message.mr[0] = 61;
      message.map(Fpage::memory(ram, 12, all), at);
      error = user.send(user_thread(2), message).error;
    }));
    REQUIRE(root.create_task(user_thread(2), [](User& user) {
      user.receive(root_id);
      user.accept(Fpage::complete());
      user.receive(user_thread(1));
    }));
    root.receive(root.id(), timed(Time::period(1 * ms)));
    // What was a map item of two words is now a string item of 33.
    find_thread(user_thread(1))->tcr->mr[62] = 31 << 4;
    root.send(user_thread(2));
  });
  machine.run();
  CHECK(error == overflow_send);
}

TEST_CASE("a pager maps what is missing, and the instruction runs again") {
  for (const bool fast_path : {false, true}) {
    CAPTURE(fast_path);
    Machine machine({.fast_path = fast_path});
    unsigned faults = 0;
    u64 value = 0;
    machine.boot([&](User& root) {
      for (u64 i = 0; i < 4; ++i) root.store(page_from_sigma0(root, ram + i * page_size).base(), 0);
      REQUIRE(root.create_task(user_thread(1), [&](User& user) {
        user.store(at, 5);
        user.store(at + page_size, 6);
        value = user.load(at) + user.load(at + page_size) + user.load(at + 2 * page_size);
        user.store(at + 2 * page_size, 1);  // mapped read-only before
        user.fetch(at + 3 * page_size);
        user.send(root_id);
      }));
      Received fault = root.receive(ThreadId::any());
      const i64 labels[] = {label_page_fault | Rights::w, label_page_fault | Rights::w,
                            label_page_fault | Rights::r, label_page_fault | Rights::w,
                            label_page_fault | Rights::x};
      const u64 pages[] = {0, 1, 2, 2, 3};
      const Rights rights[] = {rw, rw, ro, rw, rx};
      while (fault.tag().label() != 0 && faults < 5) {
        CHECK(fault.from == user_thread(1));
        CHECK(fault.tag().untyped() == 2);
        CHECK(fault.tag().label() == labels[faults]);
        const u64 page = pages[faults];
        CHECK(fault[1] == at + page * page_size);
        const Address address = fault[1] & ~(page_size - 1);
        fault = root.reply_wait(
            fault.from, Message(0).map(Fpage::memory(ram + page * page_size, 12, rights[faults]), address));
        ++faults;
      }
    });
    machine.run();
    CHECK(faults == 5);
    CHECK(value == 11);
    CHECK((machine.fast_calls != 0) == fast_path);
  }
}

TEST_CASE("a fault without a pager stops only who made it") {
  Machine machine;
  unsigned witness = 0;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(1), [](User& user) {
      user.utcb().pager = 0;
      user.load(at);
      FAIL("not reached");
    }));
    REQUIRE(root.create_task(user_thread(2), [](User& user) {
      user.utcb().pager = user_thread(7).raw;
      user.load(0xffff'8000'0000'0000);
      FAIL("not reached");
    }));
    for (; witness < 3; ++witness) root.receive(root.id(), timed(Time::period(1 * ms)));
    CHECK(root.schedule(user_thread(1)).state == 2);
    CHECK(root.schedule(user_thread(2)).state == 2);
  });
  machine.run();
  CHECK(witness == 3);
}

TEST_CASE("KIP and UTCBs cannot be mapped, mapped over or unmapped") {
  Machine machine;
  bool done = false;
  machine.boot([&](User& root) {
    REQUIRE(root.create_task(user_thread(1), obey));
    page_from_sigma0(root, ram);
    const Space& client = space_of(user_thread(1));
    const u64 kip_before = page_frame(client, task_kip_area.base());
    const u64 utcb_before = page_frame(client, task_utcb_area.base());
    for (const Fpage target : {task_kip_area, task_utcb_area})
      CHECK(root.call(user_thread(1), Message(0).map(Fpage::memory(ram, 12, all), target.base())).ok());
    CHECK(root.call(user_thread(1), Message(0).map(Fpage::memory(0xbff00000, 12, all), at)).ok());
    CHECK(!has_page(client, at));
    root.unmap(Fpage::complete(all), true);
    CHECK(page_frame(client, task_kip_area.base()) == kip_before);
    CHECK(page_frame(client, task_utcb_area.base()) == utcb_before);
    CHECK(has_page(*root.thread().space, 0xbff00000));
    CHECK(has_page(*root.thread().space, 0xbf000000));
    CHECK(!has_page(*root.thread().space, ram));
    done = true;
  });
  machine.run();
  CHECK(done);
}

TEST_CASE("ports: the first IN faults to the pager, which maps the port") {
  Machine machine;
  bool done = false;
  machine.boot([&](User& root) {
    const Fpage page = page_from_sigma0(root, ram);
    root.store(page.base(), 0xec);  // in al, dx
    CHECK(root.port(0x60, ram));
    CHECK(machine.cpu.io_enabled);
    CHECK(has_port(*root.thread().space, 0x60));
    CHECK(!has_port(*root.thread().space, 0x61));
    root.unmap(Fpage::io(0x60, 0, all), true);
    CHECK(!machine.cpu.io_enabled);
    CHECK(!has_port(*root.thread().space, 0x60));
    done = true;
  });
  machine.run();
  CHECK(done);
}

TEST_CASE("the kernel's own memory is not for the asking") {
  Machine machine;
  bool done = false;
  machine.boot([&](User& root) {
    root.accept(Fpage::complete());
    for (const Address page : {host::kernel_memory_low.value, Address{0x2000}}) {
      REQUIRE(root.call(sigma0_id, Message(label_sigma0, {Fpage::memory(page, 12).raw, 0})).ok());
      CHECK(!has_page(*root.thread().space, page));
    }
    done = true;
  });
  machine.run();
  CHECK(done);
}
