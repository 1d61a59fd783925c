// SPDX-License-Identifier: MIT
#include "worst.h"

#include <doctest/doctest.h>

#include <sstream>

using namespace bench;

namespace {

const Origin origin = {.cpu = "max", .options = "", .commit = "0123abc"};

std::optional<Record> row_of(const std::string& waits) {
  std::istringstream in(waits);
  return worst_row(in, "ipc", origin);
}

}  // namespace

TEST_CASE("worst: the windows' longest stretches are the samples of a row") {
  const auto row = row_of(
      "window 1: at worst 701 instructions without interrupts, 744 after its begin\n"
      "  from vector_13+0x0 to leave_by_iret+0x82\n"
      "       245 a function\n"
      "window 53: at worst 5269 instructions without interrupts, 31 after its begin\n"
      "window 7: at worst 100 instructions without interrupts, 3 after its begin\n");
  REQUIRE(row);
  CHECK(name_of(*row) == "worst/interrupts-off/ipc");
  CHECK((*row)["n"] == 3);
  CHECK((*row)["min"] == 100);
  CHECK((*row)["median"] == 701);
  CHECK((*row)["max"] == 5269);
  CHECK((*row)["mean"] == 2023.33);
  CHECK((*row)["target"] == longest_wait);
  CHECK((*row)["worst"] == true);
  CHECK((*row)["cpu"] == "max");
}

TEST_CASE("worst: no windows are no row, half a line is an error") {
  CHECK(!row_of(""));
  CHECK(!row_of("something else\n"));
  CHECK_THROWS_AS(row_of("window 1: at wor"), BadRecords);
}
