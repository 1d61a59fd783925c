// SPDX-License-Identifier: MIT
// Screen and keyboard: the shell there, beside the one on the serial line, and machines that lack
// one of these.
#include <doctest/doctest.h>

#include "session.h"

namespace {

Machine shell_machine() {
  Machine machine;
  machine.real_time().system("shell");
  return machine;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// The line on the screen that is `text` and nothing else: not that where it was typed.
bool has_line(const std::string& screen, const std::string& text) {
  return has("\n" + screen, "\n" + text + " ") || has("\n" + screen, "\n" + text + "\n");
}

}  // namespace

TEST_CASE("console: a shell on the screen, typed at the keyboard") {
  Session machine(shell_machine().add({"-rtc", "base=2031-05-06T07:08:09,clock=vm"}));
  const auto shows = [&](const std::string& line) {
    const bool shown = machine.wait_for([&] { return has_line(machine.text_screen(), line); });
    if (!shown) MESSAGE(machine.text_screen());
    return shown;
  };
  REQUIRE(shows("mica>"));
  machine.type("echo Some-thing.\n");
  CHECK(shows("Some-thing."));
  machine.type("clear\n");
  CHECK(machine.wait_for([&] { return machine.text_screen().rfind("mica> ", 0) == 0; }));
  // Line editing: an error is taken back, the cursor goes to the front and to the end.
  machine.type("echx\bo three");
  machine.key("home");
  machine.key("delete");
  machine.type("e");
  machine.key("end");
  machine.type(" four\n");
  CHECK(shows("three four"));
  // History, and completion.
  machine.type("clear\n");
  machine.key("up");
  machine.key("up");
  machine.type("\n");
  CHECK(shows("three four"));
  machine.type("upt\t\n");
  CHECK(machine.wait_for([&] { return has(machine.text_screen(), "\nup for "); }));
  // The clock, and the log, which has an end.
  machine.type("clear\ndate\n");
  CHECK(machine.wait_for([&] { return has(machine.text_screen(), "\nTuesday, 2031-05-06 07:0"); }));
  // What is typed while a command runs goes to that command.
  machine.type("sleep 0.3\n");
  CHECK(machine.wait_for([&] {
    const std::string screen = machine.text_screen();
    return has(screen, "\nmica> sleep 0.3 ") && has(screen, "\nmica>  ");
  }));
  machine.type("log\n");
  CHECK(machine.wait_for([&] { return has(machine.text_screen(), "\nroot: Mica's root server "); }));
  // The keyboard's server is killed and does its work again; so does the screen's.
  machine.type("clear\n");
  CHECK(machine.wait_for([&] { return machine.text_screen().rfind("mica> ", 0) == 0; }));
  machine.type("kill keyboard\n");
  CHECK(machine.wait_for([&] { return has(machine.text_screen(), "keyboard is started again"); }));
  machine.type("echo once more\n");
  CHECK(shows("once more"));
  machine.type("kill screen\n");
  CHECK(machine.wait_for([&] { return has(machine.serial(), "screen is started again"); }));
  machine.type("echo and again\n");
  CHECK(shows("and again"));
  // The controller loses its set-up: no interrupts, no translation. The first key makes it known.
  machine.monitor("o /b 0x64 0x60");
  machine.monitor("o /b 0x60 0x00");
  machine.type("x");
  CHECK(machine.wait_for([&] { return has(machine.serial(), "the controller had lost its set-up: it is there again"); }));
  machine.type("\necho as new\n");
  CHECK(shows("as new"));
  // All of it was typed on the screen alone; the shell on the serial line waits.
  CHECK(has(machine.serial(), "mica> "));
  CHECK_FALSE(has(machine.serial(), "as new"));
  machine.type("shutdown\n");
  CHECK(machine.end() == success);
}

TEST_CASE("console: a machine without a serial line") {
  Session machine(shell_machine(), Session::Serial::absent);
  CHECK(machine.wait_for([&] { return has_line(machine.text_screen(), "mica>"); }));
  machine.type("echo hello screen\n");
  CHECK(machine.wait_for([&] { return has_line(machine.text_screen(), "hello screen"); }));
  machine.type("shutdown\n");
  CHECK(machine.end() == success);
}

TEST_CASE("console: a machine without a keyboard controller") {
  Session machine(shell_machine().add({"-machine", "pc,i8042=off"}));
  CHECK(machine.wait_for([&] { return has(machine.serial(), "keyboard: there is no controller"); }));
  CHECK(machine.wait_for([&] { return has(machine.serial(), "mica> "); }));
  CHECK(machine.wait_for([&] { return has(machine.text_screen(), "screen_shell has ended with 0"); }));
}

TEST_CASE("console: a machine without a display") {
  Session machine(shell_machine().add({"-vga", "none"}));
  CHECK(machine.wait_for([&] { return has(machine.serial(), "screen: there is no display for text"); }));
  CHECK(machine.wait_for([&] { return has(machine.serial(), "mica> "); }));
  CHECK(machine.wait_for([&] { return has(machine.serial(), "screen_shell has ended with 0"); }));
}

TEST_CASE("console: UEFI and a framebuffer, without a serial line") {
  const TemporaryFolder folder;
  Machine machine;
  machine.real_time().uefi().cdrom(make_iso(folder, {real_kernel, real_sigma0, real_root, BINARIES "/systems/shell.tar"}));
  Session session(machine, Session::Serial::absent);
  CHECK(session.wait_for([&] { return has_line(session.pixel_screen(), "mica>"); }, 120));
  session.type("echo hello pixels\n");
  CHECK(session.wait_for([&] { return has_line(session.pixel_screen(), "hello pixels"); }));
  session.type("shutdown\n");
  CHECK(session.end() == success);
}
