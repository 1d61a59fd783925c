// SPDX-License-Identifier: MIT
// The trace: what is recorded, where, and that nothing is while it is off.
#include <doctest/doctest.h>

#include <mica/trace.h>

#include <vector>

#include "harness/parts.h"
#include "kip.h"
#include "thread_table.h"
#include "trace.h"

using namespace mica;
using namespace mica::test;

// Both sides' idea of a record.
static_assert(sizeof(TraceRecord) == sizeof(trace::Record));
static_assert(offsetof(TraceRecord, event) == offsetof(trace::Record, event));
static_assert(offsetof(TraceRecord, stopped) == offsetof(trace::Record, stopped));
static_assert(offsetof(TraceRecord, time) == offsetof(trace::Record, time));
static_assert(offsetof(TraceRecord, partner) == offsetof(trace::Record, partner));
static_assert(offsetof(TraceRecord, regs) == offsetof(trace::Record, rax));
static_assert(offsetof(TraceRecord, regs) + 48 == offsetof(trace::Record, awaited));
static_assert(offsetof(TraceRecord, words) == offsetof(trace::Record, words));
static_assert(trace_records == trace::records && trace_processor == trace::processor);
static_assert(static_cast<u8>(TraceEvent::call) == static_cast<u8>(trace::Event::call));
static_assert(static_cast<u8>(Protocol::preemption) == static_cast<u8>(trace::Protocol::preemption));
static_assert(static_cast<u8>(State::locked) == static_cast<u8>(trace::State::locked));

namespace {

constexpr u64 ms = 1000, block = u64{32} << 20;

const trace::Record* memory() { return static_cast<const trace::Record*>(phys_to_virt({block})); }
void clear() { fill_words(phys_to_virt({block}), 0, trace::buffer_size / 8); }

std::vector<trace::Record> all(trace::Reader& reader) {
  std::vector<trace::Record> result;
  trace::Record r;
  while (reader.next(r)) result.push_back(r);
  return result;
}

const trace::Record* find(const std::vector<trace::Record>& records, trace::Event event, ThreadId thread,
                          u64 partner) {
  for (const trace::Record& r : records)
    if (r.event == event && r.thread == thread.raw && r.partner == partner) return &r;
  return nullptr;
}

void run_root(Program program) {
  for (const bool fast_path : {true, false}) {
    CAPTURE(fast_path);
    Machine machine({.fast_path = fast_path});
    clear();
    bool done = false;
    machine.boot([&](User& root) {
      program(root);
      done = true;
    });
    machine.run();
    CHECK(done);
  }
}

void echo(User& user) {
  Received r = user.receive(ThreadId::any());
  for (;;) r = user.reply_wait(r.from, Message(r.tag().label() + 1));
}

}  // namespace

TEST_CASE("trace: only a large page's block of RAM that is not the kernel's") {
  run_root([](User& root) {
    for (const u64 bad : {block + 1, block + page_size,
                          u64{2} << 20, u64{host::ram_size}, u64{1} << 45, u64{1} << 46, u64{1} << 63, ~u64{0}}) {
      CAPTURE(bad);
      CHECK(!root.processor_control(trace::processor, bad));
      CHECK(root.error_code() == 5);
      CHECK(!host::calls_are_traced);
    }
    host::largest_level = 0;
    CHECK(!root.processor_control(trace::processor, block));
    host::largest_level = 2;
    CHECK(root.processor_control(trace::processor, 0));
    REQUIRE(root.create_task(user_thread(1), [](User& user) {
      CHECK(!user.processor_control(trace::processor, block));
      CHECK(user.error_code() == 1);
      CHECK(!user.processor_control(trace::processor, 0));
    }));
    pause(root);
    CHECK(!host::calls_are_traced);
  });
}

TEST_CASE("trace: a call between spaces, its answer, the switches; and nothing when it is off again") {
  run_root([](User& root) {
    const ThreadId server = user_thread(1);
    REQUIRE(root.create_task(server, echo));
    CHECK(root.call(server, Message(6)).tag().label() == 7);
    trace::Reader reader(memory());
    CHECK(all(reader).empty());
    REQUIRE(root.processor_control(trace::processor, block));
    const u64 fast = root.machine().fast_calls;
    CHECK(root.call(server, Message(8, {0x111, 0x222})).tag().label() == 9);
    CHECK(root.machine().fast_calls == fast);
    const std::vector<trace::Record> records = all(reader);
    REQUIRE(records.size() == 4);
    for (u32 i = 0; i < 4; ++i) CHECK(records[i].number == i + 1);
    CHECK(records[0].event == trace::Event::message);
    CHECK(records[0].thread == root_id.raw);
    CHECK(records[0].partner == server.raw);
    CHECK(records[0].protocol == trace::Protocol::user);
    CHECK(records[0].r9 == MsgTag::make(8, 2).raw);
    CHECK(records[0].rax == 0x111);
    CHECK(records[0].rbx == 0x222);
    CHECK(records[1].event == trace::Event::run);
    CHECK(records[1].thread == root_id.raw);
    CHECK(records[1].partner == server.raw);
    CHECK(records[1].awaited == server.raw);
    CHECK(records[2].event == trace::Event::message);
    CHECK(records[2].thread == server.raw);
    CHECK(records[3].event == trace::Event::run);
    CHECK(records[3].awaited == ~u64{0});

    REQUIRE(root.processor_control(trace::processor, 0));
    CHECK(root.call(server, Message(8)).tag().label() == 9);
    CHECK(root.machine().fast_calls == fast + (root.machine().has_fast_path() ? 2 : 0));
    CHECK(all(reader).empty());
    CHECK(reader.lost() == 0);
  });
}

