// SPDX-License-Identifier: MIT
// A terminal's client: which acknowledgements count.
#include <doctest/doctest.h>

#include <sys/mman.h>

#include <functional>
#include <string>

#include <mica/terminal.h>

#include "harness/partner.h"

using mica::Error;
using mica::Receipt;
using mica::Root;
using mica::Terminal;
using mica::test::Ipc;
using mica::test::run_program;

namespace {

constexpr l4::ThreadId root = mica::TaskId(1, 2).thread(0), server = mica::TaskId(5, 2).thread(0);

// The page that says who the root server is; where AddressSanitizer has its shadow, there is none.
bool has_task_page() {
  static void* const page = mmap(reinterpret_cast<void*>(mica::TaskPage::address), 4096, PROT_READ | PROT_WRITE,
                                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (page == MAP_FAILED) return false;
  *static_cast<l4::ThreadId*>(page) = root;
  return true;
}

// A terminal that shows what `spoil` makes of a piece.
struct Desk {
  std::function<std::string(std::string)> spoil = [](std::string text) { return text; };
  std::string shown;
  unsigned pieces = 0, complaints = 0;

  mica::Result<void> write(std::string_view text) {
    mica::Result<void> result = Error::none;
    run_program(
        [this](Ipc& ipc) {
          if (ipc.to == root && ipc.tag().label() == Root::find::label()) {
            ipc.answer(l4::Tag::make(0, 1), server.raw);
          } else if (ipc.to == root) {
            complaints += ipc.tag().label() == Root::complain::label() && ipc.mr[1] == server.raw ? 1u : 0u;
            ipc.answer(l4::Tag::make(0, 0));
          } else {
            ++pieces;
            const std::string piece = spoil({reinterpret_cast<const char*>(ipc.mr + 2), ipc.mr[1]});
            shown += piece;
            const Receipt receipt = mica::receipt_for(piece);
            ipc.answer(l4::Tag::make(0, 2), receipt.count, receipt.sum);
          }
          return true;
        },
        [&] {
          mica::Connection<Terminal> terminal("serial");
          result = mica::write_all(terminal, text);
        });
    return result;
  }
};

}  // namespace

TEST_CASE("terminal: a text of any length is written in pieces") {
  if (!has_task_page()) return;
  Desk desk;
  std::string text;
  for (unsigned n = 0; n < 1000; ++n) text += static_cast<char>('a' + n % 26);
  CHECK(desk.write(text).ok());
  CHECK(desk.shown == text);
  CHECK(desk.pieces == 3);
  CHECK(desk.complaints == 0);
}

TEST_CASE("terminal: the receipt of another text is no acknowledgement, and the root server hears of it") {
  if (!has_task_page()) return;
  const std::function<std::string(std::string)> spoilers[] = {
      [](const std::string&) { return std::string(); },
      [](std::string text) { return text.substr(1); },
      [](std::string text) { return text + "x"; },
      [](std::string text) { return std::swap(text[0], text[1]), text; },
      [](std::string text) { return text[7] ^= 4, text; },
  };
  for (const auto& spoil : spoilers) {
    Desk desk;
    desk.spoil = spoil;
    CHECK(desk.write("acknowledged").error() == Error::bad_reply);
    CHECK(desk.complaints == 1);
  }
}

TEST_CASE("terminal: receipts tell texts apart, but for NULs and the CR before an LF") {
  using mica::receipt_for;
  CHECK(receipt_for("") == Receipt{});
  CHECK(receipt_for("a\n") == receipt_for("a\r\n"));
  CHECK(receipt_for(std::string_view("a\0b", 3)) == receipt_for("ab"));
  for (const char* const other : {"b\na", "a\nb\r", "\ra\nb", "a\r\r\nb", "a\nbb", "a\n", "a\rb", "a\n\rb"}) {
    CHECK_FALSE(receipt_for(other) == receipt_for("a\nb"));
  }
  CHECK(receipt_for("a\r").count == 2);
}
