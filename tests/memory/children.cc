// SPDX-License-Identifier: MIT
// Other tasks: what they do, and how they come to their ends.
#include "check.h"

namespace memory_test {

namespace {

// Waits until another task has shared a dataspace with this one, as its handle `number`.
volatile Word* await_shared(Word number, Word rights) {
  while (!mica::call<Dataspace::size>(pager("anonymous"), number)) L4_Sleep(L4_TimePeriod(1000));
  return attach("anonymous", number, page_size, rights);
}

// Its own handles are 0, the heap, and 1, the stack; the shared one is 2.
int double_it() {
  volatile Word* const shared = await_shared(2, 6);
  shared[1] = shared[0] * 2;
  return 0;
}

int write_to_shared() {
  *await_shared(2, 6) = 1;
  return 0;
}

// Takes all the memory that the anonymous pager gives to one client.
int hoard() {
  const auto handle = mica::call<Dataspace::create>(pager("anonymous"), Word{64} << 20);
  Word pages = 0;
  while (map(pager("anonymous"), *handle, pages * page_size, 6) == Error::none) ++pages;
  return map(pager("anonymous"), *handle, pages * page_size, 6) == Error::no_memory && pages > 64 ? 0 : 1;
}

[[gnu::noinline]] Word overflow(Word depth) {
  volatile Word place[64] = {depth};
  return depth == 0 ? place[0] : overflow(depth - 1) + place[0];
}

}  // namespace

int run_child(std::string_view part) {
  if (part == "double") return double_it();
  if (part == "read-only") return write_to_shared();
  if (part == "hoard") return hoard();
  if (part == "hoard-and-stay" && hoard() == 0) {
    (void)mica::call<Root::create_thread>(mica::root_server(), mica::root_server());  // a sign that it is done
    L4_Sleep(L4_Never);
  }
  if (part == "nowhere") *reinterpret_cast<volatile Word*>(Word{0x123450}) = 1;
  if (part == "code") *reinterpret_cast<volatile Word*>(mica::this_task().image_low) = 1;
  if (part == "jump") reinterpret_cast<void (*)()>(Word{0x123450})();
  if (part == "stack") return overflow(1u << 20) == 0 ? 3 : 4;
  if (part == "free") free(reinterpret_cast<void*>(own_window));
  return 0;
}

mica::Ending run(std::string_view part, Word memory) {
  const auto task = task_checks::spawn("memory_test.elf", "child", part, memory);
  if (task.ok() && (part == "double" || part == "read-only")) {
    const l4::ThreadId from = pager("anonymous");
    const auto handle = mica::call<Dataspace::create>(from, page_size);
    volatile Word* const memory_here = attach("anonymous", *handle, page_size);
    memory_here[0] = 21;
    // The child's handles begin with the heap and the stack: it gets there first.
    Result<Word> shared = Error::busy;
    while (!mica::call<Root::thread_state>(mica::root_server(), *task, Word{1})) L4_Sleep(L4_TimePeriod(1000));
    shared = mica::call<Dataspace::share>(from, *handle, *task, Word{part == "double" ? 6u : 4u});
    const auto ending = mica::call<Root::wait>(mica::root_server(), *task);
    const bool doubled = memory_here[1] == 42;
    (void)detach(memory_here);
    (void)mica::call<Dataspace::close>(from, *handle);
    if (!shared || *shared != 2 || !ending) return {-2, 0};
    return part == "double" && !doubled ? mica::Ending{-2, 0} : *ending;
  }
  return task_checks::end_of(task);
}

void test_sharing() {
  check(run("double").code == 0, "a task writes to what another one has shared with it");
  check(run("read-only").code == 1, "it cannot write where it may only read");
  check(mica::call<Dataspace::share>(pager("anonymous"), Word{0}, TaskId(500, 1), Word{6}).error() == Error::ended,
        "nothing is shared with a task that is not there");
  check(run("hoard").code == 0, "who asks for more than there is gets no_memory");
  check(run("hoard").code == 0, "what a task had is there again when it has ended");
  const auto hoarder = task_checks::spawn("memory_test.elf", "child", "hoard-and-stay", Word{256} << 10);
  while (hoarder && mica::alive(*hoarder) && !mica::call<Root::thread_state>(mica::root_server(), *hoarder, Word{2})) {
    L4_Sleep(L4_TimePeriod(1000));
  }
  const auto handle = mica::call<Dataspace::create>(pager("anonymous"), 64 * page_size);
  volatile Word* const memory = attach("anonymous", *handle, 64 * page_size);
  check(hoarder.ok() && mica::alive(*hoarder) && map(pager("anonymous"), *handle, 63 * page_size, 6) == Error::none,
        "a task that takes all that it can leaves others theirs");
  fill(memory, 64, 1);
  check(filled(memory, 64, 1) && detach(memory) && mica::call<Dataspace::close>(pager("anonymous"), *handle).ok(),
        "and they can use it");
  if (hoarder) (void)mica::call<Root::kill>(mica::root_server(), *hoarder);
}

void test_crashes() {
  for (const std::string_view part : {"nowhere", "code", "jump", "stack", "free"}) {
    const mica::Ending ending = run(part);
    runtime::print("{}: ended with {}\n", part, ending.code);
    check(ending.code == 1, "a task that does that ends with failure");
  }
}

}  // namespace memory_test
