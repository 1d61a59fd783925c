// SPDX-License-Identifier: MIT
#include "session.h"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include <servers/screen/font.h>

namespace {

using Clock = std::chrono::steady_clock;

std::vector<std::string> command_line(const Machine& machine, const std::string& serial) {
  std::vector<std::string> words = machine.command_line();
  words.insert(words.end(), {"-serial", serial, "-qmp", "stdio", "-monitor", "none"});
  return words;
}

// As QEMU names them.
std::string key_of(char c) {
  if (c >= 'A' && c <= 'Z') return std::string("shift-") + static_cast<char>(c - 'A' + 'a');
  switch (c) {
    case '\n': return "ret";
    case '\b': return "backspace";
    case '\t': return "tab";
    case ' ': return "spc";
    case '.': return "dot";
    case '-': return "minus";
    case '/': return "slash";
    case '=': return "equal";
    default: return std::string(1, c);
  }
}

constexpr std::size_t text_columns = 80, text_rows = 25;

// A picture in the form P6.
struct Picture {
  explicit Picture(const std::string& file) : bytes(file) {
    std::istringstream stream(file);
    std::string form;
    std::size_t depth = 0;
    stream >> form >> width >> height >> depth;
    stream.get();
    if (form != "P6" || !stream) width = height = 0;
    else start = static_cast<std::size_t>(stream.tellg());
    if (bytes.size() < start + width * height * 3) width = height = 0;
  }
  bool lit(std::size_t x, std::size_t y) const {
    return static_cast<unsigned char>(bytes[start + (y * width + x) * 3]) > 127;
  }
  const std::string& bytes;
  std::size_t width = 0, height = 0, start = 0;
};

const screen::Font& console_font() {
  static const std::string file = read_file(MICA_FONT);
  static const std::unique_ptr<screen::Font> font = [] {
    auto made = std::make_unique<screen::Font>();
    REQUIRE(made->read({reinterpret_cast<const unsigned char*>(file.data()), file.size()}));
    return made;
  }();
  return *font;
}

// The character that is drawn at a place; '~' for none.
char character_at(const Picture& picture, std::size_t left, std::size_t top) {
  const screen::Font& font = console_font();
  for (char c = ' '; c < '~'; ++c) {
    const unsigned glyph = font.glyph(static_cast<unsigned char>(c));
    bool same = true;
    for (unsigned y = 0; same && y < font.height(); ++y) {
      for (unsigned x = 0; same && x < font.width(); ++x) {
        same = picture.lit(left + x, top + y) == (font.row(glyph, y) << x >> 31 != 0);
      }
    }
    if (same) return c;
  }
  return '~';
}

}  // namespace

Session::Session(const Machine& machine, Serial serial)
    : qemu_(command_line(machine, serial == Serial::there ? "file:" + folder_.path("serial") : "none")) {
  (void)read_line();  // the greeting
  (void)call(R"({"execute": "qmp_capabilities"})");
}

std::string Session::read_line() {
  const auto until = Clock::now() + std::chrono::seconds(30);
  std::size_t end;
  while ((end = output_.find('\n')) == std::string::npos && !over_ && Clock::now() < until) {
    over_ = !qemu_.read_some(output_, Clock::now() + std::chrono::milliseconds(100));
  }
  if (end == std::string::npos) return {};
  const std::string line = output_.substr(0, end);
  output_.erase(0, end + 1);
  return line;
}

std::string Session::call(const std::string& request) {
  if (over_) return {};
  qemu_.write_line(request);
  for (std::string line = read_line(); !line.empty(); line = read_line()) {
    const auto answer = nlohmann::json::parse(line, nullptr, false);
    if (answer.is_discarded() || answer.contains("event")) continue;
    const auto found = answer.find("return");
    return found != answer.end() && found->is_string() ? found->get<std::string>() : std::string();
  }
  return {};
}

std::string Session::monitor(const std::string& line) {
  const nlohmann::json request = {{"execute", "human-monitor-command"}, {"arguments", {{"command-line", line}}}};
  return call(request.dump());
}

void Session::type(const std::string& text) {
  for (const char c : text) key(key_of(c));
}

std::string Session::text_screen() {
  const std::string dump = folder_.path("text");
  monitor("pmemsave 0xb8000 " + std::to_string(2 * text_columns * text_rows) + " \"" + dump + "\"");
  const std::string memory = read_file(dump);
  std::string text;
  for (std::size_t i = 0; i + 1 < memory.size(); i += 2) {
    text += memory[i];
    if (i / 2 % text_columns == text_columns - 1) text += '\n';
  }
  return text;
}

std::string Session::pixel_screen() {
  const std::string dump = folder_.path("picture");
  monitor("screendump \"" + dump + "\"");
  const std::string file = read_file(dump);
  const Picture picture(file);
  const screen::Font& font = console_font();
  std::string text;
  for (std::size_t y = 0; y + font.height() <= picture.height; y += font.height()) {
    for (std::size_t x = 0; x + font.width() <= picture.width; x += font.width()) text += character_at(picture, x, y);
    text += '\n';
  }
  return text;
}

bool Session::wait_for(const std::function<bool()>& holds, int seconds) {
  const auto until = Clock::now() + std::chrono::seconds(seconds);
  while (!over_ && Clock::now() < until) {
    if (holds()) return true;
    std::string rest;
    over_ = !qemu_.read_some(rest, Clock::now() + std::chrono::milliseconds(100));
    output_ += rest;
  }
  return holds();
}

int Session::end(int seconds) {
  const auto until = Clock::now() + std::chrono::seconds(seconds);
  while (!over_ && Clock::now() < until) over_ = !qemu_.read_some(output_, until);
  return over_ ? qemu_.wait() : -1;
}
