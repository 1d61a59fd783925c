// SPDX-License-Identifier: MIT
#include "machine.h"

#include <doctest/doctest.h>

#include <chrono>
#include <sstream>

#include "files.h"
#include "process.h"

namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

std::vector<std::string> Outcome::all(const std::string& name) const {
  std::vector<std::string> values;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    if (line.rfind(name + "=", 0) == 0) values.push_back(line.substr(name.size() + 1));
  }
  return values;
}

std::string Outcome::text(const std::string& name) const {
  const std::vector<std::string> values = all(name);
  REQUIRE_MESSAGE(!values.empty(), "no line ", name, "= in:\n", output);
  return values[0];
}

unsigned long Outcome::number(const std::string& name) const { return std::stoul(text(name), nullptr, 0); }

Machine::Machine() = default;

Machine& Machine::kernel(const std::vector<std::string>& modules, const std::string& options) {
  std::string list;
  for (const std::string& module : modules) list += (list.empty() ? "" : ",") + module;
  add({"-kernel", boot_elf});
  if (!options.empty()) add({"-append", options});
  if (!list.empty()) add({"-initrd", list});
  return *this;
}
Machine& Machine::system(const std::string& archive) {
  const bool is_file = archive.find('/') != std::string::npos;
  return kernel({real_kernel, real_sigma0, real_root, is_file ? archive : BINARIES "/systems/" + archive + ".tar"});
}
Machine& Machine::cdrom(const std::string& file) { return add({"-cdrom", file, "-boot", "d"}); }
Machine& Machine::uefi() { return add({"-bios", "/usr/share/ovmf/OVMF.fd"}); }
Machine& Machine::cpu(const std::string& model) {
  cpu_ = model;
  return *this;
}
Machine& Machine::memory(const std::string& size) {
  memory_ = size;
  return *this;
}
Machine& Machine::disk(const std::string& file, const std::string& options) {
  return add({"-drive", "file=" + file + ",format=raw,if=none,id=disk", "-device", "virtio-blk-pci,drive=disk" + options});
}
Machine& Machine::failing_disk(const std::string& file, const std::string& access, const std::string& sector) {
  const std::string fault = ",file.inject-error.0.";
  std::string drive = "driver=raw,if=none,id=disk,file.driver=blkdebug,file.image.driver=file,file.image.filename=";
  drive.append(file).append(fault + "event=none").append(fault + "iotype=" + access).append(fault + "errno=5");
  if (!sector.empty()) drive.append(fault + "sector=" + sector);
  return add({"-drive", drive, "-device", "virtio-blk-pci,drive=disk,rerror=report,werror=report"});
}
Machine& Machine::real_time() {
  counting_ = false;
  return *this;
}
Machine& Machine::without_exit() {
  exit_device_ = false;
  return *this;
}
Machine& Machine::add(std::initializer_list<std::string> arguments) {
  more_.insert(more_.end(), arguments);
  return *this;
}

std::vector<std::string> Machine::command_line() const {
  std::vector<std::string> words = {"qemu-system-x86_64", "-accel", "tcg", "-cpu", cpu_, "-m", memory_,
                                    "-display", "none", "-no-reboot", "-net", "none"};
  if (counting_) words.insert(words.end(), {"-icount", "shift=0,sleep=off"});
  if (exit_device_) words.insert(words.end(), {"-device", "isa-debug-exit,iobase=0xf4,iosize=4"});
  words.insert(words.end(), more_.begin(), more_.end());
  return words;
}

Outcome Machine::run(int seconds) const {
  std::vector<std::string> words = command_line();
  words.insert(words.end(), {"-serial", "stdio", "-monitor", "none"});
  Process qemu(words);
  Outcome outcome;
  const auto until = Clock::now() + std::chrono::seconds(seconds);
  while (Clock::now() < until) {
    if (!qemu.read_some(outcome.output, until)) {
      outcome.status = qemu.wait();
      break;
    }
  }
  std::erase(outcome.output, '\r');  // the serial port sends one with each line
  return outcome;
}

Conversation Machine::talk(const std::vector<std::string>& lines, const std::string& prompt, int seconds) const {
  std::vector<std::string> words = command_line();
  words.insert(words.end(), {"-serial", "stdio", "-monitor", "none"});
  Process qemu(words);
  Conversation session;
  std::string& output = session.outcome.output;
  std::size_t typed = 0, from = 0;
  const auto until = Clock::now() + std::chrono::seconds(seconds);
  while (Clock::now() < until) {
    if (!qemu.read_some(output, until)) {
      session.outcome.status = qemu.wait();
      break;
    }
    std::erase(output, '\r');
    const std::size_t at = output.find("\n" + prompt, from);
    if (at == std::string::npos) continue;
    if (typed > 0 && typed <= lines.size()) session.answers.push_back(output.substr(from, at + 1 - from));
    from = at + 1 + prompt.size();
    if (typed < lines.size()) qemu.write_text(lines[typed] + "\r");
    ++typed;
  }
  if (session.answers.size() < lines.size()) session.answers.push_back(output.substr(from));
  return session;
}

Outcome Machine::run_until(const std::string& part, const std::string& monitor_command, int seconds) const {
  return run_on(part, [&](const Outcome&) { return monitor_command + "\nquit"; }, seconds);
}

Outcome Machine::run_on(const std::string& part, const std::function<std::string(const Outcome&)>& command,
                        int seconds) const {
  const TemporaryFolder folder;
  const std::string serial = folder.path("serial");
  std::vector<std::string> words = command_line();
  words.insert(words.end(), {"-serial", "file:" + serial, "-monitor", "stdio"});
  Process qemu(words);
  Outcome outcome;
  const auto until = Clock::now() + std::chrono::seconds(seconds);
  bool given = false;
  while (Clock::now() < until) {
    const bool running = qemu.read_some(outcome.monitor, Clock::now() + std::chrono::milliseconds(50));
    outcome.output = read_file(serial);
    if (!running) {
      outcome.status = qemu.wait();
      break;
    }
    if (given || !outcome.says(part)) continue;
    qemu.write_line(command(outcome));
    given = true;
  }
  return outcome;
}
