// SPDX-License-Identifier: MIT
// A system that hangs, to be looked at with ./mica debug (docs/debugging.md). The bank has two
// threads that ask each other for something at the same time, and neither will ever answer. The
// customer is a task of its own that waits behind them.
#include <mica/root.h>
#include <runtime/program.h>
#include <runtime/threads.h>

namespace {

using mica::Word;

constexpr long transfer_label = 0x5000;

alignas(16) constinit std::byte second_stack[4096]{};

[[gnu::noinline]] Word ask(l4::ThreadId whom, Word amount) {
  l4::Words message(l4::Tag::make(transfer_label, 1), amount);
  l4::call_words(whom, message);
  return message[1];
}

// Asks before it answers: that is the mistake.
[[gnu::noinline]] Word transfer(l4::ThreadId other, Word amount) { return ask(other, amount) + amount; }

[[noreturn]] void run_account(Word other) {
  for (Word balance = 100;;) balance = transfer(l4::ThreadId(other), balance);
}

int be_customer() {
  const auto bank = mica::call<mica::Root::find>(mica::root_server(), mica::Name("bank"));
  if (!bank) return 1;
  runtime::print("customer: I ask the bank\n");
  return ask(*bank, 1) == 1 ? 0 : 1;
}

int be_bank() {
  mica::register_name("bank");
  const auto second = runtime::start_task_thread(run_account, l4::ThreadId::self().raw, second_stack);
  if (!second) return 1;
  run_account(second->raw);
}

}  // namespace

int main() { return mica::argument("customer").empty() ? be_bank() : be_customer(); }
