// SPDX-License-Identifier: MIT
// The fuzzer of the servers' interfaces: systems/interfaces. For longer, and from other seeds:
//
//   MICA_FUZZ_STEPS=40000 MICA_FUZZ_SEED=7 build/release/tests/system/system_tests -tc='interfaces*'
//
// A step is a message; a failure names the seed of its batch.
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>

#include "files.h"
#include "machine.h"

namespace {

unsigned setting(const char* name, unsigned otherwise) {
  const char* const text = std::getenv(name);
  return text != nullptr ? static_cast<unsigned>(std::strtoul(text, nullptr, 0)) : otherwise;
}

// The archive with other arguments of the fuzzer, which are as long as those that it has.
std::string archive_with(unsigned batches, unsigned seed) {
  const std::string known = "batches=00020 seed=00001 steps=00100";
  std::string bytes = read_file(BINARIES "/systems/interfaces.tar");
  const std::size_t at = bytes.find(known);
  REQUIRE(at != std::string::npos);
  char text[64];
  std::snprintf(text, sizeof(text), "batches=%05u seed=%05u steps=00100", batches % 100000, seed % 100000);
  return bytes.replace(at, known.size(), text);
}

}  // namespace

TEST_CASE("interfaces: whatever attackers send, all servers serve, and none is started again") {
  constexpr unsigned steps_of_batch = 200;  // of two attackers
  const unsigned steps = setting("MICA_FUZZ_STEPS", 4000), seed = setting("MICA_FUZZ_SEED", 1);
  const unsigned batches = (steps + steps_of_batch - 1) / steps_of_batch;
  const TemporaryFolder folder;
  const std::string archive = folder.file("interfaces.tar", archive_with(batches, seed));
  const Outcome outcome = Machine()
                              .system(archive)
                              .disk(folder.file("disk", std::string(1 << 20, 0)))
                              .run(60 + static_cast<int>(batches) * 2);
  CAPTURE(outcome.output);
  CHECK(outcome.status == success);
  CHECK(outcome.says("interfaces: " + std::to_string(batches) + " batches, and all serve\n"));
  CHECK_FALSE(outcome.says("is started again"));
}
