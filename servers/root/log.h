// SPDX-License-Identifier: MIT
// What the root server, and tasks without a console of their own, have printed: the last
// 32 KiB. While nobody shows the log it also goes to the serial port.
#pragma once

#include <string_view>

#include <mica/root.h>
#include <runtime/print.h>

namespace root {

class Log {
 public:
  using Output = void (*)(std::string_view);
  // This is the serial port.
  void begin(Output serial) { serial_ = serial; }

  void write(std::string_view text);
  // From a position on; empty at the end. Text that is not kept any more is skipped.
  mica::LogPiece read(l4::Word position) const;
  l4::Word end() const { return end_; }

  // The thread shows the log from this position on: it need not go to the serial port.
  void set_reader(l4::ThreadId reader, l4::Word position) {
    reader_ = reader;
    shown_ = position < end_ ? position : end_;
  }
  // The thread, or all of the task, are no more.
  void forget(l4::ThreadId thread) {
    if (reader_ == thread) show_rest();
  }
  void forget(mica::TaskId task) {
    if (mica::TaskId::of(reader_) == task) show_rest();
  }
  // Whoever shows the log does so no more: what he has not asked for goes to the serial port.
  void show_rest();

 private:
  static constexpr l4::Word capacity = 32768;
  Output serial_ = nullptr;
  l4::Word end_ = 0;    // characters written since the start
  l4::ThreadId reader_;
  l4::Word shown_ = 0;  // what the reader has asked for, if there is one
  char text_[capacity] = {};
};

extern Log log;

// Prints to the log; as runtime::print.
template <typename... T>
void report(std::string_view format, const T&... values) {
  runtime::Output out([](std::string_view text) { log.write(text); });
  runtime::print_to(out, format, values...);
}

}  // namespace root
