// SPDX-License-Identifier: MIT
// The driver of the serial line: what it says is written is in the device, and what has come goes to
// its reader at once.
#include <doctest/doctest.h>

#include <deque>
#include <string>
#include <vector>

#include <runtime/io.h>
#include <servers/serial/server.h>

#include "harness/partner.h"

using mica::Error;
using mica::Receipt;
using mica::Terminal;
using mica::test::Ipc;
using mica::test::run_program;

namespace {

// A 16550 whose line is as slow as the test wants it.
struct Device {
  bool there = true;
  std::uint8_t registers[8] = {};
  std::string fifo, line;             // to be sent, and sent
  std::deque<char> received;
  unsigned looks_until_idle = ~0u;    // at the line status, until the rest has gone out
  bool cleared_while_sending = false;
  std::uint8_t spoils = 0;            // bits of what the driver sends, on their way through it
  std::uint16_t diverts = 0;          // and of where it sends it

  void send(std::size_t n = 16) {
    line += fifo.substr(0, n);
    fifo.erase(0, n);
  }
  std::uint8_t in(std::uint16_t port) {
    if (!there) return 0xff;
    const unsigned n = port & 7u;
    if (n == 0 && !received.empty()) {
      const char c = received.front();
      received.pop_front();
      return static_cast<std::uint8_t>(c);
    }
    if (n != 5) return registers[n];
    if (looks_until_idle != ~0u && looks_until_idle-- == 0) send();
    return static_cast<std::uint8_t>((received.empty() ? 0 : 1) | (fifo.empty() ? 0x60 : 0));
  }
  void out(std::uint16_t port, std::uint8_t value) {
    if (!there) return;
    const unsigned n = port & 7u;
    const bool divisor = (registers[3] & 0x80) != 0;
    if (n == 0 && !divisor) {
      CHECK(fifo.size() < 16);
      fifo += static_cast<char>(value);
    }
    if ((n == 2 && (value & 4) != 0) || (n == 3 && (value & 0x80) != 0)) {
      cleared_while_sending = cleared_while_sending || !fifo.empty();
    }
    if (n != 0) registers[n] = value;
  }
  bool wants_room() const { return (registers[1] & 2) != 0; }
};

struct Ports {
  Device* device;
  std::uint8_t in8(std::uint16_t port) const { return device->in(port); }
  void out8(std::uint16_t port, std::uint8_t value) const { device->out(port, value); }
  runtime::Sent send8(std::uint16_t port, std::uint8_t value) const {
    value ^= device->spoils;
    port ^= device->diverts;
    device->out(port, value);
    return {port, value};
  }
};

constexpr l4::ThreadId first = mica::TaskId(5, 2).thread(0), second = mica::TaskId(6, 2).thread(0);

struct Desk {
  Device device;
  serial::Server<Ports> server{Ports{&device}};
  std::vector<std::pair<l4::ThreadId, Receipt>> written;  // late answers
  std::vector<std::string> read;

  mica::Result<Receipt> write(l4::ThreadId thread, std::string_view text) {
    mica::Client<> client{thread, mica::TaskId::of(thread)};
    return server.handle(Terminal::write{}, client, mica::Text<400>(text));
  }
  void ask_for_keys() {
    mica::Client<> client{first, mica::TaskId::of(first)};
    CHECK(server.handle(Terminal::read{}, client).is_later());
  }
  void run(const std::function<void()>& program) {
    run_program(
        [&](Ipc& ipc) {
          if (ipc.tag().untyped() == 2 && ipc.mr[1] > 64) written.push_back({ipc.to, {ipc.mr[1], ipc.mr[2]}});
          else read.emplace_back(reinterpret_cast<const char*>(ipc.mr + 2), ipc.mr[1]);
          ipc.answer(l4::Tag::make(0, 0));
          return true;
        },
        program);
  }
};

}  // namespace

TEST_CASE("serial: a write is acknowledged when the device has all of it, and not before") {
  Desk desk;
  const std::string text = std::string(99, 'x') + "\n";
  desk.run([&] {
    REQUIRE(desk.server.init(0x3f8));
    CHECK(desk.write(first, text).is_later());
    CHECK(desk.write(second, text).is_later());  // in its turn, though there may be room for it
    CHECK(desk.device.wants_room());
    for (unsigned n = 0; n < 100 && desk.written.empty(); ++n) {
      CHECK(desk.device.line.size() + desk.device.fifo.size() < 101);
      desk.device.send();
      desk.server.interrupt(l4::ThreadId::nil());
    }
    CHECK(desk.device.line.size() + desk.device.fifo.size() >= 101);
    for (unsigned n = 0; n < 100 && desk.written.size() < 2; ++n) {
      desk.device.send();
      desk.server.interrupt(l4::ThreadId::nil());
    }
    desk.device.send();
    CHECK_FALSE(desk.device.wants_room());
  });
  const std::string shown = std::string(99, 'x') + "\r\n";
  CHECK(desk.device.line == shown + shown);
  REQUIRE(desk.written.size() == 2);
  CHECK(desk.written[0] == std::pair{first, mica::receipt_for(text)});
  CHECK(desk.written[1] == std::pair{second, mica::receipt_for(text)});
}

