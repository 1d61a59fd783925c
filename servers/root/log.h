// SPDX-License-Identifier: MIT
// What the root server, and tasks without a console of their own, have printed: the last
// 32 KiB. Until somebody reads the log it also goes to the serial port.
#pragma once

#include <string_view>

#include <mica/root.h>
#include <runtime/print.h>

namespace root {

class Log {
 public:
  void write(std::string_view text);
  // From a position on; empty at the end. Text that is not kept any more is skipped.
  mica::LogPiece read(l4::Word position) const;
  l4::Word end() const { return end_; }

  // Somebody shows the log: it need not go to the serial port.
  void set_reader(l4::ThreadId reader) { reader_ = reader; }
  l4::ThreadId reader() const { return reader_; }

 private:
  static constexpr l4::Word capacity = 32768;
  l4::Word end_ = 0;  // characters written since the start
  l4::ThreadId reader_;
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
