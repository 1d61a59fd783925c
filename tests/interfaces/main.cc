// SPDX-License-Identifier: MIT
// A fuzzer of every shipped interface (targets.cc): attackers, tasks of their own, send random and
// mutated requests, and end in whatever way. After each batch a client that behaves well must get the
// right answers, and no server may have been started again.
//
// Arguments: batches= how many, seed= where the seeds begin, steps= messages of each attacker; of
// the attackers: attack= the seed.
#include <mica/tasks.h>
#include <runtime/program.h>

#include "attack.h"

namespace {

using mica::Root;
using mica::Word;

constexpr unsigned attackers = 2;
constexpr Word attackers_memory = Word{256} << 10;
constexpr Word patience = 3'000'000;  // microseconds

Word restarts() {
  Word sum = 0;
  mica::for_each_task([&](const mica::TaskInfo& task) { sum += task.parent.is_none() ? task.restarts : 0; });
  return sum;
}

mica::TaskId start_attacker(Word seed) {
  char text[96];
  unsigned size = 0;
  const auto put = [&](std::string_view part) {
    for (const char c : part) text[size++] = c;
  };
  const auto put_number = [&](Word value) {
    Word digit = 1;
    while (value / digit >= 10) digit *= 10;
    for (; digit != 0; digit /= 10) text[size++] = static_cast<char>('0' + value / digit % 10);
  };
  put("attack=");
  put_number(seed);
  put(" steps=");
  put_number(mica::number_argument("steps", 0));
  const auto task = mica::call<Root::spawn>(mica::root_server(), attackers_memory, mica::Text<64>("interfaces_test.elf"),
                                            mica::Text<256>(std::string_view(text, size)));
  return task.value_or(mica::TaskId());
}

void wait_for(mica::TaskId task) {
  const Word until = L4_SystemClock().raw + patience;
  while (mica::alive(task) && L4_SystemClock().raw < until) L4_Sleep(L4_TimePeriod(5000));
  if (mica::alive(task)) (void)mica::call<Root::kill>(mica::root_server(), task);
}

bool all_serve(Word seed) {
  bool good = true;
  for (const interfaces::Target& target : interfaces::targets()) {
    const l4::ThreadId server = interfaces::server_of(target);
    if (!server.is_nil() && target.serves(server)) continue;
    runtime::print("interfaces: seed {}: {} does not serve any more\n", seed, target.task);
    good = false;
  }
  if (restarts() != 0) {
    runtime::print("interfaces: seed {}: a server was started again\n", seed);
    good = false;
  }
  return good;
}

}  // namespace

int main() {
  if (const Word seed = mica::number_argument("attack", 0); seed != 0) {
    return interfaces::attack(seed, mica::number_argument("steps", 0));
  }
  const Word batches = mica::number_argument("batches", 0);
  Word seed = mica::number_argument("seed", 0);
  if (!all_serve(0)) return 1;
  for (Word batch = 0; batch < batches; ++batch) {
    mica::TaskId tasks[attackers];
    const Word first = seed;
    for (mica::TaskId& task : tasks) task = start_attacker(++seed);
    for (const mica::TaskId task : tasks) {
      if (task.is_none()) runtime::panic("an attacker does not start");
      wait_for(task);
    }
    if (!all_serve(first)) return 1;
  }
  runtime::print("interfaces: {} batches, and all serve\n", batches);
  return 0;
}
