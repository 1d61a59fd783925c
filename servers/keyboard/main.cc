// SPDX-License-Identifier: MIT
// The keyboard at a PC's keyboard controller.
//
// Owns: ports 0x60 and 0x64, interrupt 1. Serves: mica::Keyboard under the name `keyboard` (argument
// name=). Trusts: the root server, and of the device nothing. Without a controller, or a
// keyboard at it, it says so and ends with 0: there is nothing to do and nothing to be started again.
//
// A controller that loses its set-up while the system runs, by a reset or by who knows whom, gives
// no interrupts any more. So the server looks now and then whether a byte waits that no interrupt
// has told of, and sets everything up again.
#include <mica/keyboard.h>
#include <mica/server.h>
#include <mica/typed.h>
#include <runtime/io.h>
#include <runtime/program.h>

#include "i8042.h"
#include "keymap.h"

namespace {

using keyboard::Decoder;
using keyboard::Fault;
using mica::Keyboard;
using mica::Result;
using mica::Word;

struct Ports : runtime::MachinePorts {
  void pause() const { L4_Sleep(L4_TimePeriod(50)); }
};

class Server {
 public:
  using Interface = Keyboard;
  struct Session {};
  using Client = mica::Client<Session>;

  Fault init(Word line) {
    const Fault fault = set_up();
    if (fault != Fault::none) return fault;
    const auto attached = mica::call<mica::Root::attach_interrupt>(mica::root_server(), line, Word{0});
    if (!attached) runtime::print("keyboard: interrupt {}: {}\n", line, mica::text(attached.error()));
    take_all();  // what came before gave its interrupt to nobody
    return Fault::none;
  }

  Result<mica::Text<64>> handle(Keyboard::read, Client& client) { return typed_.read(client.thread); }

  Result<void> handle(Keyboard::press, Client& client, Word code) {
    typed_.asks_otherwise(client.thread);
    if (code > 0xff) return mica::Error::bad_argument;
    take_all();  // there is room for one byte
    if (!controller_.translates() || !controller_.inject(static_cast<std::uint8_t>(code))) return mica::Error::device;
    return {};
  }

  void interrupt(l4::ThreadId) {
    waited_ = 0;
    take_all();
  }

  // A byte that has been there for two looks, while a message of an interrupt would have come between.
  l4::Timeouts next_timeout() { return l4::Timeouts{l4::Timeouts::reply().raw | L4_TimePeriod(look_every).raw}; }
  void timeout() {
    waited_ = controller_.has_byte() ? waited_ + 1 : 0;
    if (waited_ < 2) return;
    waited_ = 0;
    const Fault fault = set_up();
    runtime::print("keyboard: the controller had lost its set-up: {}\n",
                   fault == Fault::none ? "it is there again" : text(fault));
  }

 private:
  static constexpr Word look_every = 200000;  // microseconds
  static constexpr unsigned most_bytes = 64;  // of one interrupt

  Fault set_up() {
    const Fault fault = controller_.init();
    decoder_.use(controller_.translates() ? Decoder::Set::one : Decoder::Set::two);
    keymap_.release_all();
    return fault;
  }

  void take_all() {
    for (unsigned n = 0; n < most_bytes && controller_.has_byte(); ++n) {
      const auto byte = controller_.take();
      const auto event = byte ? decoder_.feed(*byte) : std::nullopt;
      if (event) typed_.push(keymap_.feed(*event));
    }
  }

  keyboard::I8042<Ports> controller_;
  Decoder decoder_;
  keyboard::Keymap keymap_;
  mica::Typed<Keyboard::read> typed_;
  unsigned waited_ = 0;
};

constinit Server server;

}  // namespace

int main() {
  const Fault fault = server.init(mica::number_argument("irq", 1));
  if (fault != Fault::none) {
    runtime::print("keyboard: {}\n", text(fault));
    return 0;
  }
  const std::string_view name = mica::argument("name");
  mica::serve(server, name.empty() ? "keyboard" : name);
}
