// SPDX-License-Identifier: MIT
// The two ways in which text leaves a program.
#include <mica/connection.h>
#include <mica/terminal.h>

#include "console_protocol.h"
#include "io.h"
#include "program.h"

namespace runtime {

namespace {

void serial_write(std::string_view text) {
  constexpr std::uint8_t sender_empty = 0x20;
  for (const char c : text) {
    if (c == 0) continue;
    for (unsigned tries = 0; (in8(serial_port + 5) & sender_empty) == 0 && tries < 100000; ++tries) {
    }
    out8(serial_port, static_cast<std::uint8_t>(c));
  }
}

// To the terminal that an argument names. False: there is none.
bool terminal_write(std::string_view text) {
  static constinit mica::Connection<mica::Terminal> terminal{std::string_view{}};
  static constinit bool named = false;
  if (!named) {
    const std::string_view name = mica::argument("console");
    if (name.empty()) return false;
    terminal = mica::Connection<mica::Terminal>(name);
    named = true;
  }
  return mica::write_all(terminal, text).ok();
}

}  // namespace

void console_call(l4::ThreadId console, std::string_view text) {
  // The text goes straight to the message registers, the rest of the last word 0.
  const unsigned words = static_cast<unsigned>((text.size() + 7) / 8);
  L4_LoadMR(static_cast<int>(words), 0);
  __builtin_memcpy(l4_utcb() + 1, text.data(), text.size() & ~std::size_t{7});
  if ((text.size() & 7) != 0) {
    l4::Word last = 0;
    __builtin_memcpy(&last, text.data() + (text.size() & ~std::size_t{7}), text.size() & 7);
    L4_LoadMR(static_cast<int>(words), last);
  }
  L4_LoadMR(0, l4::Tag::make(console_write, words).raw);
  L4_Call(console);
}

std::string_view take_console_text(const l4::Words& message) {
  // Words 1 to 7 came in registers; the text is put together where the rest is.
  for (int i = 1; i < 8; ++i) L4_LoadMR(i, message.mr[i]);
  return {reinterpret_cast<const char*>(l4_utcb() + 1), std::size_t{message.tag().untyped()} * 8};
}

void serve_console(l4::Words& message) {
  char text[console_bytes];
  const std::string_view view = take_console_text(message);
  __builtin_memcpy(text, view.data(), view.size());
  write_text({text, view.size()});
  message = l4::Words(l4::Tag::make(0, 0));
}

void write_text(std::string_view text) {
  if (in_root_task()) return serial_write(text);
  if (in_system() && terminal_write(text)) return;
  while (!text.empty()) {
    const std::string_view part(text.data(), text.size() < console_bytes ? text.size() : console_bytes);
    console_call(starter(), part);
    text.remove_prefix(part.size());
  }
}

}  // namespace runtime
