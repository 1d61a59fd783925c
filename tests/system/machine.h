// SPDX-License-Identifier: MIT
// A machine in QEMU: started with some arguments, watched through its first
// serial port, ended by itself or by a time limit.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

struct Outcome {
  int status = -1;  // QEMU's exit status, -1 when it was killed at the time limit
  std::string output;
  std::string monitor;  // what QEMU's monitor has said, if it was asked

  // The value of the first line `name=value`; fails the test when there is none.
  std::string text(const std::string& name) const;
  unsigned long number(const std::string& name) const;
  // What follows `name=` on every such line.
  std::vector<std::string> all(const std::string& name) const;
  bool says(const std::string& part) const { return output.find(part) != std::string::npos; }
};

// A conversation with a shell on the first serial port.
struct Conversation {
  Outcome outcome;
  std::vector<std::string> answers;  // what came between each line that was typed and the next prompt
};

// QEMU statuses by what the guest wrote to the exit port.
enum Status { success = 33, failure = 35, first_stage_stopped = 67, kernel_panicked = 69 };

class Machine {
 public:
  // Emulated, the newest CPU model, 256 MiB, deterministic time unless changed.
  Machine();
  Machine& kernel(const std::vector<std::string>& modules, const std::string& options = "");
  // The real kernel, sigma0 and root server with a boot archive: the name of one of systems/, or a file.
  Machine& system(const std::string& archive);
  Machine& cdrom(const std::string& file);
  Machine& uefi();
  Machine& cpu(const std::string& model);
  Machine& memory(const std::string& size);
  Machine& disk(const std::string& file, const std::string& options = "");  // a virtio disk, raw
  // The same, but that kind of access fails, "read" or "write", of one sector or of all.
  Machine& failing_disk(const std::string& file, const std::string& access, const std::string& sector = "");
  Machine& real_time();       // no instruction counting: much faster for firmware and GRUB
  Machine& without_exit();    // no exit device: a stopped machine stays
  Machine& add(std::initializer_list<std::string> arguments);

  Outcome run(int seconds = 60) const;

  // Types a line at each prompt, which stands at the beginning of a line; then runs to the end.
  Conversation talk(const std::vector<std::string>& lines, const std::string& prompt, int seconds = 60) const;

  // Runs until serial says `part`, then gives QEMU's monitor a command and ends.
  Outcome run_until(const std::string& part, const std::string& monitor_command, int seconds = 60) const;

  // Gives the command that `command` makes of the output when serial says `part`, and goes on to the
  // machine's end.
  Outcome run_on(const std::string& part, const std::function<std::string(const Outcome&)>& command,
                 int seconds = 60) const;

  // QEMU and its arguments, all but the serial port and the monitor.
  std::vector<std::string> command_line() const;

 private:
  std::string cpu_ = "max", memory_ = "256M";
  bool counting_ = true, exit_device_ = true;
  std::vector<std::string> more_;
};
