// SPDX-License-Identifier: MIT
// The serial line as a terminal.
//
// Owns: one 16550 (argument port=, default 0x3f8, and irq=, default 4), and shows the log.
// Serves: mica::Terminal under the names that the manifest lets it provide (argument name=).
// Trusts: the root server. A writer waits until the device has its text, nobody else does; text of a
// client that does not wait for its answer is shown all the same. Without a device,
// write and read answer Error::device.
#include <runtime/io.h>
#include <runtime/program.h>
#include <runtime/threads.h>

#include "server.h"

namespace {

using mica::Terminal;
using mica::Word;

constinit serial::Server<runtime::MachinePorts> server{runtime::MachinePorts{}};
alignas(16) constinit std::byte log_stack[4096]{};

void attach_interrupt(Word line) {
  const auto attached = mica::call<mica::Root::attach_interrupt>(mica::root_server(), line, Word{0});
  if (!attached) runtime::print("serial: interrupt {}: {}\n", line, mica::text(attached.error()));
}

// Shows the log as it grows.
void show_log(Word) {
  Word position = ~Word{0};  // what is there already has been printed
  const l4::ThreadId terminal = mica::this_task().task.thread(0);
  for (;;) {
    const auto piece = mica::call<mica::Root::log>(mica::root_server(), position);
    if (!piece) continue;
    position = piece->next;
    (void)mica::call<Terminal::write>(terminal, mica::Text<400>(std::string_view(piece->text, piece->size)));
  }
}

}  // namespace

int main() {
  if (server.init(static_cast<std::uint16_t>(mica::number_argument("port", 0x3f8)))) {
    attach_interrupt(mica::number_argument("irq", 4));
  }
  if (!mica::argument("log").empty()) (void)runtime::start_task_thread(show_log, 0, log_stack);
  const std::string_view name = mica::argument("name");
  mica::serve(server, name.empty() ? "serial" : name);
}
