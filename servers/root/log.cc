// SPDX-License-Identifier: MIT
#include "log.h"

namespace root {

void Log::write(std::string_view text) {
  for (const char c : text) text_[end_++ % capacity] = c;
  if (reader_.is_nil()) serial_(text);
}

mica::LogPiece Log::read(l4::Word position) const {
  mica::LogPiece piece{};
  if (position > end_) position = end_;
  if (end_ - position > capacity) position = end_ - capacity;
  while (piece.size < sizeof(piece.text) && position < end_) {
    piece.text[piece.size++] = text_[position++ % capacity];
  }
  piece.next = position;
  return piece;
}

void Log::show_rest() {
  if (reader_.is_nil()) return;
  reader_ = l4::ThreadId::nil();
  while (shown_ < end_) {
    const mica::LogPiece piece = read(shown_);
    serial_({piece.text, piece.size});
    shown_ = piece.next;
  }
}

}  // namespace root
