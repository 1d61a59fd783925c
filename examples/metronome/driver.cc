// SPDX-License-Identifier: MIT
// Owns: the real-time clock's two ports and its interrupt line.
// Serves: Metronome, under the name metronome.
// Trusts: the root server. A client that waits costs a place in a table and nobody's time.
#include <mica/server.h>
#include <runtime/io.h>
#include <runtime/program.h>

#include "clock_chip.h"
#include "metronome.h"

namespace {

using mica::Error;
using mica::Result;
using mica::Word;

constexpr Word interrupt_line = 8;

class Driver {
 public:
  using Interface = Metronome;
  using Client = mica::Client<>;

  void start() {
    const auto attached =
        mica::call<mica::Root::attach_interrupt>(mica::root_server(), interrupt_line, Word{0});
    if (!attached) runtime::panic(mica::text(attached.error()));
    chip_.start();
  }

  Result<Word> handle(Metronome::rate, Client&) { return Word{chip_.beats_per_second}; }

  Result<Word> handle(Metronome::wait, Client& client, Word beats) {
    if (beats == 0 || beats > 1'000'000) return Error::bad_argument;
    for (Waiter& waiter : waiters_) {
      if (!waiter.thread.is_nil()) continue;
      waiter = {client.thread, beats_ + beats};
      return Result<Word>::later();
    }
    return Error::busy;
  }

  // The line is masked until this returns.
  void interrupt(l4::ThreadId) {
    if (!chip_.beat()) return;
    ++beats_;
    for (Waiter& waiter : waiters_) {
      if (waiter.thread.is_nil() || waiter.until != beats_) continue;
      mica::answer<Metronome::wait>(waiter.thread, beats_);
      waiter = {};
    }
  }

 private:
  struct Waiter {
    l4::ThreadId thread;  // nil: the place is free
    Word until = 0;
  };

  metronome::ClockChip<runtime::MachinePorts> chip_{runtime::MachinePorts{}};
  Word beats_ = 0;
  std::array<Waiter, 16> waiters_{};
};

constinit Driver driver;

}  // namespace

int main() {
  driver.start();
  mica::serve(driver, "metronome");
}
