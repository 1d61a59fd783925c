// SPDX-License-Identifier: MIT
// What the root server keeps notes in: who waits, who answers for a name, where tasks live and
// whose end is still to be told, restarts, interrupts, the log.
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <servers/root/interrupt_table.h>
#include <servers/root/log.h>
#include <servers/root/names.h>
#include <servers/root/places.h>
#include <servers/root/restarts.h>
#include <servers/root/waiters.h>

using mica::Error;
using mica::TaskId;
using root::InterruptTable;
using root::Waiters;
using root::Word;

namespace {

constexpr TaskId one(10, 1), two(11, 1), next_one(10, 2);

// Of how many threads that wait for it.
std::size_t answered(Waiters& waiters, Waiters::For kind, Word what) {
  std::size_t count = 0;
  waiters.answer(
      kind, [what](Word w) { return w == what; }, [&](l4::ThreadId, Word) { ++count; });
  return count;
}

std::string shown;
void show(std::string_view text) { shown += text; }

}  // namespace

TEST_CASE("waiters: a thread waits for one thing, the last that it has asked for") {
  Waiters waiters;
  for (Word name = 0; name < 2000; ++name) CHECK(waiters.add(one.thread(0), 0, Waiters::For::name, name));
  CHECK(waiters.add(one.thread(1), 0, Waiters::For::name, 1999));
  CHECK(answered(waiters, Waiters::For::name, 1998) == 0);
  CHECK(answered(waiters, Waiters::For::ending, 1999) == 0);
  CHECK(answered(waiters, Waiters::For::name, 1999) == 2);
  CHECK(answered(waiters, Waiters::For::name, 1999) == 0);
  CHECK(waiters.add(one.thread(0), 0, Waiters::For::name, 5));
  CHECK(waiters.add(one.thread(0), 0, Waiters::For::text, 5));
  CHECK(waiters.has(one.thread(0)));
  CHECK(answered(waiters, Waiters::For::name, 5) == 0);
  waiters.forget(one.thread(0));
  CHECK_FALSE(waiters.has(one.thread(0)));
}

TEST_CASE("waiters: a family has its part of the room, and no more") {
  Waiters waiters;
  for (Word family = 0; family < Waiters::families; ++family) {
    // Threads of two tasks, a parent and its child.
    Word added = 0;
    for (unsigned n = 0; n < 64; ++n) {
      const TaskId task(n % 2 == 0 ? 2 + family : 40 + family, 1);
      if (waiters.add(task.thread(n), family, Waiters::For::ending, 7)) ++added;
    }
    CHECK(added == Waiters::of_family);
  }
  waiters.forget(TaskId(2, 1));
  CHECK_FALSE(waiters.has(TaskId(2, 1).thread(0)));
  CHECK(waiters.has(TaskId(40, 1).thread(1)));
  CHECK(waiters.add(TaskId(2, 2).thread(0), 0, Waiters::For::ending, 8));
  CHECK_FALSE(waiters.add(TaskId(3, 1).thread(63), 1, Waiters::For::ending, 8));
  CHECK(answered(waiters, Waiters::For::ending, 8) == 1);
}

TEST_CASE("names: a thread answers until it, or its task, is no more") {
  root::Names names;
  CHECK(names.declare("a"));
  CHECK(names.declare("b"));
  CHECK(names.declare("a"));
  CHECK_FALSE(names.number("c"));
  const auto a = *names.number("a"), b = *names.number("b");
  names.set(a, one.thread(1));
  names.set(b, one.thread(2));
  names.forget(one.thread(2));
  CHECK(names.server(a) == one.thread(1));
  CHECK(names.server(b).is_nil());
  names.set(b, two.thread(0));
  names.forget(next_one);
  CHECK(names.server(a) == one.thread(1));
  names.forget(one);
  CHECK(names.server(a).is_nil());
  CHECK(names.server(b) == two.thread(0));
}

