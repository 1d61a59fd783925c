// SPDX-License-Identifier: MIT
// A task whose children use more memory of the paging pager than it has frames, in the system
// systems/paging. With an argument child= it is one of them: its heap is of that pager.
#include <string_view>

#include <mica/regions.h>
#include <runtime/program.h>

namespace {

using mica::Error;
using mica::Name;
using mica::Root;
using mica::TaskId;
using mica::Word;

constexpr Word page_words = 512;

// Fills so many pages, changes some, and looks at all, in other orders each time.
int use_memory(Word pages, Word rounds) {
  auto* const words = static_cast<volatile Word*>(malloc(pages * page_words * sizeof(Word)));
  if (words == nullptr) return 2;
  const auto value = [](Word page, Word round) { return page << 20 | round; };
  for (Word page = 0; page < pages; ++page) {
    for (Word i = 0; i < page_words; i += 16) words[page * page_words + i] = value(page, 0) + i;
  }
  Word random = 1;
  for (Word round = 1; round <= rounds; ++round) {
    for (Word n = 0; n < pages; ++n) {
      const Word page = round % 2 == 0 ? n : pages - 1 - n;
      const Word now = page % 3 == 0 && round > 1 ? round - 1 : 0;
      for (Word i = 0; i < page_words; i += 16) {
        if (words[page * page_words + i] != value(page, now) + i) return 3;
        if (page % 3 == 0) words[page * page_words + i] = value(page, round) + i;
      }
    }
    for (Word n = 0; n < pages / 2; ++n) {
      random = random * 6364136223846793005u + 1442695040888963407u;
      const Word page = (random >> 33) % pages;
      if (words[page * page_words + 16] != value(page, page % 3 == 0 ? round : 0) + 16) return 4;
    }
  }
  return 0;
}

int run_child(std::string_view part) {
  if (part == "large") return use_memory(1024, 3);  // 4 MiB
  if (part == "half") return use_memory(512, 4);
  if (part == "small") return use_memory(8, 2);
  return 9;
}

mica::Result<TaskId> start(std::string_view arguments) {
  return mica::call<Root::spawn>(mica::root_server(), Word{192} << 10, mica::Text<64>("paging_test.elf"),
                                 mica::Text<256>(arguments));
}

long end_of(const mica::Result<TaskId>& task) {
  if (!task) return -2;
  const auto ending = mica::call<Root::wait>(mica::root_server(), *task);
  return ending ? ending->code : -2;
}

constexpr std::string_view large = "child=large memory=paging heap=8",
                           half = "child=half memory=paging heap=8",
                           small = "child=small memory=paging heap=1";

// A child works on while the disk's driver is killed and started again.
long run_while_driver_ends() {
  const auto child = start(large);
  for (unsigned i = 0; i < 5; ++i) {
    L4_Sleep(L4_TimePeriod(20'000));
    const auto driver = mica::call<Root::find>(mica::root_server(), Name("disk"));
    if (!driver || !mica::call<Root::kill>(mica::root_server(), TaskId::of(*driver))) return -3;
  }
  return end_of(child);
}

}  // namespace

int main() {
  if (const std::string_view part = mica::argument("child"); !part.empty()) return run_child(part);
  const long first = end_of(start(large));
  runtime::print("large={}\n", first);
  if (first != 0) {
    // On a disk with bad sectors: the others go on.
    runtime::print("small={}\n", end_of(start(small)));
    return 2;
  }
  const auto one = start(half), other = start(half);
  const long one_ends = end_of(one), other_ends = end_of(other);
  runtime::print("two={},{}\n", one_ends, other_ends);
  const long last = run_while_driver_ends();
  runtime::print("killed={}\n", last);
  return one_ends == 0 && other_ends == 0 && last == 0 ? 0 : 1;
}
