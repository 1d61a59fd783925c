// SPDX-License-Identifier: MIT
// A child process with its standard input, and its output and errors together, on pipes. It is
// killed when the object goes.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

class Process {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Process(const std::vector<std::string>& command);
  Process(const Process&) = delete;
  ~Process();

  // Adds what arrives in time to `text`; false at the end of the output.
  bool read_some(std::string& text, Clock::time_point until);
  void write_text(const std::string& text);
  void write_line(const std::string& line) { write_text(line + '\n'); }
  // Its exit status; -1: it was ended by a signal.
  int wait();

 private:
  pid_t id_;
  int input_, output_;
  bool ended_ = false;
};

struct Ran {
  int status;  // -1: it was ended by a signal
  std::string output;
};

// A command line of the host's shell, its errors with its output.
Ran run(const std::string& command);

// What one says that has to succeed.
std::string output_of(const std::string& command);
