// SPDX-License-Identifier: MIT
// A machine that is used while it runs: keys, its screen, QEMU's monitor.
#pragma once

#include <functional>

#include "files.h"
#include "machine.h"
#include "process.h"

class Session {
 public:
  enum class Serial { there, absent };
  explicit Session(const Machine& machine, Serial serial = Serial::there);

  // What the first serial port has said.
  std::string serial() const { return read_file(folder_.path("serial")); }
  // Gives QEMU's monitor a command; its answer.
  std::string monitor(const std::string& line);
  // Types characters of ASCII on the keyboard; \n is Enter, \b Backspace.
  void type(const std::string& text);
  void key(const std::string& name) { monitor("sendkey " + name + " 20"); }  // as QEMU names it

  // The screen in VGA's text mode, and that of pixels, read with the console's font: 80 characters,
  // or what it has, a line. Signs that the font lacks are '~'.
  std::string text_screen();
  std::string pixel_screen();

  // Looks until it holds. False after so many seconds, or when the machine has ended.
  bool wait_for(const std::function<bool()>& holds, int seconds = 60);
  // QEMU's exit status; -1 if it has not ended in time.
  int end(int seconds = 30);

 private:
  std::string read_line();
  std::string call(const std::string& request);

  TemporaryFolder folder_;
  Process qemu_;
  std::string output_;
  bool over_ = false;
};
