// SPDX-License-Identifier: MIT
// Who uses the processor. The kernel keeps no account of threads' times, unless they have a total
// quantum: then it counts down what is left. So while this looks, every thread has one that it
// cannot use up in the time, and the root server lets go on whom it hits all the same. It counts no
// messages either: they are traced for a while before, and the rates are those of that while.
#include <algorithm>
#include <array>

#include <mica/trace_server.h>

#include "commands.h"
#include "output.h"
#include "tasks.h"

namespace shell {

namespace {

using mica::Root;
using mica::TraceServer;
using mica::Word;

constexpr Word interval = 800000;           // microseconds
constexpr Word traced_interval = 200000;    // before these
constexpr Word quantum = Word{1} << 21;     // more than that
constexpr Word resolution = quantum >> 10;  // what is left is told in 10 bits: up to so much too little

struct Row {
  mica::TaskId task;
  Word n, priority;
  std::array<char, 32> name;
  Word used;  // microseconds
  Word messages;

  l4::ThreadId thread() const { return task.thread(static_cast<unsigned>(n)); }
};

constinit mica::Connection<TraceServer> trace{"trace"};

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
  // What each thread has sent since the last call.
  void count_messages() {
    for (Row& row : *this) row.messages = 0 - row.messages;
    for (Word n = 0;; ++n) {
      const auto use = trace.call<TraceServer::thread_use>(n);
      if (!use) return;
      const auto row = std::find_if(begin(), end(), [&](const Row& r) { return r.thread() == use->thread; });
      if (row != end()) row->messages += use->messages;
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
    row = {task.id, n, task.priority, {}, 0, 0};
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

void say_rate(Word messages, Word ticks) {
  const Word per_second = L4_ProcDescInternalFreq(L4_ProcDesc(nullptr, 0)) * 1000;
  if (ticks == 0) return say("         -");
  say("{}", runtime::right((messages * per_second + ticks / 2) / ticks, 10));
}

void show_rows(Word time, Word traced) {
  say("thread  task          priority  state     CPU %     IPC/s\n");
  Word sum = 0;
  for (const Row& row : rows) {
    const auto thread = mica::call<Root::thread_state>(mica::root_server(), row.task, row.n);
    sum += row.used;
    say("{}  {}{}  {}", runtime::right(row.thread().number(), 6),
        runtime::left(row.name.data(), 14), runtime::right(row.priority, 8),
        runtime::left(thread ? state_name(thread->state) : "ended", 8));
    say_share(row.used, time);
    say_rate(row.messages, traced);
    say("\n");
  }
  say("     -  idle, root server, sigma0       ");
  say_share(sum < time ? time - sum : 0, time);
  say("\n");
}

// Until that time has passed; false if a key was pressed.
bool wait(Word microseconds) {
  const auto server = terminal.server();
  if (!server) return false;
  const auto typed = mica::call_within<mica::Terminal::read>(l4::Timeouts{L4_TimePeriod(microseconds).raw}, *server);
  return !typed && typed.error() == mica::Error::timeout;
}

// Counts messages for a while; false if a key was pressed. `ticks` is what the counts cover, 0 if
// nobody can count. A trace that somebody has switched on stays so.
bool watch_messages(Word& ticks) {
  ticks = 0;
  const auto before = trace.call<TraceServer::counted>();
  if (!before || (before->on == 0 && !trace.call<TraceServer::set>(Word{1}))) return true;
  const Word begin = before->on == 0 ? 0 : before->ticks;  // all counts begin anew
  rows.count_messages();
  const bool goes_on = wait(traced_interval);
  const auto end = trace.call<TraceServer::counted>();
  rows.count_messages();
  if (before->on == 0) (void)trace.call<TraceServer::set>(Word{0});
  if (end) ticks = end->ticks - begin;
  return goes_on;
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
    Word traced = 0;
    if (!watch_messages(traced)) return;
    rows.exchange(quantum);
    const Word begin = L4_SystemClock().raw;
    goes_on = wait(interval);
    const Word time = L4_SystemClock().raw - begin;
    rows.exchange(0);
    rows.sort();
    if (goes_on) show_rows(time, traced);
  }
}

}  // namespace shell
