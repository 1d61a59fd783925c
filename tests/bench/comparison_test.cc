// SPDX-License-Identifier: MIT
// The comparison with other systems, and the shape of bench/published.json.
#include "comparison.h"

#include <doctest/doctest.h>

#include "published.h"

namespace {

using bench::Record;
using nlohmann::json;

json small_published() {
  return json::parse(R"({
    "rows": [
      {"id": "null-call", "title": "null system call", "ours": {"suite": "syscall", "row": "null"}},
      {"id": "trip", "title": "round trip", "ours": {"suite": "ipc", "row": "roundtrip/inter/0w"}},
      {"id": "inside", "title": "call in the kernel", "ours": null},
      {"id": "alone", "title": "nobody has it", "ours": {"suite": "ipc", "row": "alone"}}],
    "sources": {"paper": {"author": "A. Author", "title": "A title", "year": 1995, "venue": "A venue"}},
    "systems": [
      {"name": "Same", "unit": "instructions", "machine": "emulator",
       "kind": "measured by us under the same emulator", "date": "2026", "source": "paper",
       "figures": {"trip": 321}},
      {"name": "Old", "unit": "us", "machine": "Alpha", "kind": "published", "date": "1995", "source": "paper",
       "figures": {"null-call": 4, "trip": 90, "inside": 0.13}}]})");
}

Record record(const char* suite, const char* row, int median) {
  return {{"suite", suite}, {"row", row}, {"unit", "instructions"}, {"median", median}};
}

std::vector<Record> records() {
  return {record("syscall", "null", 20), record("ipc", "roundtrip/inter/0w", 107), record("ipc", "alone", 1)};
}

json row(const json& compared, const std::string& id) {
  for (const json& element : compared) {
    if (element["id"] == id) return element;
  }
  return nullptr;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// The line of `text` that has `part`.
std::string line_with(const std::string& text, const std::string& part) {
  const auto at = text.find(part);
  if (at == std::string::npos) return "";
  const auto begin = text.rfind('\n', at) + 1;
  return text.substr(begin, text.find('\n', at) - begin);
}

}  // namespace

TEST_CASE("published.json has the shape that is expected") {
  CHECK_NOTHROW(bench::read_published(SOURCES "/bench/published.json"));
}

TEST_CASE("a file of published figures that is not there, or cut off, is refused") {
  CHECK_THROWS_AS(bench::read_published("/nonexistent"), bench::BadRecords);
  CHECK_THROWS_WITH_AS(bench::read_published(SOURCES "/README.md"), doctest::Contains("no JSON"),
                       bench::BadRecords);
}

TEST_CASE("published.json has the figures that everybody compares with") {
  const json compared =
      bench::compare_with(bench::read_published(SOURCES "/bench/published.json"), records());
  const auto value = [&](const char* id, const std::string& system) {
    const json found = row(compared, id);
    for (const json& other : found["others"]) {
      if (other["system"] == system) return other["value"].get<double>();
    }
    return 0.0;
  };
  CHECK(value("round-trip", "NOVA") == 282);
  CHECK(value("round-trip", "seL4 16, fast path") == 433);
  CHECK(value("one-way", "L4Re") == 587);
  CHECK(value("protected-call", "SPIN") == 0.13);
  CHECK(value("appel2", "DEC OSF/1") == 351);
  CHECK(value("unprot100", "Mach") == 302);
}

TEST_CASE("figures of one unit are divided by ours") {
  const json trip = row(bench::compare_with(small_published(), records()), "trip");
  CHECK(trip["ours"]["value"] == 107);
  CHECK(trip["others"][0]["of_ours"] == doctest::Approx(3.0));
  CHECK_FALSE(trip["others"][0].contains("null_calls"));
}

TEST_CASE("figures of another machine are divided by their own null system call") {
  const json trip = row(bench::compare_with(small_published(), records()), "trip");
  CHECK_FALSE(trip["others"][1].contains("of_ours"));
  CHECK(trip["others"][1]["null_calls"] == doctest::Approx(22.5));
  CHECK(trip["ours"]["null_calls"] == doctest::Approx(5.35));
}