TEST_CASE("trace: queued, failed, faults, exceptions, interrupts, and who runs when nobody does") {
  run_root([](User& root) {
    const ThreadId client = user_thread(1), handler = user_thread(2);
    attach_urgent(root, 4, root_id);
    REQUIRE(root.create_thread(handler, root_id, 3, [&](User& user) {
      for (Received r = user.receive(ThreadId::any());;) r = user.reply_wait(r.from, r.message);
    }));
    REQUIRE(root.processor_control(trace::processor, block));
    REQUIRE(root.create_task(client, [&](User& user) {
      user.utcb().exception_handler = handler.raw;
      CHECK(user.receive(user.id(), timed(Time::period(100))).error == 3);
      user.exception(3);
      user.call(root_id, Message(5));
      user.load(0x7000'0000);
    }));
    root.receive(root_id, timed(Time::period(2 * ms)));
    CHECK(root.receive(client, at_once).tag().label() == 5);
    CHECK(root.send(client, Message(6), at_once).ok());
    const Received fault = root.receive(client);
    CHECK(fault[1] == 0x7000'0000);
    root.interrupt(4);
    CHECK(root.receive(ThreadId::interrupt(4)).ok());
    REQUIRE(root.processor_control(trace::processor, 0));

    trace::Reader reader(memory());
    const std::vector<trace::Record> records = all(reader);
    u64 time = 0;
    for (std::size_t i = 0; i < records.size(); ++i) {
      CHECK(records[i].number == i + 1);
      CHECK(records[i].time >= time);
      time = records[i].time;
    }
    using trace::Event;
    CHECK(find(records, Event::failed, client, 3));
    const trace::Record* r = find(records, Event::message, client, handler.raw);
    REQUIRE(r);
    CHECK(r->protocol == trace::Protocol::exception);
    CHECK(r->words[2] == 3);
    r = find(records, Event::queued, client, root_id.raw);
    REQUIRE(r);
    CHECK(r->state == trace::State::sending);
    bool page_fault = false;
    for (const trace::Record& each : records)
      page_fault |= each.thread == client.raw && each.partner == root_id.raw &&
                    each.protocol == trace::Protocol::page_fault && each.words[1] == 0x7000'0000;
    CHECK(page_fault);
    bool interrupt = false;
    for (const trace::Record& each : records)
      interrupt |= each.thread == ThreadId::interrupt(4).raw && each.partner == root_id.raw &&
                   each.protocol == trace::Protocol::interrupt;
    CHECK(interrupt);
    bool idle = false;
    for (const trace::Record& each : records) idle |= each.event == Event::run && each.partner == trace::idle_thread;
    CHECK(idle);
  });
}

TEST_CASE("trace: what is overwritten is counted, and the rest is in order") {
  run_root([](User& root) {
    const ThreadId server = user_thread(1);
    REQUIRE(root.create_task(server, echo));
    pause(root);
    trace::Reader reader(memory());
    REQUIRE(root.processor_control(trace::processor, block));
    u64 seen = 0;
    u32 last = 0;
    const auto look = [&] {
      for (const trace::Record& r : all(reader)) {
        CHECK(r.number > last);
        last = r.number;
        ++seen;
      }
    };
    for (u64 n = 0; n < trace_records / 4 - 1; ++n) root.call(server, Message(1));
    look();
    CHECK(reader.lost() == 0);
    CHECK(seen == trace_records - 4);
    for (u64 n = 0; n < trace_records / 2; ++n) root.call(server, Message(1));
    look();
    CHECK(seen + reader.lost() == trace_records - 4 + trace_records * 2);
    CHECK(reader.lost() > 0);
    CHECK(reader.lost() < trace_records + 1000);
    REQUIRE(root.processor_control(trace::processor, 0));
  });
}

TEST_CASE("trace: switched on again it begins with 1, and a fast path that is off stays off") {
  run_root([](User& root) {
    const ThreadId server = user_thread(1);
    REQUIRE(root.create_task(server, echo));
    pause(root);
    for (int i = 0; i < 2; ++i) {
      REQUIRE(root.processor_control(trace::processor, block));
      REQUIRE(root.processor_control(trace::processor, block));
      root.call(server, Message(1));
      CHECK(memory()[1].number == 1);
      CHECK(memory()[4].number == 4);
      REQUIRE(root.processor_control(trace::processor, 0));
      REQUIRE(root.processor_control(trace::processor, 0));
      root.call(server, Message(1));
      CHECK(memory()[5].number == 0);
    }
    CHECK((root.machine().fast_calls != 0) == root.machine().has_fast_path());
  });
}
