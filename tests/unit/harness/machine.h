// SPDX-License-Identifier: MIT
// The machine around the kernel's C++: one CPU, its registers, a timer and
// interrupt lines, all driven by the test. What the entry code (x86/*.S) does with registers
// is done here: a thread that runs has them in `user`, its TCB is stale (and
// spoiled, so that nobody relies on it), and each way into the kernel saves just
// those that the real one saves.
#pragma once

#include <seam.h>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "boot/platform.h"
#include "cpu.h"

namespace mica::test {

class User;
using Program = std::function<void(User&)>;
using Handler = Thread* (*)(Cpu&, Thread&);

class Machine {
 public:
  struct Options {
    u64 kernel_memory = u64{8} << 20;
    bool fast_path = true;
    bool check = true;  // the invariants after each kernel entry
  };

  Machine() : Machine(Options{}) {}
  explicit Machine(const Options& options);
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  // Deletes all threads; every frame of kernel memory must come back.
  ~Machine();

  // The address of a program: threads that go there run it.
  Address address_of(Program program);
  // Starts sigma0 and the root task, which run these programs.
  void boot(Program root, Program sigma0);
  void boot(Program root);  // with a sigma0 that serves everybody
  // Runs threads until nothing can happen any more without an interrupt.
  void run();

  // --- Ways into the kernel, for the running thread; `user` are its registers ---

  void enter_ipc();  // by the model of the fast path, if it takes the case
  void enter_call(Handler handler);
  void enter_page_fault(Address ip, Address address, u64 error);
  void enter_exception(Address ip, u64 number, u64 error);
  void enter_timer(Address ip);  // `ip` is of no meaning when nobody runs
  void enter_line(Address ip, unsigned line);

  Thread& current() const { return *cpu.current; }
  bool idle() const { return cpu.current == cpu.idle; }
  bool timer_due() const { return timer <= host::clock; }
  // Nobody runs: sleeps until the timer. False: it is not armed.
  bool sleep();

  // Leaves so many free frames of kernel memory, hides the rest; feed() ends that.
  void starve(u64 frames_left);
  void feed();
  bool has_fast_path() const { return options_.fast_path; }
  u64 hidden_frames() const { return hidden_pairs_.size() * 2 + hidden_singles_.size(); }

  Cpu cpu;
  struct {
    Registers r;
    u64 rsp = 0;
    u32 flags = 0;
    bool at_ip = false;  // went on at r.rip, not behind its system call
  } user;
  std::array<u64, 64> fpu{};  // what the FPU registers hold
  bool fpu_enabled = false;
  Address fs_base = 0;             // what FS addresses count from
  Ticks timer = ~Ticks{0};
  std::array<bool, 24> line_masked{};  // of messages: never
  u64 total_frames = 0;
  Thread* donated_to = nullptr;  // by ThreadSwitch: it may run though others are more urgent
  u64 entries = 0, fast_calls = 0, windows = 0;
  unsigned timers_in_a_row = 0;  // between two steps of work
  // Called between two steps of a long operation: the line that fires there, 0 = none.
  std::function<unsigned()> at_window;
  std::string violation;  // the first one found

 private:
  friend class User;
  struct Context;

  void leave(Thread* next);
  void leave_fast();
  Thread* work_window();
  Thread* take_line(unsigned line);
  void save_call(bool all);
  void save_everything(Address ip);
  void drop_dead_contexts();
  void run_user();

  bool donates_ = false;
  Options options_;
  Platform platform_{};
  std::vector<Program> programs_;
  std::map<Thread*, std::unique_ptr<Context>> contexts_;
  std::function<void()> request_;  // what the fiber that suspended itself wants
  std::vector<void*> hidden_pairs_, hidden_singles_;
};

}  // namespace mica::test
