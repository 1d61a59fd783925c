// SPDX-License-Identifier: MIT
#include "terminals.h"

#include <mica/keyboard.h>
#include <mica/pci.h>
#include <mica/terminal.h>
#include <runtime/print.h>

#include "ask.h"

namespace campaign {

namespace {

using mica::Keyboard;
using mica::Pci;
using mica::Terminal;

constexpr Word video_window = Word{1} << 41;

// "written 0000012" for 12.
struct Line {
  char text[15] = {'w', 'r', 'i', 't', 't', 'e', 'n', ' ', '0', '0', '0', '0', '0', '0', '0'};
  explicit Line(Word n) {
    for (unsigned at = sizeof(text) - 1; n != 0; n /= 10) text[at--] = static_cast<char>('0' + n % 10);
  }
  std::string_view view() const { return {text, sizeof(text)}; }
  std::string_view number() const { return view().substr(8); }
};

// Good if the terminal says that it has shown all of the text and nothing else.
Answer write(l4::ThreadId server, std::string_view before, std::string_view line, std::string_view after) {
  char text[64];
  std::size_t size = 0;
  for (const std::string_view part : {before, line, after}) {
    for (const char c : part) text[size++] = c;
  }
  const mica::Text<400> whole(std::string_view(text, size));
  const auto receipt = ask<Terminal::write>(server, whole);
  if (!receipt) return Answer::none;
  return *receipt == mica::receipt_for(whole) ? Answer::good : Answer::wrong;
}

// Where the card has all of its memory in one piece, whatever part of it programs of old find at
// 0xa0000: in text mode four bytes a cell, of which the first one is the character.
bool shows(std::string_view text) {
  const auto* const cells = reinterpret_cast<const volatile char*>(video_window);
  bool same = true;
  for (std::size_t i = 0; i < text.size(); ++i) same = same && cells[4 * i] == text[i];
  return same;
}

}  // namespace

bool begin_terminals() {
  const auto pci = mica::call<mica::Root::find>(mica::root_server(), mica::Name("pci"));
  if (!pci) return false;
  for (Word n = 0;; ++n) {
    const auto function = mica::call<Pci::function>(*pci, n);
    if (!function) return false;
    if (function->class_code >> 8 != 0x0300) continue;
    const auto region = mica::call<Pci::region>(*pci, n, Word{0});
    if (!region) return false;
    const mica::Window here{l4::Fpage::page(video_window)};
    return mica::map_call<mica::Root::device_memory>(mica::root_server(), here, region->address, Word{12}).ok();
  }
}

Answer probe_serial(l4::ThreadId server, Word n) {
  const Line line(n);
  const Answer answer = write(server, "", line.view(), "\n");
  if (answer == Answer::good) runtime::print("acknowledged {}\n", line.number());
  return answer;
}

Answer probe_screen(l4::ThreadId server, Word n) {
  const Line line(n);
  const Answer answer = write(server, "\x1b[H", line.view(), "");
  return answer == Answer::good && !shows(line.view()) ? Answer::wrong : answer;
}

Answer probe_keyboard(l4::ThreadId server, Word n) {
  constexpr std::string_view row = "qwertyuiop";
  const Word key = n % row.size(), code = 0x10 + key;
  if (!ask<Keyboard::press>(server, code)) return Answer::none;
  const auto typed = ask<Keyboard::read>(server);
  if (!typed) return Answer::none;
  const bool released = ask<Keyboard::press>(server, code | 0x80).ok();
  if (!released) return Answer::none;
  // Before it may be what nobody has read.
  return typed->view().ends_with(row[key]) ? Answer::good : Answer::wrong;
}

}  // namespace campaign
