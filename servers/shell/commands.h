// SPDX-License-Identifier: MIT
// What the shell can do.
#pragma once

#include <span>

#include "words.h"

namespace shell {

struct Command {
  const char* name;
  const char* arguments;
  const char* help;
  void (*run)(const Words&);
  // What the last word of a line may be.
  enum class Completes { nothing, files, tasks, commands, switches } completes;
};

std::span<const Command> commands();

// Looks the command up and runs it.
void execute(const Words& words);

// The commands, by what they are about (tasks.cc, system.cc, devices.cc, programs.cc).
void show_tasks(const Words&);
void show_spaces(const Words&);
void show_map(const Words&);
void kill_task(const Words&);
void restart_task(const Words&);
void show_memory(const Words&);
void show_interrupts(const Words&);
void show_devices(const Words&);
void show_files(const Words&);
void show_file(const Words&);
void show_manifest(const Words&);
void show_log(const Words&);
void draw_picture(const Words&);
void show_top(const Words&);
void show_date(const Words&);
void sleep(const Words&);
void run_program(const Words&);
void run_linux_program(const Words&);
void measure_ipc(const Words&);
void control_trace(const Words&);
void shut_down(const Words&);

}  // namespace shell
