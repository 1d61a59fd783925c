// SPDX-License-Identifier: MIT
// A task of the root server (systems/bench-restart) that ends the other servers, one at a time, and
// asks them again at once.
//
// Counted: from the call that ends the server (Root::kill) to the first good answer of its next
// incarnation, all of it: the end of the old task with its memory, the new task with its
// pages, its way to its name, and the client that finds it there.
#include <mica/connection.h>
#include <mica/echo.h>
#include <mica/rtc.h>
#include <mica/terminal.h>
#include <mica/timer.h>
#include <runtime/program.h>

#include "../lib/report.h"
#include "../lib/ticks.h"

namespace bench {

namespace {

using l4::Word;
using mica::Root;

constexpr unsigned restarts = 200;
constexpr Word longest_median = 2'000'000, longest = 10'000'000;  // 2 and 10 ms, an instruction being a ns

[[noreturn]] void fail(std::string_view name) {
  runtime::print("restart: {} does not come back\n", name);
  runtime::exit(1);
}

void insert(Word (&sorted)[restarts], unsigned count, Word value) {
  unsigned at = count;
  for (; at > 0 && sorted[at - 1] > value; --at) sorted[at] = sorted[at - 1];
  sorted[at] = value;
}

// ask(connection): one request; is the answer good?
template <typename Ask>
void measure(std::string_view name, std::string_view median_row, std::string_view p99_row, Ask ask) {
  static Word sorted[restarts];
  mica::Connection<mica::Echo> connection(name);
  if (!ask(connection)) fail(name);
  for (unsigned i = 0; i < restarts; ++i) {
    const mica::TaskId task = mica::TaskId::of(*connection.server());
    const Word start = ticks();
    (void)mica::call<Root::kill>(mica::root_server(), task);
    for (unsigned tries = 0; !ask(connection); ++tries) {
      if (tries == 100) fail(name);
    }
    insert(sorted, i, ticks() - start);
  }
  const Word median = sorted[restarts / 2 - 1], p99 = sorted[restarts * 99 / 100 - 1];
  add_row({"restart", median_row, longest_median, 0, true}, 0, summarize(&median, 1, 1, 100));
  add_row({"restart", p99_row, longest, 0, true}, 0, summarize(&p99, 1, 1, 100));
}

}  // namespace

}  // namespace bench

int main() {
  using namespace bench;
  measure("echo", "echo/median", "echo/p99", [](auto& connection) {
    const auto sum = connection.template call<mica::Echo::add>(Word{3}, Word{4});
    return sum && *sum == 7;
  });
  measure("serial", "serial/median", "serial/p99", [](auto& connection) {
    return connection.template call<mica::Terminal::write>(mica::Text<400>()).ok();
  });
  measure("timer", "timer/median", "timer/p99",
          [](auto& connection) { return connection.template call<mica::Timer::now>().ok(); });
  measure("rtc", "rtc/median", "rtc/p99", [](auto& connection) {
    const auto date = connection.template call<mica::Rtc::read>();
    return date && date->year == 2026;
  });
  print_report();
  return 0;
}
