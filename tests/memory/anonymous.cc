// SPDX-License-Identifier: MIT
// The anonymous pager: pages, handles, and its restart while clients run.
#include "check.h"

namespace memory_test {

namespace {

constexpr Word pages = 24;

void check_errors(Word handle) {
  const l4::ThreadId from = pager("anonymous");
  bool refused = true;
  for (const Word forged : {handle + 1, Word{63}, Word{64}, Word{1000}, ~Word{0}, Word{1} << 63}) {
    refused = refused && map(from, forged, 0, 4) == Error::not_found;
    refused = refused && mica::call<Dataspace::size>(from, forged).error() == Error::not_found;
    refused = refused && mica::call<Dataspace::close>(from, forged).error() == Error::not_found;
    refused = refused && mica::call<Dataspace::share>(from, forged, mica::this_task().task, Word{6}).error() ==
                             Error::not_found;
  }
  check(refused, "forged handles are not found");
  check(map(from, handle, pages * page_size, 4) == Error::bad_argument && map(from, handle, ~Word{0}, 4) == Error::bad_argument,
        "there is nothing behind the end");
  check(map(from, handle, 0, 1) == Error::denied && map(from, handle, 0, 0) == Error::denied &&
            map(from, handle, 0, 0xf6) == Error::denied,
        "rights that a handle has not are refused");
  check(mica::call<Dataspace::create>(from, Word{0}).error() == Error::bad_argument &&
            mica::call<Dataspace::create>(from, ~Word{0}).error() == Error::bad_argument,
        "no dataspace has no bytes or all");
  check(mica::call<Dataspace::copy>(from, handle).error() == Error::no_operation,
        "what a pager has not is no operation of it");
}

void check_table() {
  const l4::ThreadId from = pager("anonymous");
  Word handles[64];
  Word made = 0;
  Result<Word> last = Word{0};
  while (made < 64 && (last = mica::call<Dataspace::create>(from, page_size))) handles[made++] = *last;
  bool closed = made > 32 && last.error() == Error::no_room;
  while (made > 0) closed = mica::call<Dataspace::close>(from, handles[--made]).ok() && closed;
  check(closed, "a full table of handles is no_room");
}

constinit volatile bool stop = false;
constinit volatile Word rounds = 0;

// Writes and reads all the time.
void work(Word memory) {
  auto* const words = reinterpret_cast<volatile Word*>(memory);
  for (Word n = 0; !stop; ++n) {
    fill(words, pages, n);
    if (!filled(words, pages, n)) return;
    rounds = n;
  }
  rounds = ~Word{0};
}

}  // namespace

void test_anonymous() {
  const l4::ThreadId from = pager("anonymous");
  const auto handle = mica::call<Dataspace::create>(from, pages * page_size - 5);
  if (!check(handle.ok(), "a dataspace is made")) return;
  check(mica::call<Dataspace::size>(from, *handle).value_or(0) == pages * page_size, "its size is that of its pages");
  volatile Word* const one = attach("anonymous", *handle, pages * page_size);
  volatile Word* const other = attach("anonymous", *handle, pages * page_size, 4);
  bool zeros = true;
  for (Word i = 0; i < pages * page_size / sizeof(Word); ++i) zeros = zeros && one[i] == 0;
  check(zeros, "it is filled with zeros");
  fill(one, pages, 100);
  check(filled(other, pages, 100), "two places of it show the same");
  check_errors(*handle);
  check_table();
  check(detach(one) && detach(other) && !detach(one), "regions are detached once");
  check(mica::call<Dataspace::close>(from, *handle).ok(), "it is closed");
  const auto again = mica::call<Dataspace::create>(from, pages * page_size);
  volatile Word* const fresh = attach("anonymous", *again, pages * page_size);
  zeros = true;
  for (Word i = 0; i < pages * page_size / sizeof(Word); ++i) zeros = zeros && fresh[i] == 0;
  check(zeros, "frames that come back are filled with zeros");
  check(detach(fresh) && mica::call<Dataspace::close>(from, *again).ok(), "and it is closed again");
}

void test_restart() {
  const auto handle = mica::call<Dataspace::create>(pager("anonymous"), 3 * pages * page_size);
  volatile Word* const memory = attach("anonymous", *handle, 3 * pages * page_size);
  volatile Word* const work_memory = memory + 2 * pages * page_size / sizeof(Word);
  fill(memory, pages, 7000);
  const auto worker = mica::start_thread(work, reinterpret_cast<Word>(work_memory));
  bool kept = worker.ok(), moved = true;
  for (unsigned i = 0; i < 4; ++i) {
    const l4::ThreadId before = pager("anonymous");
    kept = mica::call<Root::restart>(mica::root_server(), Name("anonymous")).ok() && kept;
    kept = filled(memory, pages, 7000) && kept;
    moved = pager("anonymous") != before && moved;
    const Word round = rounds;
    for (unsigned k = 0; k < 1000 && rounds < round + 2; ++k) L4_Sleep(L4_TimePeriod(1000));
    moved = rounds >= round + 2 && moved;
    fill(memory + pages * page_size / sizeof(Word), pages, i);
    kept = filled(memory + pages * page_size / sizeof(Word), pages, i) && kept;
  }
  check(kept, "pages have their content after the pager was restarted, and new ones come");
  check(moved, "it was a new one, and a thread has worked on all the time");
  stop = true;
  for (unsigned k = 0; k < 1000 && rounds != ~Word{0}; ++k) L4_Sleep(L4_TimePeriod(1000));
  check(rounds == ~Word{0}, "and has found what it wrote");
  check(map(pager("anonymous"), 63, 0, 4) == Error::not_found, "forged handles are not found by the new one");
  check(run("hoard").code == 0, "and the memory is not more than it was, nor lost");
}

}  // namespace memory_test
