// SPDX-License-Identifier: MIT
// The terminal at a serial line. A write is answered when the device has all of its text: what
// a driver still had when it ends would be lost although it was acknowledged. So writers wait, in
// their order and each with its text, and the device takes from the first one.
#pragma once

#include <mica/server.h>
#include <mica/terminal.h>
#include <mica/typed.h>
#include <runtime/ring.h>

#include "uart.h"

namespace serial {

using mica::Error;
using mica::Receipt;
using mica::Result;
using mica::Terminal;

template <typename Ports>
class Server {
 public:
  using Interface = Terminal;
  using Client = mica::Client<>;
  static constexpr std::size_t most_writers = 16;

  constexpr explicit Server(Ports ports) : uart_(ports, 0), ports_(ports) {}

  // False: there is no device, which every operation answers then.
  bool init(std::uint16_t port) {
    uart_ = {ports_, port};
    present_ = uart_.present();
    if (present_) uart_.init();
    return present_;
  }

  Result<Receipt> handle(Terminal::write, Client& client, const mica::Text<400>& text) {
    if (!present_) return Error::device;
    forget_wait(client.thread);
    typed_.asks_otherwise(client.thread);
    Progress progress;
    if (writers_.empty() && hand_over(text, progress)) return progress.tally.receipt();
    if (!writers_.push({client.thread, text, progress})) return Error::busy;
    uart_.want_interrupts(true);
    return Result<Receipt>::later();
  }

  Result<mica::Text<64>> handle(Terminal::read, Client& client) {
    if (!present_) return Error::device;
    forget_wait(client.thread);
    return typed_.read(client.thread);
  }

  Result<Terminal::Size> handle(Terminal::size, Client& client) {
    forget_wait(client.thread);
    typed_.asks_otherwise(client.thread);
    return Terminal::Size{0, 0};
  }

  void interrupt(l4::ThreadId) {
    uart_.acknowledge();
    receive();
    while (!writers_.empty() && hand_over(writers_.front().text, writers_.front().progress)) {
      const Writer done = writers_.pop();
      if (!done.thread.is_nil()) mica::answer<Terminal::write>(done.thread, done.progress.tally.receipt());
    }
    uart_.want_interrupts(!writers_.empty());
  }

 private:
  struct Progress {
    std::size_t next = 0;
    mica::Tally tally;
  };
  struct Writer {
    l4::ThreadId thread;
    mica::Text<400> text;
    Progress progress;
  };

  // A thread that asks for something has given up what it waited for. Its text is shown all the same.
  void forget_wait(l4::ThreadId thread) {
    writers_.for_each([thread](Writer& writer) {
      if (writer.thread == thread) writer.thread = l4::ThreadId::nil();
    });
  }

  // As much as the device takes now. True: that was the rest.
  bool hand_over(std::string_view text, Progress& progress) {
    unsigned room = 0;
    for (; progress.next < text.size(); ++progress.next) {
      const char c = text[progress.next];
      if (room < 2) {  // a line feed goes out as two characters
        if (!uart_.can_send()) return false;
        room = uart_.fifo_bytes;
      }
      if (c == '\n' && !progress.tally.after_carriage()) send('\r', progress), --room;
      if (c != 0) send(c, progress), --room;
    }
    return true;
  }

  void send(char c, Progress& progress) { progress.tally.add(uart_.send(c)); }

  // All that is there at once, so that a reader does not get the first character alone.
  void receive() {
    char text[4 * Uart<Ports>::fifo_bytes];
    std::size_t n = 0;
    do {
      for (n = 0; n < sizeof(text) && uart_.readable(); ++n) text[n] = uart_.receive();
      typed_.push({text, n});
    } while (n == sizeof(text));
  }

  Uart<Ports> uart_;
  [[no_unique_address]] Ports ports_;
  bool present_ = false;
  mica::Typed<Terminal::read> typed_;
  runtime::Ring<Writer, most_writers> writers_;
};

}  // namespace serial
