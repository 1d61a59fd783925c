// SPDX-License-Identifier: MIT
// The host's side of `./mica bench`:
//
//      bench_records collect FILE CPU SMP OPTIONS COMMIT < serial   append records to FILE
//      bench_records worst FILE CPU SMP OPTIONS COMMIT SUITE WAITS  the same for what the meter wrote
//      bench_records print FILE                                     one JSON object a line
//      bench_records gate BASELINE FILE                             TAP: a case a row that is wrong, or one
//      bench_records accept BASELINE HISTORY DATE COMPILER REASON FILE
//      bench_records compare PUBLISHED FILE                         beside other systems, for people
//      bench_records compare-json PUBLISHED FILE                    the same for the report
//
// Ends with 1 and a sentence on standard error if it cannot be done.
#include <fstream>
#include <iostream>
#include <span>

#include "baseline.h"
#include "comparison.h"
#include "published.h"
#include "worst.h"

namespace bench {

namespace {

using Arguments = std::span<const char* const>;

Origin origin_of(Arguments a) {
  return {.cpu = a[1], .options = a[3], .commit = a[4], .smp = static_cast<unsigned>(std::stoul(a[2]))};
}

void append(const std::string& file, const std::vector<Record>& records) {
  std::ofstream out(file, std::ios::app);
  for (const Record& record : records) out << record.dump() << '\n';
  out.close();
  if (!out) throw BadRecords("cannot be written: " + file);
}

int collect_into(Arguments a) {
  append(a[0], collect(std::cin, std::cout, origin_of(a)));
  return 0;
}

int worst_into(Arguments a) {
  std::ifstream waits(a[6]);
  if (!waits) throw BadRecords("the meter has written nothing: " + std::string(a[6]));
  if (const auto record = worst_row(waits, a[5], origin_of(a))) append(a[0], {*record});
  return 0;
}

int print(Arguments a) {
  for (const Record& record : read_records(a[0])) std::cout << record.dump() << '\n';
  return 0;
}

int gate(Arguments a) {
  const Verdict verdict = compare(read_baseline(a[0]), read_records(a[1]));
  const std::size_t cases = verdict.passed + verdict.failures.size();
  std::cout << "1.." << cases << '\n';
  std::size_t number = 0;
  for (const std::string& failure : verdict.failures)
    std::cout << "not ok " << ++number << " - " << failure << '\n';
  while (number < cases) std::cout << "ok " << ++number << '\n';
  if (verdict.shrunk != 0)
    std::cout << "# " << verdict.shrunk
              << " rows cost less than the baseline says: `./mica bench --accept REASON`\n";
  return verdict.failures.empty() ? 0 : 1;
}

int accept_records(Arguments a) {
  const Baseline before = std::ifstream(a[0]) ? read_baseline(a[0]) : Baseline::object();
  const Baseline next = accept(before, read_records(a[5]), a[2], a[4], a[3]);
  std::cerr << "the baseline is that of " << write_baseline(next, a[0], a[1]) << " now\n";
  return 0;
}

int compare_for_people(Arguments a) {
  std::cout << comparison(read_published(a[0]), read_records(a[1]));
  return 0;
}

int compare_as_json(Arguments a) {
  std::cout << compare_with(read_published(a[0]), read_records(a[1])).dump() << '\n';
  return 0;
}

struct Command {
  std::string_view name;
  std::size_t arguments;
  int (*run)(Arguments);
};
constexpr Command commands[] = {{"collect", 5, collect_into},
                                {"worst", 7, worst_into},
                                {"print", 1, print},
                                {"gate", 2, gate},
                                {"accept", 6, accept_records},
                                {"compare", 2, compare_for_people},
                                {"compare-json", 2, compare_as_json}};

int run(Arguments words) {
  for (const Command& command : commands)
    if (words.size() == command.arguments + 1 && words[0] == command.name)
      return command.run(words.subspan(1));
  std::cerr << "bench_records: what is it to do?\n";
  return 2;
}

}  // namespace

}  // namespace bench

int main(int count, char** words) {
  try {
    return bench::run(bench::Arguments(words + 1, static_cast<std::size_t>(count - 1)));
  } catch (const std::exception& error) {
    std::cerr << "bench: " << error.what() << '\n';
    return 1;
  }
}