TEST_CASE("a row of ours that is missing is null, and a dash in the table") {
  std::vector<Record> few = records();
  few.erase(few.begin() + 1);
  CHECK(row(bench::compare_with(small_published(), few), "trip")["ours"].is_null());
  const std::string table = bench::comparison(small_published(), few);
  const std::string block = table.substr(table.find("round trip"));
  CHECK(has(line_with(block, "Mica"), " - "));
  CHECK(has(line_with(block, "Same"), "321 instructions        -"));
}

TEST_CASE("what we have no counterpart of is compared all the same") {
  const json inside = row(bench::compare_with(small_published(), records()), "inside");
  CHECK(inside["ours"].is_null());
  CHECK(inside["others"][0]["value"] == 0.13);
}

TEST_CASE("a row for which no other system has a figure is left out") {
  CHECK(row(bench::compare_with(small_published(), records()), "alone").is_null());
}

TEST_CASE("without our null system call there are no multiples of it") {
  std::vector<Record> few = records();
  few.erase(few.begin());
  CHECK_FALSE(row(bench::compare_with(small_published(), few), "trip")["ours"].contains("null_calls"));
}

TEST_CASE("cycles are not divided by instructions") {
  std::vector<Record> timed = records();
  timed[1]["unit"] = "cycles";
  const json trip = row(bench::compare_with(small_published(), timed), "trip");
  CHECK_FALSE(trip["others"][0].contains("of_ours"));
  CHECK_FALSE(trip["ours"].contains("null_calls"));
}

TEST_CASE("the table has a line for each figure, its origin, and the sources once") {
  const std::string table = bench::comparison(small_published(), records());
  CHECK(has(line_with(table, "Same"), "measured by us, emulator [1]"));
  CHECK(has(line_with(table, "90 us"), "1995, Alpha [1]"));
  CHECK(has(line_with(table, "90 us"), "22.50"));
  CHECK(has(table, "[1] A. Author: A title. A venue, 1995"));
  CHECK_FALSE(has(table, "[2]"));
}

TEST_CASE("what is wrong with published figures is said") {
  json published = small_published();
  const auto fault = [&] { return bench::fault_of_published(published); };
  SUBCASE("no object") {
    published = json::array();
    CHECK(has(fault(), "no object"));
  }
  SUBCASE("no rows") {
    published.erase("rows");
    CHECK(has(fault(), "'rows'"));
  }
  SUBCASE("a row twice") {
    published["rows"].push_back(published["rows"][0]);
    CHECK(has(fault(), "two rows 'null-call'"));
  }
  SUBCASE("a row that does not say which is ours") {
    published["rows"][0].erase("ours");
    CHECK(has(fault(), "needs id, title and ours"));
  }
  SUBCASE("a figure of a row that is not there") {
    published["systems"][0]["figures"]["trpi"] = 1;
    CHECK(has(fault(), "Same: there is no row 'trpi'"));
  }
  SUBCASE("a figure that is text") {
    published["systems"][0]["figures"]["trip"] = "321";
    CHECK(has(fault(), "its trip is no figure"));
  }
  SUBCASE("a system without a machine") {
    published["systems"][0].erase("machine");
    CHECK(has(fault(), "needs name, unit, machine"));
  }
  SUBCASE("another kind") {
    published["systems"][0]["kind"] = "guessed";
    CHECK(has(fault(), "what is the kind 'guessed'"));
  }
  SUBCASE("a source that is not there") {
    published["systems"][0]["source"] = "rumour";
    CHECK(has(fault(), "its source is not among the sources"));
  }
  SUBCASE("a source without a year") {
    published["sources"]["paper"].erase("year");
    CHECK(has(fault(), "'paper' needs author, title, venue and year"));
  }
  CHECK_THROWS_AS(bench::compare_with(published, records()), bench::BadRecords);
}
