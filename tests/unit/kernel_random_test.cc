// SPDX-License-Identifier: MIT
// Random system calls, faults, interrupts and accesses by many threads in many
// spaces, with every invariant checked after each kernel entry; and the same
// sequence once with and once without the fast path, which nobody may notice.
//
// MICA_FUZZ_STEPS: how many steps (of each kind of run); MICA_FUZZ_SEED: where
// the seeds begin; MICA_FUZZ_TRACE: prints every step.
#include <doctest/doctest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "harness/monkey.h"

using namespace mica;
using namespace mica::test;

namespace {

u64 setting(const char* name, u64 otherwise) {
  const char* const text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 0) : otherwise;
}

constexpr u64 steps_a_boot = 1500;

u64 steps() { return setting("MICA_FUZZ_STEPS", 20'000); }
bool trace() { return setting("MICA_FUZZ_TRACE", 0) != 0; }
u64 first_seed() { return setting("MICA_FUZZ_SEED", 1); }

}  // namespace

TEST_CASE("random kernel entries keep every invariant") {
  u64 done = 0, boots = 0;
  for (u64 seed = first_seed(); done < steps(); ++seed, ++boots) {
    CAPTURE(seed);
    Monkey monkey({.seed = seed, .fast_path = seed % 2 == 0, .trace = trace(), .small_steps = seed % 3 != 0});
    for (u64 step = 0; step < steps_a_boot && monkey.step(); ++step) ++done;
  }
  MESSAGE(done << " steps in " << boots << " boots");
}

TEST_CASE("random kernel entries look the same with and without the fast path") {
  u64 done = 0, fast = 0;
  for (u64 seed = first_seed() + 1'000'000; done < steps(); ++seed) {
    CAPTURE(seed);
    std::vector<std::string> seen;
    {
      Monkey monkey({.seed = seed, .fast_path = true, .trace = trace()});
      while (seen.size() < steps_a_boot && monkey.step()) seen.push_back(monkey.visible());
      fast += monkey.fast_calls();
    }
    Monkey monkey({.seed = seed, .fast_path = false, .trace = trace()});
    for (u64 step = 0; step < seen.size(); ++step) {
      CAPTURE(step);
      REQUIRE(monkey.step());
      REQUIRE(monkey.visible() == seen[step]);
      ++done;
    }
  }
  CHECK(fast != 0);
  MESSAGE(fast << " fast calls in " << done << " steps");
}
