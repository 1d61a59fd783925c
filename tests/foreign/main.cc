// SPDX-License-Identifier: MIT
// A task that starts foreign programs, in the system systems/foreign: plain X.2 programs, files that
// are no programs, and programs of Linux.
#include <mica/connection.h>
#include <mica/personality.h>

#include "../task_checks.h"

namespace {

using mica::Error;
using mica::Personality;
using mica::Result;
using mica::Root;
using mica::TaskId;
using mica::Word;
using task_checks::check;

constexpr Word some_memory = Word{256} << 10;

Result<TaskId> spawn(std::string_view program, Word memory = some_memory) {
  return task_checks::spawn(program, {}, memory);
}

mica::Ending run(std::string_view program) { return task_checks::end_of(spawn(program)); }

void test_plain() {
  const mica::Ending good = run("plain.elf");
  check(good.code == 0 && good.crashed == 0, "a plain X.2 program ends with success");
  check(run("plain_wild.elf").crashed == 1, "one that jumps to nowhere has crashed");
  check(run("plain_halts.elf").crashed == 1, "one with a bad instruction has crashed");
  check(spawn("plain.elf", 0x2000).error() == Error::no_memory, "one that its memory cannot hold is refused");
}

void test_files() {
  for (const std::string_view file :
       {"bad_text.elf", "bad_empty.elf", "bad_header.elf", "bad_segment.elf", "bad_machine.elf", "bad_class.elf",
        "bad_type.elf", "bad_overlap.elf", "bad_entry.elf", "bad_huge.elf", "bad_wrap.elf", "bad_high.elf",
        "bad_reserved.elf", "bad_headers.elf", "bad_file_size.elf"}) {
    check(spawn(file).error() == Error::no_program, "refused: ", file);
  }
  check(spawn("nothing.elf").error() == Error::not_found, "a file that there is not");
  check(run("plain.elf").code == 0, "good ones start as before");
}

constinit mica::Connection<Personality> personality("personality");

Word run_linux(std::string_view arguments, std::string_view program = "linux_test.elf") {
  const auto task = personality.call<Personality::start>(mica::Text<64>(program), mica::Text<256>(arguments));
  if (!task) return 1000 + static_cast<Word>(task.error());
  return personality.call<Personality::wait>(*task).value_or(2000);
}

void test_linux() {
  check(run_linux("a b", "linux_hello.elf") == 0, "a program of Linux");
  for (const std::string_view part : {"basics -", "pointers -", "memory -", "thread_area -", "escape -"}) {
    const Word status = run_linux(part);
    if (!check(status == 0, "linux: ", part)) runtime::print("# status {}\n", status);
  }
  check(run_linux("exit -") == 7, "its exit status");
  constexpr Word by_signal = 256;
  struct Case { std::string_view how; Word signal; };
  for (const Case c : {Case{"crash read", 11}, {"crash write", 11}, {"crash jump", 11}, {"crash instruction", 4},
                       {"crash privilege", 11}, {"crash port", 11}, {"crash divide", 8}, {"crash stack", 11}}) {
    check(run_linux(c.how) == by_signal + c.signal, c.how);
  }
  check(run_linux("basics") == 99, "one argument less");
  check(run_linux("", "bad_text.elf") == 1000 + static_cast<Word>(Error::no_program), "no program at all");
  check(run_linux("", "nothing.elf") == 1000 + static_cast<Word>(Error::not_found), "no file");
}

void test_ends() {
  const mica::Text<64> program("linux_test.elf");
  const mica::Text<256> loop("loop -");
  const auto one = personality.call<Personality::start>(program, loop);
  const auto other = personality.call<Personality::start>(program, loop);
  check(one.ok() && other.ok() && *one != *other, "two at a time");
  check(personality.call<Personality::end>(*one).ok(), "one is ended");
  check(personality.call<Personality::wait>(*one).value_or(0) == 256 + 9, "by signal 9");
  check(personality.call<Personality::wait>(*one).error() == Error::not_found, "which is told once");
  (void)mica::call<Root::kill>(mica::root_server(), *other);
  check(personality.call<Personality::wait>(*other).value_or(0) == 256 + 9, "and one by the root server");
  unsigned started = 0;
  while (personality.call<Personality::start>(program, loop).ok()) ++started;
  check(started == 8, "as many as there is room for");
  (void)mica::call<Root::restart>(mica::root_server(), mica::Name("personality"));
  check(personality.call_again<Personality::start>(program, loop).ok(), "a restarted personality has none");
  check(run_linux("memory -") == 0, "and serves");
}

}  // namespace

int main() {
  test_plain();
  test_files();
  test_linux();
  test_ends();
  return task_checks::report_checks();
}