TEST_CASE("places: a child's end is kept for its parent, however many come after it") {
  root::Places<8> places;
  places.reserve(2);
  CHECK((places.is_reserved(1) && !places.is_reserved(2)));
  std::vector<Word> children;
  for (unsigned i = 0; i < 4; ++i) {
    children.push_back(*places.take(one));
    places.end(children.back(), 4);
  }
  for (const Word place : children) CHECK(places.has_end(place));
  // Another's children take the free places first.
  for (unsigned i = 0; i < 2; ++i) {
    const Word place = *places.take(two);
    CHECK(place >= 2);
    CHECK(std::find(children.begin(), children.end(), place) == children.end());
  }
  for (const Word place : children) CHECK(places.has_end(place));
  places.free(children[1]);
  CHECK_FALSE(places.has_end(children[1]));
  CHECK(*places.take(two) == children[1]);
  // Then those whose parents have not asked for the longest, the own ones before others'.
  CHECK(*places.take(two) == children[0]);
  places.end(children[1], 4);
  CHECK(*places.take(two) == children[1]);
  CHECK(places.has_end(children[2]));
  places.forget_children(one);
  CHECK((!places.has_end(children[2]) && !places.has_end(children[3])));
  CHECK(places.take(one));
  CHECK(places.take(one));
  CHECK_FALSE(places.take(one));
  places.free(children[0]);
  CHECK(*places.take(one) == children[0]);
}

TEST_CASE("places: a parent keeps as many ends as it may have children, the newest") {
  root::Places<8> places;
  std::vector<Word> children;
  for (unsigned i = 0; i < 5; ++i) children.push_back(*places.take(one));
  for (const Word place : children) places.end(place, 2);
  CHECK((!places.has_end(children[0]) && !places.has_end(children[1]) && !places.has_end(children[2])));
  CHECK((places.has_end(children[3]) && places.has_end(children[4])));
}

TEST_CASE("restarts: as many within a time as the policy allows") {
  root::Restarts restarts;
  CHECK_FALSE(restarts.allowed({}, 0));
  for (Word i = 0; i < 100; ++i) restarts.note(i);
  CHECK(restarts.allowed({true, 0, 0}, 100));
  root::Restarts limited;
  const root::RestartPolicy policy{true, 3, 1000};
  for (Word round = 0; round < 20; ++round) {
    const Word time = 10000 * (round + 1);
    for (Word i = 0; i < 3; ++i) {
      CHECK(limited.allowed(policy, time + i * 400));
      limited.note(time + i * 400);
    }
    CHECK_FALSE(limited.allowed(policy, time + 1000));
    CHECK(limited.allowed(policy, time + 1001));
  }
}

TEST_CASE("interrupts: lines and messages are counted apart, and go with a thread") {
  InterruptTable table;
  const auto detached = [&](auto is) {
    std::vector<Word> numbers;
    table.remove_if(is, [&](Word number) { numbers.push_back(number); });
    return numbers;
  };
  table.set(4, one.thread(0), InterruptTable::Kind::line);
  table.set(200, one.thread(1), InterruptTable::Kind::message);
  table.set(201, two.thread(0), InterruptTable::Kind::message);
  CHECK(table.messages(one) == 1);
  CHECK(table.check(4, one).ok());
  CHECK(table.check(4, two).error() == Error::busy);
  CHECK(table.check(4, next_one).error() == Error::busy);
  table.set(4, one.thread(1), InterruptTable::Kind::line);
  CHECK(table.info(0)->handler == one.thread(1));
  CHECK(table.info(3).error() == Error::not_found);
  CHECK(detached([](l4::ThreadId thread) { return thread == one.thread(0); }).empty());
  CHECK(detached([](l4::ThreadId thread) { return thread == one.thread(1); }) == std::vector<Word>{200, 4});
  CHECK(table.check(4, two).ok());
  for (Word n = 0; !table.full(); ++n) table.set(n, two.thread(0), InterruptTable::Kind::line);
  CHECK(table.check(1000, two).error() == Error::no_room);
  CHECK(table.check(3, two).ok());
}

TEST_CASE("log: what its reader has not asked for is shown when he is gone") {
  shown.clear();
  const auto log = std::make_unique<root::Log>();
  log->begin(show);
  log->write("one ");
  CHECK(shown == "one ");
  log->set_reader(one.thread(1), ~Word{0});
  log->write("two ");
  CHECK(shown == "one ");
  log->set_reader(one.thread(1), log->end());
  log->write("three ");
  log->forget(one.thread(0));
  log->forget(next_one);
  CHECK(shown == "one ");
  log->forget(one.thread(1));
  CHECK(shown == "one three ");
  log->write("four ");
  CHECK(shown == "one three four ");
  // Text that is not kept any more cannot be shown.
  log->set_reader(two.thread(0), log->end());
  const std::string line(1000, 'x');
  for (unsigned i = 0; i < 100; ++i) log->write(line);
  shown.clear();
  log->forget(two);
  CHECK(shown.size() == 32768);
  const mica::LogPiece piece = log->read(0);
  CHECK(piece.size == sizeof(piece.text));
  CHECK(piece.next == log->end() - 32768 + piece.size);
}
