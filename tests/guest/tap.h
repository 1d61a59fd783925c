// SPDX-License-Identifier: MIT
// The tests' side of the guest tests. A test is
//
//      TEST("what holds") {
//        expect(...);
//        expect_eq(actual, expected);
//        require(...);      // ends the test when it does not hold
//      }
//
// Each runs on a thread of its own (priority 200) in the root task's space, which
// may create threads and spaces (threads.h). runner.cc runs them one after the
// other, reports on the serial port in the Test Anything Protocol, and ends those
// that hang.
#pragma once

#include <concepts>

#include <l4/pagefault.h>
#include <runtime/program.h>

namespace guest {

using l4::Word;

// Where a check stands (clang++ 14 has no std::source_location).
class Location {
 public:
  static constexpr Location current(const char* file = __builtin_FILE(), unsigned line = __builtin_LINE()) {
    return {file, line};
  }
  constexpr const char* file_name() const { return file_; }
  constexpr unsigned line() const { return line_; }

 private:
  constexpr Location(const char* file, unsigned line) : file_(file), line_(line) {}
  const char* file_;
  unsigned line_;
};

struct Test {
  const char* name;
  void (*body)();
};

// Words that tell which round of a loop failed; set by context().
inline const char* context_name = "";
inline Word context_value = 0;
inline void context(const char* name, Word value = 0) {
  context_name = name;
  context_value = value;
}

// What went wrong; the first failure of a test stands in its line.
struct Failure {
  const char* file;
  unsigned line;
  Word actual, expected;
  bool has_values;
  const char* text;
  const char* context_name;
  Word context_value;
};
inline constexpr unsigned kept_failures = 8;
inline Failure failures[kept_failures];
inline unsigned failure_count = 0;

inline void fail(const Failure& failure) {
  if (failure_count < kept_failures) failures[failure_count] = failure;
  ++failure_count;
}

[[noreturn]] void finish_test();  // runner.cc

inline bool expect(bool holds, const char* text = "", Location at = Location::current()) {
  if (!holds) fail({at.file_name(), at.line(), 0, 0, false, text, context_name, context_value});
  return holds;
}

template <typename A, typename B>
bool expect_eq(const A& actual, const B& expected, const char* text = "", Location at = Location::current()) {
  const Word a = static_cast<Word>(actual), e = static_cast<Word>(expected);
  if (a != e) fail({at.file_name(), at.line(), a, e, true, text, context_name, context_value});
  return a == e;
}
inline bool expect_eq(l4::ThreadId actual, l4::ThreadId expected, const char* text = "",
                      Location at = Location::current()) {
  return expect_eq(actual.raw, expected.raw, text, at);
}

// For what the rest of the test cannot do without. Any thread of the test may call it.
inline void require(bool holds, const char* text = "", Location at = Location::current()) {
  if (!expect(holds, text, at)) finish_test();
}

}  // namespace guest

#define GUEST_JOIN2(a, b) a##b
#define GUEST_JOIN(a, b) GUEST_JOIN2(a, b)
#define GUEST_TEST(text, function)                                                          \
  static void function();                                                                   \
  [[gnu::used, gnu::section("guest_tests")]] static constinit const guest::Test GUEST_JOIN( \
      function, _entry) = {text, function};                                                 \
  static void function()
#define TEST(text) GUEST_TEST(text, GUEST_JOIN(test_at_, __LINE__))
