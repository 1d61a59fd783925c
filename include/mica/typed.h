// SPDX-License-Identifier: MIT
// Characters that wait for a reader, and the reader that waits for characters: one of both at most.
// They are given only to a reader that takes them.
#pragma once

#include <mica/server.h>

namespace mica {

template <typename Read, unsigned capacity = 1024>
class Typed {
 public:
  // What does not fit is lost: nobody reads.
  void push(std::string_view text) {
    for (const char c : text) {
      if (in_ - out_ < capacity) text_[in_++ % capacity] = c;
    }
    answer_reader();
  }

  // A read: busy if another living thread waits already.
  Result<Text<64>> read(l4::ThreadId thread) {
    if (!reader_.is_nil() && reader_ != thread && alive(TaskId::of(reader_))) return Error::busy;
    reader_ = thread;
    answer_reader();
    return Result<Text<64>>::later();
  }

  // The thread asks for something else: it has given up reading, and must not get a text as that
  // answer.
  void asks_otherwise(l4::ThreadId thread) {
    if (reader_ == thread) reader_ = l4::ThreadId::nil();
  }

  // Nothing will be typed any more (now): the reader is told.
  void fail(Error error) {
    if (!reader_.is_nil()) answer<Read>(reader_, error);
    reader_ = l4::ThreadId::nil();
  }

 private:
  void answer_reader() {
    if (in_ == out_ || reader_.is_nil()) return;
    char text[64];
    unsigned n = 0;
    while (n < sizeof(text) && out_ + n != in_) text[n] = text_[(out_ + n) % capacity], ++n;
    if (answer<Read>(reader_, Text<64>(std::string_view(text, n)))) out_ += n;
    reader_ = l4::ThreadId::nil();
  }

  static_assert((capacity & (capacity - 1)) == 0);
  std::array<char, capacity> text_{};
  unsigned in_ = 0, out_ = 0;
  l4::ThreadId reader_;
};

}  // namespace mica
