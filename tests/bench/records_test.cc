// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <sstream>

#include "samples.h"

using namespace bench;

namespace {

const Origin origin = {.cpu = "max", .options = "fastpath=off", .commit = "0123abc", .smp = 2};

struct Collected {
  std::vector<Record> records;
  std::string text, error;
};

Collected collect_from(const std::string& serial) {
  std::istringstream in(serial);
  std::ostringstream text;
  Collected result;
  try {
    result.records = collect(in, text, origin);
  } catch (const BadRecords& error) {
    result.error = error.what();
  }
  result.text = text.str();
  return result;
}

std::string block(const std::string& lines) { return "MICA-BENCH-BEGIN\r\n" + lines + "MICA-BENCH-END\r\n"; }

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("records: what stands between the markers, with where it comes from; the rest is text") {
  const std::string row = sample("ipc", "0w", 107.25).dump();
  const Collected c = collect_from("hello\r\n" + block(row + "\r\n") + "a table\n");
  CHECK(c.error.empty());
  CHECK(c.text == "hello\na table\n");
  REQUIRE(c.records.size() == 1);
  CHECK(name_of(c.records[0]) == "ipc/0w");
  CHECK(c.records[0]["median"] == 107.25);
  CHECK(c.records[0]["cpu"] == "max");
  CHECK(c.records[0]["smp"] == 2);
  CHECK(c.records[0]["options"] == "fastpath=off");
  CHECK(c.records[0]["commit"] == "0123abc");
}

TEST_CASE("records: a program that stops, or prints something else among them, is told apart") {
  const std::string row = sample("ipc", "0w", 107).dump();
  struct Case {
    const char* what;
    std::string serial, error;
  };
  const Case cases[] = {
      {"nothing at all", "panic: no memory\n", "no records"},
      {"no output", "", "no records"},
      {"no end", "MICA-BENCH-BEGIN\n" + row + "\n", "cut off"},
      {"half a line", "MICA-BENCH-BEGIN\n" + row.substr(0, 40), "line 2"},
      {"two lines in one", block(row.substr(0, 30) + row + "\n"), "line 2"},
      {"text", block(row + "\nhello\n"), "line 3"},
      {"another block", "MICA-BENCH-BEGIN\n" + block(row + "\n"), "two programs"},
      {"only the end", "MICA-BENCH-END\n", "not begun"},
      {"twice", block(row + "\n" + row + "\n"), "there twice"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    const Collected result = collect_from(c.serial);
    CHECK(contains(result.error, c.error));
    CHECK(result.records.empty());
  }
  CHECK(collect_from("panic: no memory\n").text == "panic: no memory\n");
}

TEST_CASE("records: each field has to be there, and be what it says") {
  for (const char* const field :
       {"suite", "row", "unit", "mode", "n", "min", "q1", "median", "q3", "p99", "max", "mean", "stddev"}) {
    CAPTURE(field);
    Record record = sample("ipc", "0w", 107);
    check(record);
    Record without = record;
    without.erase(field);
    CHECK_THROWS_AS(check(without), BadRecords);
    record[field] = Record::array();
    CHECK_THROWS_AS(check(record), BadRecords);
    record[field] = -1;
    CHECK_THROWS_AS(check(record), BadRecords);
  }
  for (const char* const field : {"first", "ns", "target", "best"}) {
    CAPTURE(field);
    Record record = sample("ipc", "0w", 107);
    record.erase(field);
    check(record);
    record[field] = "107";
    CHECK_THROWS_AS(check(record), BadRecords);
  }
  Record record = sample("ipc", "0w", 107);
  record["q3"] = 106;
  CHECK_THROWS_AS(check(record), BadRecords);
  record = sample("ipc", "0w", 107);
  record["mean"] = 108;
  CHECK_THROWS_AS(check(record), BadRecords);
  record = sample("ipc", "0w", 107);
  record["n"] = 0;
  CHECK_THROWS_AS(check(record), BadRecords);
}
