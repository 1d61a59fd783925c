// SPDX-License-Identifier: MIT
// Runs the tests of a program. The root task's first thread has the highest
// priority; while a test runs it waits for the test's end, serves page faults of
// the test's threads, hears of their exceptions, and looks at the clock.
#include "threads.h"

extern "C" const guest::Test __start_guest_tests[], __stop_guest_tests[];
extern "C" const char program_start[], program_end[];

namespace guest {

namespace {

constexpr Word test_limit_us = 30'000'000;
constexpr long done_label = 0x7e57;
constexpr unsigned test_priority = 200;

const char* base_name(const char* path) {
  const char* name = path;
  for (; *path != 0; ++path) {
    if (*path == '/') name = path + 1;
  }
  return name;
}

void put_failure(runtime::Output& out, const Failure& f) {
  print_to(out, "{}:{}", base_name(f.file), f.line);
  if (f.has_values) print_to(out, ": {}, not {}", runtime::hex(f.actual), runtime::hex(f.expected));
  if (*f.text != 0) print_to(out, ": {}", f.text);
  if (*f.context_name != 0) print_to(out, " ({} {})", f.context_name, f.context_value);
}

void test_body(Word body) {
  reinterpret_cast<void (*)()>(body)();
  finish_test();
}

// A fault that nobody expected; it is the test's if its own thread did it.
bool note(l4::ThreadId from, const char* what, Word one, Word two) {
  if (faults_are_expected && from != test_thread) return false;
  runtime::print("# thread {}.{}: {} {}, {}\n", from.number(), from.version(), what, runtime::hex(one),
                 runtime::hex(two));
  if (from != test_thread) return false;
  fail({"", 0, one, 0, false, what, context_name, context_value});
  return true;
}

// Serves one message; true when the test is over.
bool serve(l4::ThreadId from, l4::Words& m, l4::ThreadId& reply_to) {
  const l4::Tag tag = m.tag();
  reply_to = l4::ThreadId::nil();
  if (from.is_local()) from = L4_GlobalIdOf(from);
  if (tag.label() == done_label) return true;
  if (tag.is(L4_PageFaultLabel)) {
    const Word page = m[1] & ~Word{0xfff};
    if (page < reinterpret_cast<Word>(program_start) || page >= reinterpret_cast<Word>(program_end)) {
      return note(from, "page fault at", m[1], m[2]);
    }
    m = l4::Words(l4::Tag::make(0, 0, 2), L4_MapItem(l4::Fpage::page(page, l4::full_access), page).raw[0],
                  l4::Fpage::page(page, l4::full_access).raw);
    reply_to = from;
    return false;
  }
  if (tag.is(L4_ExceptionLabel)) {
    Word number;
    L4_StoreMR(L4_ExcNumber, &number);
    return note(from, "exception", number, m[L4_ExcRip]);
  }
  if (tag.is(L4_IoFaultLabel)) return note(from, "I/O fault", m[1], m[2]);
  return note(from, "message with tag", tag.raw, 0);
}

// Until the test is over; false: it hangs.
bool attend() {
  const Word end = now() + test_limit_us;
  l4::ThreadId reply_to = l4::ThreadId::nil();
  l4::Words m;
  for (;;) {
    const Word left = now() < end ? end - now() : 0;
    if (left == 0) return false;
    const l4::Timeouts timeouts{L4_Timeouts(L4_ZeroTime, L4_TimePeriod(left))};
    const l4::ThreadId from = l4::ipc_words(reply_to, l4::ThreadId::any(), timeouts, m);
    if (m.tag().failed()) {
      reply_to = l4::ThreadId::nil();
      continue;
    }
    if (serve(from, m, reply_to)) return true;
  }
}

void delete_all() {
  for (Slot& slot : slots) {
    if (slot.id.is_nil()) continue;
    thread_control(slot.id, l4::ThreadId::nil(), l4::ThreadId::nil(), l4::ThreadId::nil());
    slot.id = l4::ThreadId::nil();
  }
}

bool run(const Test& test, unsigned number) {
  failure_count = 0;
  context("");
  faults_are_expected = false;
  test_thread = make_thread({.priority = test_priority, .pager = runner, .handler = runner});
  start(test_thread, test_body, reinterpret_cast<Word>(test.body), runner);
  if (!attend()) fail({"", 0, 0, 0, false, "does not end", context_name, context_value});
  delete_all();
  runtime::Output out;
  print_to(out, "{} {} - {}", failure_count == 0 ? "ok" : "not ok", number, test.name);
  if (failure_count != 0) {
    out.put(" # ");
    put_failure(out, failures[0]);
  }
  out.put('\n');
  for (unsigned i = 1; i < failure_count && i < kept_failures; ++i) {
    out.put("#   ");
    put_failure(out, failures[i]);
    out.put('\n');
  }
  if (failure_count > kept_failures) print_to(out, "#   and {} more\n", failure_count - kept_failures);
  return failure_count == 0;
}

}  // namespace

void finish_test() {
  l4::Words done(l4::Tag::make(done_label, 0));
  l4::send_words(runner, done);
  for (;;) L4_Sleep(L4_Never);
}

}  // namespace guest

int main() {
  guest::runner = l4::ThreadId::self();
  const unsigned count = static_cast<unsigned>(__stop_guest_tests - __start_guest_tests);
  runtime::print("1..{}\n", count);
  unsigned failed = 0;
  for (unsigned i = 0; i < count; ++i) {
    if (!guest::run(__start_guest_tests[i], i + 1)) ++failed;
  }
  runtime::print("# {} of {} failed\n", failed, count);
  return failed == 0 ? 0 : 1;
}
