// SPDX-License-Identifier: MIT
// Commands that run something.
#include <mica/echo.h>
#include <mica/personality.h>

#include "commands.h"
#include "output.h"
#include "tasks.h"

namespace shell {

namespace {

using mica::Root;
using mica::Word;

constexpr Word program_memory = Word{2} << 20;
constexpr Word look_every = 20000;  // microseconds

const char* why(const mica::Ending& ending) {
  switch (ending.crashed) {
    case 1: return "crashed";
    case 2: return "was killed";
    default: return "was ended";
  }
}

// Until the task ends; ^C ends it.
void watch(mica::TaskId task) {
  const l4::Timeouts soon{L4_TimePeriod(look_every).raw};
  while (mica::alive(task)) {
    const auto server = terminal.server();
    if (!server) return;
    const auto typed = mica::call_within<mica::Terminal::read>(soon, *server);
    if (typed.error() == mica::Error::gone) (void)terminal.note(typed);
    if (typed && typed->view().find('\x03') != std::string_view::npos) {
      show("^C\n");
      (void)mica::call<Root::kill>(mica::root_server(), task);
    }
  }
}

void wait_for(mica::TaskId task) {
  watch(task);
  const auto ending = mica::call<Root::wait>(mica::root_server(), task);
  if (!ending) return;
  if (ending->crashed != 0) say("it {}\n", why(*ending));
  else if (ending->code != 0) say("it ended with {}\n", ending->code);
}

// What the personality says of the end of a program.
void say_status(Word status) {
  constexpr Word by_signal = 256;
  if (status >= by_signal) say("it was ended by signal {}\n", status - by_signal);
  else if (status != 0) say("it ended with {}\n", status);
}

Word number(std::string_view text, Word otherwise) {
  Word value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || value > 100000000) return otherwise;
    value = value * 10 + static_cast<Word>(c - '0');
  }
  return value == 0 ? otherwise : value;
}

Word ticks() {
  Word low, high;
  asm volatile("rdtsc" : "=a"(low), "=d"(high));
  return high << 32 | low;
}

}  // namespace

void run_program(const Words& words) {
  if (words.size() < 2) return say("use: run PROGRAM [ARGUMENTS] [&]\n");
  mica::Text<256> arguments;
  runtime::Output text([](std::string_view) {});
  char line[256];
  std::size_t n = 0;
  const auto append = [&](std::string_view part) {
    for (const char c : part) {
      if (n < sizeof(line)) line[n++] = c;
    }
  };
  append("console=");
  append(mica::argument("terminal"));
  append(" ");
  append(words.from(2));
  arguments.assign({line, n});
  const auto task = mica::call<Root::spawn>(mica::root_server(), program_memory, mica::Text<64>(words[1]), arguments);
  if (!task) return say_error(words[1], task.error());
  if (words.background()) return say("task {}\n", task->index());
  wait_for(*task);
}

void run_linux_program(const Words& words) {
  if (words.size() < 2) return say("use: linux PROGRAM [ARGUMENTS]\n");
  mica::Connection<mica::Personality> personality("personality");
  const auto task = personality.call<mica::Personality::start>(mica::Text<64>(words[1]), mica::Text<256>(words.from(2)));
  if (!task) return say_error(words[1], task.error());
  watch(*task);
  const auto status = personality.call<mica::Personality::wait>(*task);
  if (status) say_status(*status);
}

void measure_ipc(const Words& words) {
  const Word calls = number(words[1], 10000);
  mica::Connection<mica::Echo> echo("echo");
  if (!echo.call<mica::Echo::add>(Word{1}, Word{2})) return say("there is no echo server\n");
  const l4::ThreadId server = *echo.server();
  const Word time = L4_SystemClock().raw, start = ticks();
  for (Word i = 0; i < calls; ++i) {
    const auto sum = mica::call<mica::Echo::add>(server, i, Word{1});
    if (!sum || *sum != i + 1) return say("the echo server answers wrongly\n");
  }
  const Word spent = ticks() - start, microseconds = L4_SystemClock().raw - time;
  say("{} calls to the echo server and back: {} ticks of the time stamp counter each, {} ns\n", calls, spent / calls,
        microseconds * 1000 / calls);
  say("(./mica run --icount makes a tick one instruction; ./mica bench measures with care)\n");
}

}  // namespace shell
