// SPDX-License-Identifier: MIT
// Screen and keyboard as a terminal.
//
// Owns: VGA's text memory and its cursor, or the framebuffer that the boot loader has set up.
// Serves: mica::Terminal under the names that the manifest lets it provide (argument name=). What is
// read there is typed at the service that argument keyboard= names; `log` shows the log too.
// Trusts: the root server. Nobody waits for anybody else: text is shown at once, a reader waits
// alone, and a keyboard is waited for by a thread of its own. Without a display it says so and ends.
#include <mica/server.h>
#include <mica/terminal.h>
#include <mica/typed.h>
#include <runtime/io.h>
#include <runtime/program.h>

#include "framebuffer.h"
#include "helpers.h"
#include "interpreter.h"
#include "vga_text.h"

extern "C" const unsigned char font_begin[], font_end[];

namespace {

using mica::Error;
using mica::Result;
using mica::Root;
using mica::Terminal;
using mica::Word;

constinit screen::Font font;
constinit screen::VgaText<runtime::MachinePorts> vga;
constinit screen::Framebuffer framebuffer;
constinit screen::Grid grid;
constinit screen::Painter painter;

// Device memory appears at its own address behind this one.
constexpr Word window = Word{1} << 46;

// Maps low .. high - 1. Null: the root server does not give it.
volatile std::uint8_t* map(Word low, Word high) {
  const Word first = low & ~Word{0xfff};
  for (Word at = first; at < high;) {
    unsigned order = 12;
    while (order < 30 && (at & ((Word{2} << order) - 1)) == 0 && at + (Word{2} << order) <= ((high + 0xfff) & ~Word{0xfff})) {
      ++order;
    }
    const mica::Window here{l4::Fpage::memory(window + at, order)};
    if (!mica::map_call<Root::device_memory>(mica::root_server(), here, at, Word{order})) return nullptr;
    at += Word{1} << order;
  }
  return reinterpret_cast<volatile std::uint8_t*>(window + low);
}

// Null if there is nothing to show text on.
screen::Display* find_display() {
  const auto info = mica::call<Root::framebuffer>(mica::root_server());
  if (info && info->kind == mica::FramebufferInfo::direct_colour) {
    const screen::Framebuffer::Mode mode{static_cast<unsigned>(info->pitch), static_cast<unsigned>(info->width),
                                         static_cast<unsigned>(info->height), static_cast<unsigned>(info->bits)};
    if (!screen::Framebuffer::can_show(mode)) return nullptr;
    if (!font.read({font_begin, static_cast<std::size_t>(font_end - font_begin)})) return nullptr;
    volatile std::uint8_t* const pixels = map(info->base, info->base + info->pitch * info->height);
    if (pixels == nullptr) return nullptr;
    framebuffer.init(pixels, mode, font);
    framebuffer.clear();
    return &framebuffer;
  }
  constexpr Word cells = screen::VgaText<runtime::MachinePorts>::physical;
  volatile std::uint8_t* const memory = map(cells, cells + screen::VgaText<runtime::MachinePorts>::bytes);
  if (memory == nullptr) return nullptr;
  return vga.init(reinterpret_cast<volatile std::uint16_t*>(memory), 80, 25) ? &vga : nullptr;
}

class Screen {
 public:
  using Interface = Terminal;
  struct Session {};
  using Client = mica::Client<Session>;

  void init(screen::Display& display) {
    display_ = &display;
    grid.resize(display.columns(), display.rows());
    painter.show_all(grid, true, display);
  }

  Result<mica::Receipt> handle(Terminal::write, Client& client, const mica::Text<400>& text) {
    typed_.asks_otherwise(client.thread);
    mica::Tally tally;
    for (const char c : text.view()) {
      interpreter_.feed(c);
      tally.add(c);
    }
    painter.show(grid, interpreter_.shows_cursor(), *display_);
    return tally.receipt();
  }

  Result<mica::Text<64>> handle(Terminal::read, Client& client) {
    if (!has_keys_) return Error::ended;
    return typed_.read(client.thread);
  }

  Result<Terminal::Size> handle(Terminal::size, Client& client) {
    typed_.asks_otherwise(client.thread);
    return Terminal::Size{grid.columns(), grid.rows()};
  }

  // Of the keyboard's thread, helpers.h.
  bool message(l4::ThreadId from, l4::Words& m) {
    if (from.is_local()) from = l4::ThreadId(L4_GlobalIdOf(from));
    if (mica::TaskId::of(from) != mica::this_task().task) return false;
    const long label = m.tag().label();
    mica::Text<400> text;
    mica::wire::Cursor in{m};
    if (!in.take(text, 1 + m.tag().untyped())) return false;
    has_keys_ = label == screen::keys_label || (has_keys_ && label != screen::no_keys_label);
    if (label == screen::keys_label) typed_.push(text);
    if (label == screen::no_keys_label) typed_.fail(Error::ended);
    m = l4::Words(l4::Tag::make(0, 0));
    return true;
  }

 private:
  screen::Display* display_ = nullptr;
  screen::Interpreter interpreter_{grid};
  mica::Typed<Terminal::read> typed_;
  bool has_keys_ = true;
};

constinit Screen server;

}  // namespace

int main() {
  screen::Display* const display = find_display();
  if (display == nullptr) {
    runtime::print("screen: there is no display for text\n");
    return 0;
  }
  server.init(*display);
  if (!mica::argument("log").empty()) screen::hand_over_log();
  const std::string_view name = mica::argument("name"), keyboard = mica::argument("keyboard");
  screen::hand_over_keys(keyboard.empty() ? "keyboard" : keyboard);
  mica::serve(server, name.empty() ? "screen" : name);
}
