// SPDX-License-Identifier: MIT
#include "log.h"

namespace root {

constinit Log log;

void Log::write(std::string_view text) {
  for (const char c : text) text_[end_++ % capacity] = c;
  if (reader_.is_nil()) runtime::write_text(text);
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

}  // namespace root
