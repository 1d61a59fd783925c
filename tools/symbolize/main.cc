// SPDX-License-Identifier: MIT
// use: symbolize [FOLDER-or-FILE...] < LOG
// Passes a log on as it comes. Behind each address of a crash report it writes the function and
// the source line, from the program's file of that name in the folders.
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "programs.h"
#include "unwinder.h"

namespace symbolize {

namespace {

class Filter {
 public:
  explicit Filter(std::vector<std::string> places) : programs_(std::move(places)) {}

  // Characters go out at once, what is added to a line before its end: nobody who watches waits.
  void take(char c) {
    if (c == '\r' || c == '\n') {
      end_of_line_ = c == '\r' ? "\r\n" : "\n";
      if (!line_.empty()) finish_line();
      line_.clear();
    } else if (line_.size() < longest) {
      line_ += c;
    }
    std::putchar(c);
  }

 private:
  static constexpr std::size_t longest = 400;  // of a report's lines

  void finish_line() {
    if (const auto program = crashed_program(line_)) {
      file_ = programs_.find(*program);
      unwinder_.begin(programs_.frames(file_));
      in_report_ = true;
    } else if (const auto frame = crash_frame(line_); frame && in_report_) {
      const Unwinder::Verdict verdict = unwinder_.judge(*frame);
      if (verdict == Unwinder::Verdict::stale) return put("  (stale)");
      show(frame->offset ? frame->address - 1 : frame->address, verdict == Unwinder::Verdict::unknown);
    } else if (begins_panic(line_)) {
      file_ = programs_.find("kernel.elf");
      in_panic_ = true;
    } else if (const auto address = panic_frame(line_); address && in_panic_) {
      show(*address, false);
    }
  }

  void show(Address address, bool doubtful) {
    const std::vector<std::string> lines = programs_.lines(file_, address);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (i != 0) put(end_of_line_);
      put(i != 0 ? "           inlined into " : doubtful ? "  perhaps " : "  ");
      put(lines[i]);
    }
  }
  static void put(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stdout); }

  Programs programs_;
  Unwinder unwinder_;
  std::string line_, file_, end_of_line_;
  bool in_report_ = false, in_panic_ = false;
};

}  // namespace

}  // namespace symbolize

int main(int count, char** arguments) {
  std::signal(SIGINT, SIG_IGN);  // ^C ends who writes the log; what he wrote is shown
  symbolize::Filter filter({arguments + 1, arguments + count});
  char buffer[4096];
  for (;;) {
    const ssize_t size = read(STDIN_FILENO, buffer, sizeof buffer);
    if (size <= 0) return size < 0;
    for (ssize_t i = 0; i < size; ++i) filter.take(buffer[i]);
    std::fflush(stdout);
  }
}
