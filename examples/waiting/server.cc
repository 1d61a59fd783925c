// SPDX-License-Identifier: MIT
// A server that waits for times, events and another server at once, on fibers.
//
// Owns: its fibers' stacks, of the pager that its region mapper has memory from; below each is a
// page of nothing, so that one that is used up ends the task instead of another one's data.
// Serves: Waiting, under the name of the argument name=. A client that does not wait any more
// keeps a stack until its handler is done; more than there are stacks get Error::busy.
#include <mica/connection.h>
#include <mica/regions.h>
#include <runtime/fibers.h>
#include <runtime/program.h>

#include "waiting.h"

namespace {

using mica::Error;
using mica::Result;
using mica::Word;

constexpr unsigned stacks = 4, workers = 2;
constexpr Word stack_bytes = 0x4000;

class Server : public runtime::Fibers {
 public:
  using Interface = Waiting;
  using Client = mica::Client<>;

  Result<Word> handle(Waiting::waiting, Client&) { return Word{live()}; }

  Result<void> handle(Waiting::after, Client& client, Word microseconds) {
    return run<Waiting::after>(client.thread, [this, microseconds]() -> Result<void> {
      sleep(microseconds);
      return {};
    });
  }

  Result<Word> handle(Waiting::hear, Client& client, Word patience) {
    return run<Waiting::hear>(client.thread, [this, patience]() -> Result<Word> {
      if (!wait(bell_, patience)) return Error::busy;
      return ++rings_;
    });
  }

  Result<void> handle(Waiting::ring, Client&) {
    signal(bell_);
    return {};
  }

  Result<void> handle(Waiting::pass_on, Client& client, Word microseconds) {
    return run<Waiting::pass_on>(client.thread, [this, microseconds]() -> Result<void> {
      return elsewhere([&] {
        mica::Connection<Waiting> other(mica::argument("other"));
        return other.call<Waiting::after>(microseconds);
      });
    });
  }

  Result<Word> handle(Waiting::deep, Client& client, Word calls) {
    return run<Waiting::deep>(client.thread, [calls]() -> Result<Word> { return count(calls); });
  }

 private:
  [[gnu::noinline]] static Word count(Word calls) {
    volatile Word place[16] = {calls};
    return calls == 0 ? 0 : count(calls - 1) + (place[0] != 0 ? 1 : 0);
  }

  runtime::Event bell_;
  Word rings_ = 0;
};

constinit Server server;

}  // namespace

int main() {
  for (unsigned i = 0; i < stacks; ++i) {
    const auto memory = mica::new_memory(stack_bytes);
    if (!memory || !server.add_stack(*memory)) runtime::panic("no memory for stacks");
  }
  for (unsigned i = 0; i < workers; ++i) {
    if (!mica::start_thread(runtime::Fibers::work, l4::ThreadId::self().raw)) runtime::panic("no worker");
  }
  mica::serve(server, mica::argument("name"));
}
