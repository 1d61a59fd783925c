// SPDX-License-Identifier: MIT
// The fault campaign: puts one fault after the other into the servers of systems/campaign and
// looks how long it takes until each gives a good answer again. Arguments: faults=, seed=,
// victim= (all of them). The same seed has the same faults.
//
// Each fault is code, data or stack with flipped bits, an endless loop, a halted thread, a kill, or a
// burst of messages that make no sense. Then the victim is asked until the answer is good. If
// the root server has found the fault (a crash, a missed heartbeat), the victim is another task by then. If no
// good answer comes within the bound although the task lives, nobody but a client can know: the
// campaign restarts it, as an operator would. A fault that shows only after a good answer is late. Messages
// go to a victim without such faults, and it has to get over them without a restart.
#include <mica/tasks.h>
#include <runtime/program.h>
#include <runtime/random.h>

#include "ask.h"
#include "disk.h"

namespace campaign {

namespace {

using mica::Root;
using mica::TaskId;

constexpr Word bound = 100'000;       // microseconds until a good answer, or an operator comes
constexpr Word pause = 100;           // after an answer that is not good
constexpr Word slow = 50'000;         // from here on the log tells of it
constexpr Word most_faults = 10'000;

constexpr const char* kinds[] = {"code", "data", "stack", "loop", "halt", "kill", "messages"};
constexpr unsigned kind_count = 7, kill_kind = 5, message_kind = 6;

struct Count {
  unsigned faults = 0, restarts = 0, late = 0, operators = 0, wrong = 0;
};
constinit Count counts[kind_count]{};
constinit unsigned faults_of[most_victims][kind_count]{};
constinit std::uint32_t times[most_faults]{};  // of restarts: until the first good answer, in microseconds
constinit unsigned time_count = 0;
constinit std::uint8_t time_kinds[most_faults]{};
constinit runtime::Random random_numbers(1);

// What was done to each victim last: the task that was left in good order and the one that it
// needs, the kind of fault, and whether that task may still have it.
struct State {
  TaskId task, needed;
  unsigned kind = 0;
  bool dirty = false;
};
constinit State states[most_victims]{};
constinit unsigned first_victim = 0, victim_count = 0;  // of those that get faults

Word random() { return random_numbers.next(); }

bool choose_victims(std::string_view name) {
  victim_count = static_cast<unsigned>(victims().size());
  if (name == "all") return true;
  while (first_victim < victim_count && name != victims()[first_victim].name) ++first_victim;
  const bool found = first_victim < victim_count;
  victim_count = 1;
  return found;
}

// The task of that name as it is now; none while it is not there, and for no name.
TaskId task_of(const char* victim) { return victim == nullptr ? TaskId() : mica::task_named(victim); }

// Messages of any label and length, with items that lead nowhere or somewhere.
void send_nonsense(l4::ThreadId to) {
  static char text[4096];
  for (unsigned i = 0; i < 16; ++i) {
    const auto untyped = static_cast<unsigned>(random() % 60);
    const unsigned typed = random() % 2 == 0 ? 0 : 2;
    for (unsigned k = 1; k <= untyped + typed; ++k) L4_LoadMR(static_cast<int>(k), random() >> random() % 64);
    if (typed != 0) {
      const bool map = random() % 2 == 0;
      const Word at = reinterpret_cast<Word>(text);
      L4_LoadMR(static_cast<int>(untyped + 1), map ? random() << 12 | 8 : random() % sizeof(text) << 10);
      L4_LoadMR(static_cast<int>(untyped + 2), map ? l4::Fpage::page(at, l4::read).raw : at);
    }
    const long interface = random() % 3 == 0 ? static_cast<long>(random() & 0xffff) : static_cast<long>(0x20 + random() % 8) << 8;
    L4_Set_MsgTag(L4_MsgTag_t{.raw = l4::Tag::make(interface | static_cast<long>(random() % 6), untyped, typed).raw});
    const Word soon = L4_TimePeriod(200).raw;
    (void)L4_Call_Timeouts(to, L4_Time_t{.raw = static_cast<L4_Word16_t>(soon)}, L4_Time_t{.raw = static_cast<L4_Word16_t>(soon)});
  }
}

void put_fault(TaskId task, unsigned kind) {
  if (kind == kill_kind) return (void)mica::call<Root::kill>(mica::root_server(), task);
  if (kind == message_kind) return send_nonsense(task.thread(0));
  (void)mica::call<Root::inject>(mica::root_server(), task, mica::Fault{kind}, random());
}

// Asks until the answer is good, at most until the bound.
bool probe_until_good(const Victim& victim, Word n, Word start, Count& count) {
  while (L4_SystemClock().raw - start < bound) {
    const auto server = ask<Root::find>(mica::root_server(), mica::Name(victim.name));
    if (server.error() == Error::timeout) continue;
    if (!server) return false;  // it has ended as if all were well
    const Answer answer = victim.probe(*server, n);
    if (answer == Answer::good) return true;
    if (answer == Answer::wrong) ++count.wrong;
    L4_Sleep(L4_TimePeriod(pause));  // the others have their time, too
  }
  return false;
}

// As an operator would, who looks further if that was not enough: what the victim needs may have a
// fault that its own probes do not meet.
bool restart(const Victim& victim, Word n, Count& count) {
  const auto again = [](const char* name) { (void)mica::call<Root::restart>(mica::root_server(), mica::Name(name)); };
  again(victim.name);
  if (probe_until_good(victim, n, L4_SystemClock().raw, count)) return true;
  if (victim.needs == nullptr) return false;
  again(victim.needs);
  again(victim.name);
  return probe_until_good(victim, n, L4_SystemClock().raw, count);
}

// False: the victim does not come back, whatever is done.
bool run_fault(Word n) {
  const Word which = first_victim + random() % victim_count;
  const Victim& victim = victims()[which];
  const auto kind = static_cast<unsigned>(random() % kind_count);
  State& state = states[which];
  Count& count = counts[kind];
  ++count.faults;
  ++faults_of[which][kind];
  TaskId before = task_of(victim.name);
  if (task_of(victim.needs) != state.needed) {
    // What it needs is another one now, and so may it be, by no fault of its own.
    if (!probe_until_good(victim, n, L4_SystemClock().raw, count) && !restart(victim, n, count)) return false;
    before = task_of(victim.name);
  } else if (!state.task.is_none() && before != state.task) {
    ++counts[state.kind].late;
    runtime::print("fault {}: {} has ended by an earlier fault: {}\n", n, victim.name, kinds[state.kind]);
  }
  if (kind == message_kind && state.dirty && before == state.task) {
    if (!restart(victim, n, count)) return false;
    before = task_of(victim.name);
  }
  runtime::print("fault {}: {} in {}\n", n, kinds[kind], victim.name);
  const Word start = L4_SystemClock().raw;
  put_fault(before, kind);
  bool good = probe_until_good(victim, n, start, count);
  const Word taken = L4_SystemClock().raw - start;
  if (!good || taken > slow) {
    runtime::print("fault {}: {} after {} us\n", n, good ? "a good answer" : "no good answer", taken);
  }
  if (!good) {
    ++count.operators;
    good = restart(victim, n, count);
    if (!good) runtime::print("fault {}: {} does not come back\n", n, victim.name);
  } else if (!mica::alive(before)) {
    ++count.restarts;
    time_kinds[time_count] = static_cast<std::uint8_t>(kind);
    times[time_count++] = static_cast<std::uint32_t>(taken);
  }
  state = {task_of(victim.name), task_of(victim.needs), kind, mica::alive(before) && kind < 3};
  return good;
}

// Of the times of a kind: the one of rank part * count / 100; kind_count for all kinds.
Word quantile(unsigned kind, Word part) {
  static constinit std::uint32_t sorted[most_faults];
  unsigned count = 0;
  for (unsigned i = 0; i < time_count; ++i) {
    if (kind == kind_count || time_kinds[i] == kind) sorted[count++] = times[i];
  }
  if (count == 0) return 0;
  for (unsigned gap = count / 2; gap > 0; gap /= 2) {
    for (unsigned i = gap; i < count; ++i) {
      const std::uint32_t value = sorted[i];
      unsigned at = i;
      for (; at >= gap && sorted[at - gap] > value; at -= gap) sorted[at] = sorted[at - gap];
      sorted[at] = value;
    }
  }
  const Word rank = (part * count + 99) / 100;
  return sorted[rank == 0 ? 0 : rank - 1];
}

void print_line(std::string_view name, unsigned kind, const Count& count) {
  using runtime::right;
  runtime::print("campaign: {}{}{}{}{}{}{}{}\n", runtime::left(name, 10), right(count.faults, 8), right(count.restarts, 10),
                 right(count.late, 6), right(count.operators, 11), right(count.wrong, 7), right(quantile(kind, 50), 10),
                 right(quantile(kind, 99), 8));
}

void print_table() {
  runtime::print("campaign: fault       faults  restarts  late  operators  wrong  median us  99 % us\n");
  Count all;
  for (unsigned kind = 0; kind < kind_count; ++kind) {
    print_line(kinds[kind], kind, counts[kind]);
    all.faults += counts[kind].faults;
    all.restarts += counts[kind].restarts;
    all.late += counts[kind].late;
    all.operators += counts[kind].operators;
    all.wrong += counts[kind].wrong;
  }
  print_line("all", kind_count, all);
}

void print_victims() {
  using runtime::right;
  runtime::print("campaign: victim         code  data  stack  loop  halt  kill  messages\n");
  for (unsigned which = first_victim; which < first_victim + victim_count; ++which) {
    const auto& n = faults_of[which];
    runtime::print("campaign: {}{}{}{}{}{}{}{}\n", runtime::left(victims()[which].name, 13), right(n[0], 6), right(n[1], 6),
                   right(n[2], 7), right(n[3], 6), right(n[4], 6), right(n[5], 6), right(n[6], 10));
  }
}

// By an incarnation without a fault; a second one says whether what looks wrong is.
bool check_all_sectors(Word n) {
  for (const Victim& victim : victims()) {
    if (victim.probe != probe_disk) continue;
    for (unsigned tries = 0; tries < 4; ++tries) {
      if (restart(victim, n + tries, counts[0]) && check_disk() == Answer::good) return true;
    }
  }
  return false;
}

}  // namespace

}  // namespace campaign