TEST_CASE("serial: what fits is acknowledged at once") {
  Desk desk;
  desk.run([&] {
    REQUIRE(desk.server.init(0x3f8));
    for (const std::string_view text : {std::string_view("a\0b\n", 4), std::string_view("\r\n\rc\r")}) {
      const auto receipt = desk.write(first, text);
      REQUIRE(receipt.ok());
      CHECK(*receipt == mica::receipt_for(text));
      desk.device.send();
    }
  });
  CHECK(desk.device.line == "ab\r\n\r\n\rc\r");
  CHECK(desk.written.empty());
}

TEST_CASE("serial: what the device got is what the receipt is for") {
  Desk desk;
  desk.run([&] {
    REQUIRE(desk.server.init(0x3f8));
    desk.device.spoils = 4;
    const auto receipt = desk.write(first, "written");
    REQUIRE(receipt.ok());
    CHECK_FALSE(*receipt == mica::receipt_for("written"));
    CHECK(*receipt == mica::receipt_for(desk.device.fifo));
    desk.device.spoils = 0;
    desk.device.fifo.clear();
    for (const std::uint8_t bit : {std::uint8_t{1}, std::uint8_t{2}, std::uint8_t{4}}) {  // the other registers of the device
      desk.device.diverts = bit;
      const auto lost = desk.write(first, "written");
      REQUIRE(lost.ok());
      CHECK_FALSE(*lost == mica::receipt_for("written"));
      CHECK(desk.device.fifo.empty());
    }
  });
}

TEST_CASE("serial: sixteen writers wait, and a further one is told") {
  Desk desk;
  desk.run([&] {
    REQUIRE(desk.server.init(0x3f8));
    for (unsigned n = 0; n < 16; ++n) CHECK(desk.write(first, std::string(100, 'a')).is_later());
    CHECK(desk.write(second, "b").error() == Error::busy);
  });
}

TEST_CASE("serial: a writer that has given up gets no late answer, and its text is shown") {
  Desk desk;
  desk.run([&] {
    REQUIRE(desk.server.init(0x3f8));
    CHECK(desk.write(first, std::string(100, 'a')).is_later());
    CHECK(desk.write(first, std::string(101, 'b')).is_later());
    for (unsigned n = 0; n < 100; ++n) {
      desk.device.send();
      desk.server.interrupt(l4::ThreadId::nil());
    }
  });
  CHECK(desk.device.line == std::string(100, 'a') + std::string(101, 'b'));
  REQUIRE(desk.written.size() == 1);
  CHECK(desk.written[0].second.count == 101);
}

TEST_CASE("serial: a burst of characters is one answer") {
  Desk desk;
  desk.run([&] {
    REQUIRE(desk.server.init(0x3f8));
    desk.ask_for_keys();
    for (const char c : std::string("\x1b[A")) desk.device.received.push_back(c);
    desk.server.interrupt(l4::ThreadId::nil());
    desk.ask_for_keys();
    for (unsigned n = 0; n < 64; ++n) desk.device.received.push_back('k');
    desk.server.interrupt(l4::ThreadId::nil());
  });
  CHECK(desk.read == std::vector<std::string>{"\x1b[A", std::string(64, 'k')});
  CHECK(desk.device.received.empty());
}

TEST_CASE("serial: what an earlier driver has acknowledged goes out") {
  Desk desk;
  desk.device.fifo = "acknowledged";
  desk.device.looks_until_idle = 100;
  CHECK(desk.server.init(0x3f8));
  CHECK(desk.device.line == "acknowledged");
  CHECK_FALSE(desk.device.cleared_while_sending);
  // A line that does not move is not waited for for ever.
  Desk stuck;
  stuck.device.fifo = "acknowledged";
  CHECK(stuck.server.init(0x3f8));
  CHECK(stuck.device.fifo == "acknowledged");
}

TEST_CASE("serial: without a device") {
  Desk desk;
  desk.device.there = false;
  CHECK_FALSE(desk.server.init(0x3f8));
  CHECK(desk.write(first, "a").error() == Error::device);
}
