// SPDX-License-Identifier: MIT
// The paging pager on a disk: systems/paging, whose test task runs children that use more memory
// than the pager has frames.
#include <doctest/doctest.h>

#include "files.h"
#include "machine.h"

namespace {

constexpr std::size_t disk_bytes = 16 << 20;

Machine machine() {
  return Machine().system("paging").real_time();
}

std::string empty_disk(const TemporaryFolder& folder) {
  return folder.file("disk", std::string(disk_bytes, 0));
}

// How many pages of the disk have something on them?
std::size_t used_pages(const std::string& disk) {
  std::size_t used = 0;
  for (std::size_t page = 0; page < disk.size(); page += 4096) {
    used += disk.find_first_not_of('\0', page) < page + 4096 ? 1u : 0u;
  }
  return used;
}

}  // namespace

TEST_CASE("paging: more memory than frames, by one and by two, and while the disk's driver is killed") {
  const TemporaryFolder folder;
  const Outcome outcome = machine().disk(empty_disk(folder)).run(90);
  CAPTURE(outcome.output);
  CHECK(outcome.status == success);
  CHECK(outcome.number("large") == 0);
  CHECK(outcome.text("two") == "0,0");
  CHECK(outcome.number("killed") == 0);
  CHECK(outcome.says("root: disk is started again"));
  CHECK_FALSE(outcome.says("crash:"));
  // A child's 1024 pages, less what frames there are.
  CHECK(used_pages(read_file(folder.path("disk"))) > 700);
}

TEST_CASE("paging: a page that cannot be read back ends the task that needs it, and no other") {
  const TemporaryFolder folder;
  const std::string file = empty_disk(folder);
  const Outcome outcome = machine().failing_disk(file, "read", "320").run(90);
  CAPTURE(outcome.output);
  CHECK(outcome.says("pager paging: device error"));
  CHECK(outcome.number("large") == 1);
  CHECK(outcome.number("small") == 0);
}

TEST_CASE("paging: a disk that takes no pages is an error for those who need room") {
  const TemporaryFolder folder;
  const std::string file = empty_disk(folder);
  const Outcome outcome = machine().failing_disk(file, "write").run(90);
  CAPTURE(outcome.output);
  CHECK(outcome.says("pager paging: device error"));
  CHECK(outcome.number("large") == 1);
  CHECK(outcome.number("small") == 0);
}
