// SPDX-License-Identifier: MIT
#include "line_editor.h"

namespace shell {

namespace {

constexpr char control(char letter) { return static_cast<char>(letter & 0x1f); }
constexpr std::string_view bell = "\a", clear_screen = "\x1b[H\x1b[2J", erase_to_end = "\x1b[K";

// What the completer has offered so far: the longest common beginning, and how many.
struct Candidates {
  std::array<char, 64> common{};
  std::size_t common_size = 0, count = 0;
  LineEditor::Sink list = nullptr;  // not null: show them
  std::string_view beginning;
};

void offer(void* context, std::string_view candidate) {
  auto& all = *static_cast<Candidates*>(context);
  if (!candidate.starts_with(all.beginning)) return;
  if (all.list != nullptr) {
    all.list(candidate);
    all.list("  ");
    return;
  }
  if (all.count++ == 0) {
    all.common_size = candidate.size() < all.common.size() ? candidate.size() : all.common.size();
    for (std::size_t i = 0; i < all.common_size; ++i) all.common[i] = candidate[i];
    return;
  }
  std::size_t same = 0;
  while (same < all.common_size && same < candidate.size() && all.common[same] == candidate[same]) ++same;
  all.common_size = same;
}

}  // namespace

void LineEditor::begin(std::string_view prompt) {
  prompt_ = prompt;
  size_ = cursor_ = back_ = 0;
  tabbed_ = false;
  sink_(prompt_);
}

LineEditor::Event LineEditor::feed(char c) {
  const bool was_tab = tabbed_;
  tabbed_ = false;
  if (escape_ != Escape::none) return escape(c), Event::none;
  switch (c) {
    case '\r':
    case '\n':
      sink_("\n");
      remember();
      return Event::line;
    case control('C'):
      sink_("^C\n");
      return Event::cancelled;
    case control('D'):
      if (size_ == 0) return sink_("\n"), Event::end;
      if (cursor_ < size_) erase(cursor_, cursor_ + 1);
      break;
    case '\x1b': escape_ = Escape::started; break;
    case control('A'): move_to(0); break;
    case control('E'): move_to(size_); break;
    case control('B'): move_to(cursor_ > 0 ? cursor_ - 1 : 0); break;
    case control('F'): move_to(cursor_ < size_ ? cursor_ + 1 : size_); break;
    case control('K'): erase(cursor_, size_); break;
    case control('U'): erase(0, cursor_); break;
    case control('W'): erase(word_start(), cursor_); break;
    case control('P'): recall(back_ + 1); break;
    case control('N'): recall(back_ > 0 ? back_ - 1 : 0); break;
    case control('L'):
      sink_(clear_screen);
      redraw();
      break;
    case '\b':
    case '\x7f':
      if (cursor_ > 0) erase(cursor_ - 1, cursor_);
      break;
    case '\t':
      tabbed_ = was_tab;
      complete();
      tabbed_ = true;
      break;
    default:
      if (static_cast<unsigned char>(c) >= ' ') insert(c);
  }
  return Event::none;
}

// ESC [ A and ESC O A are the same key; ESC [ 3 ~ has a number.
void LineEditor::escape(char c) {
  if (escape_ == Escape::started && (c == '[' || c == 'O')) {
    escape_ = Escape::bracket;
    return;
  }
  if (escape_ == Escape::bracket && c >= '0' && c <= '9') {
    escape_ = Escape::number;
    escape_number_ = c;
    return;
  }
  if (escape_ == Escape::number && c != '~') {
    if (c < ' ' || c >= '@') escape_ = Escape::none;
    return;  // further numbers of the sequence
  }
  const char key = escape_ == Escape::number ? escape_number_ : escape_ == Escape::bracket ? c : char{0};
  escape_ = Escape::none;
  switch (key) {
    case 'A': recall(back_ + 1); break;
    case 'B': recall(back_ > 0 ? back_ - 1 : 0); break;
    case 'C': move_to(cursor_ < size_ ? cursor_ + 1 : size_); break;
    case 'D': move_to(cursor_ > 0 ? cursor_ - 1 : 0); break;
    case 'H':
    case '1': move_to(0); break;
    case 'F':
    case '4': move_to(size_); break;
    case '3':
      if (cursor_ < size_) erase(cursor_, cursor_ + 1);
      break;
    default: break;
  }
}

void LineEditor::insert(char c) {
  if (size_ == capacity) return sink_(bell);
  for (std::size_t i = size_++; i > cursor_; --i) text_[i] = text_[i - 1];
  text_[cursor_++] = c;
  show_from(cursor_ - 1);
}

void LineEditor::erase(std::size_t from, std::size_t to) {
  move_to(from);
  for (std::size_t i = to; i < size_; ++i) text_[from + i - to] = text_[i];
  size_ -= to - from;
  cursor_ = from;
  sink_(erase_to_end);
  show_from(from);
}

// The cursor stands where `position` is shown; afterwards it is where it belongs.
void LineEditor::show_from(std::size_t position) {
  sink_({text_.data() + position, size_ - position});
  move_left(size_ - cursor_);
}

void LineEditor::move_left(std::size_t n) {
  while (n-- > 0) sink_("\b");
}

void LineEditor::move_to(std::size_t cursor) {
  if (cursor < cursor_) move_left(cursor_ - cursor);
  else sink_({text_.data() + cursor_, cursor - cursor_});
  cursor_ = cursor;
}

void LineEditor::redraw() {
  sink_("\r");
  sink_(prompt_);
  sink_(erase_to_end);
  show_from(0);
}

void LineEditor::recall(std::size_t back) {
  if (back > kept_ || back == back_) return sink_(bell);
  if (back_ == 0) draft_ = {text_, size_};
  const Past& line = back == 0 ? draft_ : past(back);
  text_ = line.text;
  size_ = cursor_ = line.size;
  back_ = back;
  redraw();
}

// Neither empty lines nor the same one twice.
void LineEditor::remember() {
  if (size_ == 0) return;
  if (kept_ > 0 && std::string_view(past(1).text.data(), past(1).size) == line()) return;
  history_[newest_] = {text_, size_};
  newest_ = (newest_ + 1) % history_lines;
  if (kept_ < history_lines - 1) ++kept_;
}

std::size_t LineEditor::word_start() const {
  std::size_t start = cursor_;
  while (start > 0 && text_[start - 1] == ' ') --start;
  while (start > 0 && text_[start - 1] != ' ') --start;
  return start;
}

void LineEditor::complete() {
  std::size_t start = cursor_;
  while (start > 0 && text_[start - 1] != ' ') --start;
  Candidates all;
  all.beginning = {text_.data() + start, cursor_ - start};
  const std::string_view before(text_.data(), cursor_);
  completer_(before, offer, &all);
  if (all.count == 0) return sink_(bell);
  if (all.common_size > all.beginning.size()) {
    for (std::size_t i = all.beginning.size(); i < all.common_size; ++i) insert(all.common[i]);
    if (all.count == 1) insert(' ');
  } else if (all.count == 1) {
    insert(' ');
  } else if (tabbed_) {
    all.list = sink_;
    sink_("\n");
    completer_(before, offer, &all);
    sink_("\n");
    redraw();
  }
}

}  // namespace shell
