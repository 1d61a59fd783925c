// SPDX-License-Identifier: MIT
// A task of a system (systems/bench-faults) that measures what a page of a pager of its own
// costs: what a touch of a page takes that is not there more than one of a page that is. Most
// cost the same; in the mean are those, too, for which somebody must fetch memory for notes
// (in the kernel each 127th, and each 512th for a page table). In it are the first try,
// the kernel's message to the task's region mapper, the mapper's search and its call to the
// pager, the pager's work and its reply with the page, and the mapper's reply.
// The pagers have taken their memory from the root server before (argument reserve=).
//
//   anonymous/fresh         a page that was never used, filled with zeros
//   anonymous/again         a page that is there already, and only has to be mapped
//   anonymous/recycled      a page whose frame another dataspace had, cleared when that was closed
//   anonymous/growing       as fresh, of a pager that has taken nothing before: each 16 pages
//                           are fetched from the root server, which clears them
//   copy-on-write/fresh     as anonymous/fresh, from the other pager
//   copy-on-write/read      a page of a copy, which is shared with the original
//   copy-on-write/write     a page of a copy that is written: a frame of its own, with the copying
//   copy-on-write/write-read   the same of a page that the writer had mapped for reading, and which
//                           is taken from it before
//   copy-on-write/write-both   the same when the original had it mapped, too
#include <algorithm>
#include <array>

#include <mica/connection.h>
#include <mica/regions.h>
#include <runtime/program.h>

#include "../lib/measure.h"

namespace bench {

namespace {

using mica::Dataspace;
using mica::Regions;
using l4::Word;

constexpr Word page_size = Dataspace::page_size;
constexpr unsigned touches = 3840;
constexpr Word pages = 1 + touches + batch_rounds;  // that measure_touches() touches

template <typename T>
T must(const mica::Result<T>& result, std::string_view what) {
  if (!result) runtime::panic(what);
  return *result;
}

l4::ThreadId pager(std::string_view name) {
  return must(mica::call<mica::Root::find>(mica::root_server(), mica::Name(name)), "no such pager");
}

// A dataspace, and where it can be seen.
class Memory {
 public:
  explicit Memory(std::string_view name) : Memory(name, must(mica::call<Dataspace::create>(pager(name), pages * page_size), "no dataspace")) {}

  Memory copy() const {
    return Memory(name_, must(mica::call<Dataspace::copy>(pager(name_), handle_), "no copy"));
  }
  void close() const {
    detach();
    if (!mica::call<Dataspace::close>(pager(name_), handle_)) runtime::panic("not closed");
  }
  // Nothing of it is mapped any more.
  void remap() {
    detach();
    attach();
  }

  volatile Word* page(Word number) const { return reinterpret_cast<volatile Word*>(address_ + number * page_size); }

  void write(Word value) const {
    for (Word n = 0; n < pages; ++n) *page(n) = value + n;
  }
  // Does each page begin with value + its number?
  void check(Word value, Word step = 1) const {
    for (Word n = 0; n < pages; ++n) {
      if (*page(n) != value + n * step) runtime::panic("a page has lost its content");
    }
  }

 private:
  Memory(std::string_view name, Word handle) : name_(name), handle_(handle) { attach(); }

  void attach() {
    address_ = must(mica::call<Regions::attach>(mica::region_mapper(), mica::Name(name_), handle_, Word{0},
                                                pages * page_size, Word{6}), "no place for a dataspace");
  }
  void detach() const {
    if (!mica::call<Regions::detach>(mica::region_mapper(), address_)) runtime::panic("not detached");
  }

  std::string_view name_;
  Word handle_, address_ = 0;
};

struct Reads {
  const volatile Word* at;
  Word operator()(unsigned rounds) {
    const Word start = ticks();
    do {
      (void)*at;
      at += page_size / sizeof(Word);
    } while (--rounds != 0);
    return ticks() - start;
  }
};

struct Writes {
  volatile Word* at;
  Word operator()(unsigned rounds) {
    const Word start = ticks();
    do {
      *at = 1;
      at += page_size / sizeof(Word);
    } while (--rounds != 0);
    return ticks() - start;
  }
};

// One by one; then some more between marks.
template <unsigned mark, class Touch>
void measure_touches(const Row& row, const Row& mean_row, Touch touch) {
  static constinit std::array<Word, touches> samples{};
  Touch there = touch;
  run_batch(touch, 1);
  const Word besides = run_batch(there, 1);
  Samples mean;
  Word sum = 0;
  for (Word& sample : samples) sum += sample = minus(run_batch(touch, 1), besides);
  mean.add(sum, touches);
  std::sort(samples.begin(), samples.end());
  add_row(row, mark, summarize(samples.data(), touches, touches, 100));
  add_row(mean_row, 0, mean);
  mark_open<mark>();
  run_batch(touch, batch_rounds);
  mark_close<mark>();
}

void measure_anonymous() {
  const std::string_view name = "anonymous";
  Memory fresh(name);
  measure_touches<110>({"faults", "anonymous/fresh", 900}, {"faults", "anonymous/fresh/mean", 900}, Writes{fresh.page(0)});
  fresh.check(1, 0);
  fresh.remap();
  measure_touches<111>({"faults", "anonymous/again"}, {"faults", "anonymous/again/mean"}, Reads{fresh.page(0)});
  fresh.check(1, 0);
  fresh.close();
  const Memory recycled(name);
  measure_touches<112>({"faults", "anonymous/recycled"}, {"faults", "anonymous/recycled/mean"}, Writes{recycled.page(0)});
  recycled.check(1, 0);
  recycled.close();
  const Memory cleared(name);
  cleared.check(0, 0);
  cleared.close();
  const Memory growing("growing");
  measure_touches<117>({"faults", "anonymous/growing"}, {"faults", "anonymous/growing/mean"}, Writes{growing.page(0)});
  growing.close();
}

void measure_copies() {
  const std::string_view name = "copy_on_write";
  Memory original(name);
  measure_touches<113>({"faults", "copy-on-write/fresh"}, {"faults", "copy-on-write/fresh/mean"}, Writes{original.page(0)});
  original.write(100);
  const Memory copy = original.copy();
  measure_touches<114>({"faults", "copy-on-write/read"}, {"faults", "copy-on-write/read/mean"}, Reads{copy.page(0)});
  copy.check(100);
  measure_touches<115>({"faults", "copy-on-write/write-both"}, {"faults", "copy-on-write/write-both/mean"}, Writes{copy.page(0)});
  copy.check(1, 0);
  original.check(100);
  copy.close();
  const Memory seen = original.copy();
  original.remap();
  seen.check(100);
  measure_touches<116>({"faults", "copy-on-write/write-read", 1800}, {"faults", "copy-on-write/write-read/mean", 1800}, Writes{seen.page(0)});
  seen.check(1, 0);
  seen.close();
  const Memory unseen = original.copy();
  measure_touches<118>({"faults", "copy-on-write/write", 1800}, {"faults", "copy-on-write/write/mean", 1800}, Writes{unseen.page(0)});
  unseen.check(1, 0);
  original.check(100);
  unseen.close();
  original.close();
}

}  // namespace

}  // namespace bench

int main() {
  bench::measure_anonymous();
  bench::measure_copies();
  bench::print_report();
  return 0;
}
