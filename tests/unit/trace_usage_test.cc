// SPDX-License-Identifier: MIT
// What the trace server counts (servers/trace/usage.h).
#include <doctest/doctest.h>
#include <servers/trace/usage.h>

namespace {

using mica::trace::Event;
using mica::trace::Protocol;
using mica::trace::Record;
using trace_server::Usage;

Record record(Event event, std::uint64_t time, std::uint64_t thread, std::uint64_t partner, Protocol protocol = Protocol::user) {
  Record r{};
  r.event = event, r.time = time, r.thread = thread, r.partner = partner, r.protocol = protocol;
  return r;
}

constexpr std::uint64_t anna = 0x8000'0000'0001, bert = 0x8100'0000'0001;

}  // namespace

TEST_CASE("trace usage: messages, faults and time are of the thread that had them") {
  Usage usage;
  usage.begin(1000);
  usage.add(record(Event::run, 1010, bert, anna));
  usage.add(record(Event::message, 1020, anna, bert));
  usage.add(record(Event::queued, 1030, anna, bert));
  usage.add(record(Event::message, 1040, anna, bert, Protocol::page_fault));
  usage.add(record(Event::run, 1050, anna, bert));
  REQUIRE(usage.threads() == 1);
  CHECK(usage[0].thread.raw == anna);
  CHECK(usage[0].messages == 2);
  CHECK(usage[0].faults == 1);
  CHECK(usage[0].ticks == 40);
}

TEST_CASE("trace usage: what the counts cover goes from the start to now, without gaps") {
  Usage usage;
  CHECK(usage.covered() == 0);
  usage.begin(1000);
  usage.add(record(Event::run, 1100, anna, bert));
  usage.end(1500);
  CHECK(usage.covered() == 500);
  usage.add(record(Event::run, 1600, bert, anna));
  CHECK(usage.covered() == 600);
  usage.gap();
  usage.end(9000);  // nobody knows what was until then
  CHECK(usage.covered() == 600);
  usage.add(record(Event::run, 9100, anna, bert));
  usage.end(9150);
  CHECK(usage.covered() == 650);
  REQUIRE(usage.threads() == 1);  // who ran into the gap may not have run in it
  CHECK(usage[0].thread.raw == bert);
  CHECK(usage[0].ticks == 500);
}

TEST_CASE("trace usage: a record from before the start, or written while the counts were read, takes nothing away") {
  Usage usage;
  usage.begin(1000);
  usage.add(record(Event::message, 990, anna, bert));
  CHECK(usage.covered() == 0);
  usage.add(record(Event::message, 1200, anna, bert));
  usage.end(1150);
  CHECK(usage.covered() == 200);
  CHECK(usage[0].messages == 2);
}
