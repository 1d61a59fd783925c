// SPDX-License-Identifier: MIT
// Characters and their reader: none is lost to a reader that does not wait any more, and no other
// answer is taken for one.
#include <doctest/doctest.h>

#include <sys/mman.h>

#include <string>
#include <vector>

#include <mica/terminal.h>
#include <mica/typed.h>

#include "harness/partner.h"

using mica::Error;
using mica::Terminal;
using mica::test::Ipc;
using mica::test::run_program;

namespace {

constexpr mica::TaskId task(5, 2);
const l4::ThreadId reader = task.thread(0), other = task.thread(1);

// A typed text with its partners: `waits` says whether they take an answer.
struct Desk {
  mica::Typed<Terminal::read, 128> typed;
  bool waits = true;
  std::string taken;  // by whom, and what
  std::vector<Error> errors;

  void run(const std::function<void()>& program) {
    run_program(
        [&](Ipc& ipc) {
          CHECK((ipc.timeouts.raw >> 16) == L4_ZeroTime.raw);  // nobody is waited for
          if (!waits) {
            ipc.fail(L4_IpcTimeout, false);
            return true;
          }
          if (ipc.tag().label() != 0) {
            errors.push_back(static_cast<Error>(ipc.tag().label()));
          } else {
            taken += ipc.to == reader ? "1:" : "2:";
            taken.append(reinterpret_cast<const char*>(ipc.mr + 2), ipc.mr[1]);
            taken += ' ';
          }
          ipc.answer(l4::Tag::make(0, 0));
          return true;
        },
        program);
  }
};

// The page that says which tasks live, as the root server maps it; where AddressSanitizer has its
// shadow, MAP_FAILED.
void* life() {
  static void* const page = mmap(reinterpret_cast<void*>(mica::SystemPage::address), 8192, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  return page;
}

}  // namespace

TEST_CASE("typed: a reader that waits, and text that waits") {
  Desk desk;
  desk.run([&] {
    CHECK(desk.typed.read(reader).is_later());
    desk.typed.push("ab");
    desk.typed.push("c");
    desk.typed.push("d");
    CHECK(desk.typed.read(reader).is_later());
  });
  CHECK(desk.taken == "1:ab 1:cd ");
}

TEST_CASE("typed: what a reader does not take is the next one's") {
  Desk desk;
  desk.run([&] {
    CHECK(desk.typed.read(reader).is_later());
    desk.waits = false;
    desk.typed.push("ab");
    CHECK(desk.typed.read(reader).is_later());  // gives up before the answer
    desk.waits = true;
    desk.typed.push("c");
    CHECK(desk.taken.empty());  // it does not wait now
    CHECK(desk.typed.read(reader).is_later());
  });
  CHECK(desk.taken == "1:abc ");
}

TEST_CASE("typed: a thread that asks for something else does not read") {
  Desk desk;
  desk.run([&] {
    CHECK(desk.typed.read(reader).is_later());
    desk.typed.asks_otherwise(reader);
    desk.typed.push("x");
    CHECK(desk.taken.empty());
    desk.typed.asks_otherwise(other);
    CHECK(desk.typed.read(reader).is_later());
  });
  CHECK(desk.taken == "1:x ");
}

TEST_CASE("typed: one reader at a time, while it lives") {
  if (life() == MAP_FAILED) return;
  auto* const page = static_cast<std::uint32_t*>(life());
  Desk desk;
  desk.run([&] {
    page[task.index()] = static_cast<std::uint32_t>(task.version());
    CHECK(desk.typed.read(reader).is_later());
    CHECK(desk.typed.read(other).error() == Error::busy);
    CHECK(desk.typed.read(reader).is_later());
    page[task.index()] = 0;
    CHECK(desk.typed.read(other).is_later());
    desk.typed.push("y");
  });
  CHECK(desk.taken == "2:y ");
}

TEST_CASE("typed: too much is lost at the end, long text comes in pieces, and an end is told") {
  Desk desk;
  desk.run([&] {
    desk.typed.push(std::string(100, 'a') + std::string(100, 'b'));
    CHECK(desk.typed.read(reader).is_later());
    CHECK(desk.typed.read(reader).is_later());
    desk.typed.fail(Error::ended);
    CHECK(desk.errors.empty());  // nobody waited
    CHECK(desk.typed.read(reader).is_later());
    desk.typed.fail(Error::ended);
  });
  CHECK(desk.taken == "1:" + std::string(64, 'a') + " 1:" + std::string(36, 'a') + std::string(28, 'b') + " ");
  CHECK(desk.errors == std::vector{Error::ended});
}
