// SPDX-License-Identifier: MIT
// The shell: a person's way to see and control the system.
//
// Owns: nothing but the programs it has started. Its terminal is the service that argument
// terminal= names; it has `privilege control`, so it may kill and restart.
// Trusts: the root server and its terminal. A terminal that is restarted is found again; without
// one, or a device behind it, the shell ends.
#include <runtime/program.h>

#include "commands.h"
#include "line_editor.h"
#include "output.h"
#include "tasks.h"

namespace shell {

constinit mica::Connection<mica::Terminal> terminal{std::string_view{}};

// What the terminal does not take is lost.
void show(std::string_view text) { (void)mica::write_all(terminal, text); }

namespace {

using mica::Word;

// The editor draws in small pieces; they leave together.
constinit runtime::Output* screen = nullptr;
void draw(std::string_view text) { screen->put(text); }

Command::Completes completion_of(std::string_view line) {
  const std::size_t blank = line.find(' ');
  if (blank == std::string_view::npos) return Command::Completes::commands;
  for (const Command& command : commands()) {
    if (line.substr(0, blank) == command.name) return command.completes;
  }
  return Command::Completes::nothing;
}

void complete(std::string_view line, LineEditor::Offer offer, void* context) {
  switch (completion_of(line)) {
    case Command::Completes::commands:
      for (const Command& command : commands()) offer(context, command.name);
      break;
    case Command::Completes::files:
      for (Word n = 0;; ++n) {
        const auto file = mica::call<mica::Root::file_entry>(mica::root_server(), n);
        if (!file) break;
        offer(context, file->name);
      }
      break;
    case Command::Completes::tasks:
      for_each_task([&](const mica::TaskInfo& task) { offer(context, task.name); });
      break;
    case Command::Completes::switches:
      offer(context, "on");
      offer(context, "off");
      break;
    case Command::Completes::nothing: break;
  }
}

constinit LineEditor editor(draw, complete);

void run_line(std::string_view line) {
  static constinit Words words;
  if (const char* const fault = words.split(line)) return say("{}\n", fault);
  if (words.size() > 0) execute(words);
}

// Is there nobody at the terminal, now and later?
bool is_final(mica::Error error) {
  return error == mica::Error::device || error == mica::Error::ended || error == mica::Error::not_found ||
         error == mica::Error::denied;
}

// Until there is no terminal any more.
void session() {
  runtime::Output out(show);
  screen = &out;
  say("\nThis is Mica, {}. Try: help, ps, ipcbench, run hello.elf, shutdown\n",
        L4_KernelVersionString(nullptr));
  editor.begin("mica> ");
  for (;;) {
    out.flush();
    const auto typed = terminal.call_again<mica::Terminal::read>();
    if (is_final(typed.error())) return;
    if (!typed) {
      L4_Sleep(L4_TimePeriod(100000));
      continue;
    }
    for (const char c : typed->view()) {
      const LineEditor::Event event = editor.feed(c);
      if (event == LineEditor::Event::none) continue;
      out.flush();
      if (event == LineEditor::Event::line) run_line(editor.line());
      if (event == LineEditor::Event::end) say("shutdown ends the system\n");
      editor.begin("mica> ");
    }
  }
}

}  // namespace
}  // namespace shell

int main() {
  shell::terminal = mica::Connection<mica::Terminal>(mica::argument("terminal"));
  shell::session();
  return 0;
}
