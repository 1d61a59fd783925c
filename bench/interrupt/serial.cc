// SPDX-License-Identifier: MIT
// The first serial port (ISA interrupt 4) says that its sender is empty, and a handler in
// another address space that waits for the interrupt's message runs.
//
//   serial/handler       from the counter's reading just before the OUT that lets the port
//                        raise its interrupt to its reading behind the handler's Ipc, less
//                        what two readings are apart: that OUT, the kernel, the stub's RET,
//                        and three moves of the OUT's operands. The thread that is
//                        interrupted has a lower priority than the handler and has used the
//                        port before
//   serial/acknowledge   the handler's answer, which lets the line raise the next one; what
//                        the handler does to silence the port is not counted
#include <runtime/io.h>
#include <runtime/program.h>

#include "../lib/measure.h"
#include "../lib/world.h"
#include "interrupt.h"

namespace bench {

namespace {

using l4::Fpage;
using l4::Tag;
using l4::ThreadId;
using l4::Word;
using l4::Words;

constexpr Word serial_irq = 4;
constexpr std::uint16_t interrupt_enable = runtime::serial_port + 1;
constexpr std::uint16_t interrupt_cause = runtime::serial_port + 2;
constexpr std::uint16_t modem_control = runtime::serial_port + 4;
constexpr std::uint8_t sender_empty = 2, lines_and_interrupt = 0x0b;
constexpr Word low_priority = 50, handler_priority = 200;

constinit volatile Word handled_at = 0, acknowledging = 0;

ThreadId interrupt_id() { return ThreadId::global(serial_irq, 1); }

void make_port_silent() {
  runtime::out8(interrupt_enable, 0);
  (void)runtime::in8(interrupt_cause);
}

// Gets the serial port from the first thread, then serves its interrupt.
[[noreturn]] void handler(Word) {
  L4_Accept(L4_MapGrantItems(Fpage::io(runtime::serial_port, 3)));
  Words message(Tag::make(0, 0));
  if (l4::call_words(main_thread(), message).failed()) runtime::panic("no port");
  l4::ipc_words(ThreadId::nil(), interrupt_id(), l4::Timeouts::never(), message);
  for (;;) {
    handled_at = ticks();
    mark_close<1>();
    if (message.tag().raw != Tag::make(-1 * 16, 0).raw) runtime::panic("not an interrupt's message");
    make_port_silent();
    message = Words(Tag::make(0, 0));
    mark_open<2>();
    const Word start = ticks();
    l4::send_words(interrupt_id(), message);
    acknowledging = ticks() - start;
    mark_close<2>();
    if (message.tag().failed()) runtime::panic("the interrupt was not acknowledged");
    l4::ipc_words(ThreadId::nil(), interrupt_id(), l4::Timeouts::never(), message);
  }
}

void give_port(ThreadId to) {
  Words message;
  l4::ipc_words(ThreadId::nil(), to, l4::Timeouts::never(), message);
  const L4_MapItem_t item = L4_MapItem(Fpage::io(runtime::serial_port, 3), 0);
  message = Words(Tag::make(0, 0, 2), item.raw[0], item.raw[1]);
  if (l4::send_words(to, message, l4::Timeouts::reply()).failed()) runtime::panic("the port was not taken");
}

Word interrupt_once() {
  handled_at = 0;
  // The kernel gives the CPU the port rights of a space when it first uses them.
  (void)runtime::in8(interrupt_cause);
  mark_open<1>();
  const Word start = ticks();
  runtime::out8(interrupt_enable, sender_empty);
  for (unsigned i = 0; handled_at == 0 && i < 1'000'000; ++i) {
  }
  if (handled_at == 0) runtime::panic("no interrupt came");
  return handled_at - start;
}

Word acknowledge_once() {
  interrupt_once();
  return acknowledging;
}

}  // namespace

void measure_serial() {
  const ThreadId self = ThreadId::self(), other = start_in_space(handler);
  give_port(other);
  L4_Set_Priority(other, handler_priority);
  L4_Set_Priority(self, low_priority);
  if (L4_AssociateInterrupt(interrupt_id(), other) != 1) runtime::panic("the interrupt cannot be had");
  L4_Set_Priority(interrupt_id(), handler_priority);
  runtime::out8(modem_control, lines_and_interrupt);
  runtime::out8(interrupt_enable, 0);
  measure_once({"interrupt", "serial/handler", 180, 189}, 1, interrupt_once);
  measure_once({"interrupt", "serial/acknowledge"}, 2, acknowledge_once);
  if (L4_DeassociateInterrupt(interrupt_id()) != 1) runtime::panic("the interrupt cannot be given back");
}

}  // namespace bench