int main() {
  using namespace campaign;
  const Word wanted = mica::number_argument("faults", 200);
  const Word faults = wanted < most_faults ? wanted : most_faults;
  random_numbers = runtime::Random::of_seed(mica::number_argument("seed", 1));
  if (!choose_victims(mica::argument("victim"))) {
    runtime::print("campaign: there is no victim {}\n", mica::argument("victim"));
    return 1;
  }
  if (const char* const missing = begin_victims()) {
    runtime::print("campaign: there is not {}\n", missing);
    return 1;
  }
  unsigned lost = 0;
  Word done = 0;
  while (done < faults && lost == 0) {
    lost += run_fault(++done) ? 0u : 1u;
    if (done % 1000 == 0 && done < faults) runtime::print("campaign: {} faults\n", done);
  }
  const bool checked = check_all_sectors(faults + 1);
  print_table();
  print_victims();
  const DiskCount& disk = disk_count();
  runtime::print("campaign: {} of {} acknowledged sectors lost{}\n", disk.lost, disk.acknowledged,
                 checked ? "" : "; not all could be read");
  runtime::print("campaign: the clock had to be set {} times\n", times_clock_was_set());
  const Count& messages = counts[message_kind];
  const unsigned ended = messages.restarts + messages.late + messages.operators;
  runtime::print("campaign: {} faults; {} servers did not come back, {} were ended by messages\n", done, lost, ended);
  return lost + ended + disk.lost == 0 && checked && done == faults ? 0 : 1;
}
