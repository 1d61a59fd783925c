// SPDX-License-Identifier: MIT
#include "commands.h"

#include "output.h"

namespace shell {

namespace {

using Completes = Command::Completes;

void show_help(const Words& words);
void echo(const Words& words) { say("{}\n", words.from(1)); }
void clear(const Words&) { show("\x1b[H\x1b[2J"); }
void show_uptime(const Words&) {
  const l4::Word ms = L4_SystemClock().raw / 1000;
  say("up for {}.{} s\n", ms / 1000, runtime::right(ms % 1000 / 100, 1));
}

constexpr Command table[] = {
    {"help", "[COMMAND]", "this list, or one line of it", show_help, Completes::commands},
    {"ps", "", "the tasks: threads, state, memory, restarts", show_tasks, Completes::nothing},
    {"spaces", "", "the address spaces: programs and what memory they hold", show_spaces, Completes::nothing},
    {"map", "TASK", "the blocks of memory that a task holds", show_map, Completes::tasks},
    {"mem", "", "the machine's memory", show_memory, Completes::nothing},
    {"irq", "", "who handles which interrupt", show_interrupts, Completes::nothing},
    {"lspci", "", "the devices of the PCI bus, and who drives them", show_devices, Completes::nothing},
    {"ls", "", "the files of the boot archive", show_files, Completes::nothing},
    {"cat", "FILE", "what a file says", show_file, Completes::files},
    {"manifest", "", "what this system is made of", show_manifest, Completes::nothing},
    {"run", "PROGRAM [ARGUMENTS] [&]", "start a program; ^C ends it, & leaves it running", run_program,
     Completes::files},
    {"linux", "PROGRAM [ARGUMENTS]", "start a static program of Linux", run_linux_program, Completes::files},
    {"kill", "TASK", "end a task, by name or number", kill_task, Completes::tasks},
    {"restart", "TASK", "end a task of the manifest and start it again", restart_task, Completes::tasks},
    {"ipcbench", "[CALLS]", "what a call to a server costs", measure_ipc, Completes::nothing},
    {"log", "", "what the root server has reported", show_log, Completes::nothing},
    {"date", "", "date and time, as the machine's clock has them", show_date, Completes::nothing},
    {"sleep", "SECONDS", "wait for so long, as 2 or 0.5; ^C ends it", sleep, Completes::nothing},
    {"top", "[ROUNDS]", "the threads by shares of the processor, and how often they send, each second", show_top, Completes::nothing},
    {"picture", "", "the system as a drawing for Graphviz; ./mica picture", draw_picture, Completes::nothing},
    {"uptime", "", "time since the start", show_uptime, Completes::nothing},
    {"echo", "[WORDS]", "the words", echo, Completes::nothing},
    {"clear", "", "an empty screen", clear, Completes::nothing},
    {"trace", "ACTION", "the kernel's trace: on, off, dump (print it), use (who ran)", control_trace, Completes::nothing},
    {"shutdown", "", "end the system", shut_down, Completes::nothing},
};

void show_help(const Words& words) {
  for (const Command& command : table) {
    if (words.size() > 1 && words[1] != command.name) continue;
    say("  {}{}{}\n", runtime::left(command.name, 10), runtime::left(command.arguments, 25), command.help);
  }
  if (words.size() == 1) say("Tab completes, arrows edit and recall, ^C ends what runs.\n");
}

}  // namespace

std::span<const Command> commands() { return table; }

void execute(const Words& words) {
  for (const Command& command : table) {
    if (words[0] == command.name) return command.run(words);
  }
  say("{}: no such command; try help\n", words[0]);
}

}  // namespace shell
