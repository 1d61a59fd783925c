// SPDX-License-Identifier: MIT
// Who uses the processor. The kernel keeps no account of threads' times, unless they have a total
// quantum: then it counts down what is left. So while this looks, every thread has one that it
// cannot use up in the time, and the root server lets go on whom it hits all the same.
#include <algorithm>
#include <array>

#include "commands.h"
#include "output.h"
#include "tasks.h"

namespace shell {

namespace {

using mica::Root;
using mica::Word;

constexpr Word interval = 1000000;          // microseconds
constexpr Word quantum = Word{1} << 21;     // more than that
constexpr Word resolution = quantum >> 10;  // what is left is told in 10 bits: up to so much too little

struct Row {
  mica::TaskId task;
  Word n, priority;
  std::array<char, 32> name;
  Word used;  // microseconds
};

// Those that there is room for; further threads are among the rest.
class Rows {
 public:
  void find_threads() {
    count_ = 0;
    for_each_task([this](const mica::TaskInfo& task) {
      for (Word n = 0; n < mica::threads_per_task; ++n) {
        if ((task.threads >> n & 1) != 0 && count_ < rows_.size()) add(task, n);
      }
    });
  }
  // Gives all threads the quantum, and notes what was used of the one before.
  void exchange(Word microseconds) {
    for (Row& row : *this) {
      const auto left = mica::call<Root::exchange_quantum>(mica::root_server(), row.task, row.n, microseconds);
      const Word used = left && *left < quantum ? quantum - *left : 0;
      row.used = used > resolution / 2 ? used - resolution / 2 : 0;
    }
  }
  void sort() {
    std::sort(begin(), end(), [](const Row& a, const Row& b) { return a.used > b.used; });
  }
  Row* begin() { return rows_.data(); }
  Row* end() { return rows_.data() + count_; }

 private:
  void add(const mica::TaskInfo& task, Word n) {
    Row& row = rows_[count_++];
    row = {task.id, n, task.priority, {}, 0};
    std::copy(task.name, task.name + sizeof(task.name), row.name.begin());
  }

  std::array<Row, 128> rows_{};
  std::size_t count_ = 0;
};

constinit Rows rows;

void say_share(Word used, Word time) {
  const Word tenths = time == 0 ? 0 : (used * 1000 + time / 2) / time;
  say("{}.{}", runtime::right(tenths / 10, 6), runtime::digits(tenths % 10, 1));
}

void show_rows(Word time) {
  say("thread  task          priority  state     CPU %\n");
  Word sum = 0;
  for (const Row& row : rows) {
    const auto thread = mica::call<Root::thread_state>(mica::root_server(), row.task, row.n);
    sum += row.used;
    say("{}  {}{}  {}", runtime::right(row.task.thread(static_cast<unsigned>(row.n)).number(), 6),
        runtime::left(row.name.data(), 14), runtime::right(row.priority, 8),
        runtime::left(thread ? state_name(thread->state) : "ended", 8));
    say_share(row.used, time);
    say("\n");
  }
  say("     -  idle, root server, sigma0       ");
  say_share(sum < time ? time - sum : 0, time);
  say("\n");
}

// Until that time has passed; false if a key was pressed.
bool wait() {
  const auto server = terminal.server();
  if (!server) return false;
  const auto typed = mica::call_within<mica::Terminal::read>(l4::Timeouts{L4_TimePeriod(interval).raw}, *server);
  return !typed && typed.error() == mica::Error::timeout;
}

}  // namespace

void show_top(const Words& words) {
  Word rounds = ~Word{0};
  if (words.size() > 1) {
    rounds = 0;
    for (const char c : words[1]) rounds = c >= '0' && c <= '9' && rounds < 100000 ? rounds * 10 + static_cast<Word>(c - '0') : 0;
    if (rounds == 0 || words.size() > 2) return say("use: top [ROUNDS]\n");
  }
  say("looking for a second{}\n", words.size() > 1 ? "" : "; any key ends");
  bool goes_on = true;
  while (goes_on && rounds-- > 0) {
    rows.find_threads();
    rows.exchange(quantum);
    const Word begin = L4_SystemClock().raw;
    goes_on = wait();
    const Word time = L4_SystemClock().raw - begin;
    rows.exchange(0);
    rows.sort();
    if (goes_on) show_rows(time);
  }
}

}  // namespace shell
