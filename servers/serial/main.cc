// SPDX-License-Identifier: MIT
// The serial line as a terminal.
//
// Owns: one 16550 (argument port=, default 0x3f8, and irq=, default 4), and shows the log.
// Serves: mica::Terminal under the names that the manifest lets it provide (argument name=).
// Trusts: the root server. A writer that fills the queue waits, nobody else does; text of a
// client that does not wait for its answer is shown all the same. Without a device,
// every operation answers Error::device.
#include <mica/server.h>
#include <mica/terminal.h>
#include <mica/typed.h>
#include <runtime/io.h>
#include <runtime/program.h>
#include <runtime/threads.h>

#include <ukernel/boot/fixed_vector.h>

#include "ring.h"
#include "uart.h"

namespace {

using mica::Error;
using mica::Result;
using mica::Terminal;
using mica::Word;

struct Ports {
  std::uint8_t in8(std::uint16_t port) const { return runtime::in8(port); }
  void out8(std::uint16_t port, std::uint8_t value) const { runtime::out8(port, value); }
};

class Serial {
 public:
  using Interface = Terminal;
  using Client = mica::Client<>;

  void init(std::uint16_t port, Word line) {
    uart_ = {Ports{}, port};
    present_ = uart_.present();
    if (!present_) return;
    uart_.init();
    const auto attached = mica::call<mica::Root::attach_interrupt>(mica::root_server(), line, Word{0});
    if (!attached) runtime::print("serial: interrupt {}: {}\n", line, mica::text(attached.error()));
  }

  Result<void> handle(Terminal::write, Client& client, const mica::Text<400>& text) {
    if (!present_) return Error::device;
    typed_.asks_otherwise(client.thread);
    if (waiting_ != 0 || room() < text.size()) return postpone(client, text);
    put(text);
    return {};
  }

  Result<mica::Text<64>> handle(Terminal::read, Client& client) {
    if (!present_) return Error::device;
    return typed_.read(client.thread);
  }

  Result<Terminal::Size> handle(Terminal::size, Client&) { return Terminal::Size{0, 0}; }

  void interrupt(l4::ThreadId) {
    uart_.acknowledge();
    while (uart_.readable()) {
      const char c = uart_.receive();
      typed_.push({&c, 1});
    }
    transmit();
  }

 private:
  struct Writer {
    l4::ThreadId thread;
    mica::Text<400> text;
  };
  static constexpr std::size_t most_writers = 16;

  // A line feed goes out as two characters.
  std::size_t room() const { return text_.room() / 2; }

  void put(std::string_view text) {
    for (const char c : text) {
      if (c == 0) continue;
      if (c == '\n') text_.push('\r');
      text_.push(c);
    }
    transmit();
  }

  Result<void> postpone(const Client& client, const mica::Text<400>& text) {
    if (waiting_ == most_writers) return Error::busy;
    writers_[waiting_++] = {client.thread, text};
    return Result<void>::later();
  }

  void transmit() {
    while (!text_.empty() && uart_.can_send()) {
      for (unsigned i = 0; i < uart_.fifo_bytes && !text_.empty(); ++i) uart_.send(text_.pop());
    }
    uart_.want_interrupts(!text_.empty());
    while (waiting_ > 0 && room() >= writers_[0].text.size()) {
      const Writer next = writers_[0];
      for (std::size_t i = 1; i < waiting_; ++i) writers_[i - 1] = writers_[i];
      --waiting_;
      put(next.text);
      mica::answer<Terminal::write>(next.thread, {});
    }
  }

  serial::Uart<Ports> uart_{Ports{}, 0};
  bool present_ = false;
  serial::Ring<8192> text_;
  mica::Typed<Terminal::read> typed_;
  std::array<Writer, most_writers> writers_{};
  std::size_t waiting_ = 0;
};

constinit Serial server;
alignas(16) constinit std::byte log_stack[4096]{};

// Shows the log as it grows.
void show_log(Word) {
  Word position = ~Word{0};  // what is there already has been printed
  const l4::ThreadId terminal = mica::this_task().task.thread(0);
  for (;;) {
    const auto piece = mica::call<mica::Root::log>(mica::root_server(), position);
    if (!piece) continue;
    position = piece->next;
    (void)mica::call<Terminal::write>(terminal, mica::Text<400>(std::string_view(piece->text, piece->size)));
  }
}

}  // namespace

int main() {
  server.init(static_cast<std::uint16_t>(mica::number_argument("port", 0x3f8)), mica::number_argument("irq", 4));
  if (!mica::argument("log").empty()) (void)runtime::start_task_thread(show_log, 0, log_stack);
  const std::string_view name = mica::argument("name");
  mica::serve(server, name.empty() ? "serial" : name);
}
