// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "baseline.h"
#include "samples.h"

using namespace bench;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path;
  Folder() {
    char name[] = "/tmp/mica-bench-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
  }
  ~Folder() { fs::remove_all(path); }
};

Baseline baseline_of(const std::vector<Record>& records) {
  return accept(Baseline::object(), records, "2026-01-01", "a first one", "gcc");
}

std::string text_of(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

const std::vector<Record> before = {sample("ipc", "0w", 1000), sample("ipc", "7w", 110),
                                    sample("map", "4k", 800)};

}  // namespace

TEST_CASE("baseline: a row may grow by a hundredth, and not by more") {
  const Baseline baseline = baseline_of(before);
  std::vector<Record> now = before;
  CHECK(compare(baseline, now).failures.empty());
  CHECK(compare(baseline, now).passed == 3);
  now[0] = sample("ipc", "0w", 1010);
  CHECK(compare(baseline, now).failures.empty());
  now[0] = sample("ipc", "0w", 1011);
  REQUIRE(compare(baseline, now).failures.size() == 1);
  CHECK(compare(baseline, now).passed == 2);
  CHECK(compare(baseline, now).failures[0] == "ipc/0w: has grown from 1000 to 1011");
  now[0] = sample("ipc", "0w", 900);
  CHECK(compare(baseline, now).failures.empty());
  CHECK(compare(baseline, now).shrunk == 1);
}

TEST_CASE("baseline: a row that misses what it must reach fails, whatever it was before") {
  Record row = sample("ipc", "0w", 107);
  row["target"] = 107;
  CHECK(compare(baseline_of({row}), {row}).failures.empty());
  row["target"] = 106;
  const Verdict verdict = compare(baseline_of({row}), {row});
  REQUIRE(verdict.failures.size() == 1);
  CHECK(verdict.failures[0] == "ipc/0w: is 107 and must reach 106");
  // One that is about the worst case is not compared with the last one.
  Record worst = sample("latency", "map", 4000);
  worst["worst"] = true;
  worst["target"] = 5500;
  worst["max"] = 5400;
  const Baseline none = baseline_of({worst});
  CHECK(none["rows"].empty());
  CHECK(compare(none, {worst}).failures.empty());
  worst["max"] = 5501;
  REQUIRE(compare(none, {worst}).failures.size() == 1);
  CHECK(compare(none, {worst}).failures[0] == "latency/map: is 5501 and must reach 5500");
}

TEST_CASE("baseline: rows that come and go are said; other suites are not missed") {
  const Baseline baseline = baseline_of(before);
  CHECK(compare(baseline, {before[2]}).failures.empty());
  const Verdict gone = compare(baseline, {before[0]});
  REQUIRE(gone.failures.size() == 1);
  CHECK(gone.failures[0] == "ipc/7w: is in the baseline, and was not measured");
  const Verdict fresh = compare(baseline, {before[0], before[1], sample("ipc", "8w", 129)});
  REQUIRE(fresh.failures.size() == 1);
  CHECK(fresh.failures[0] == "ipc/8w: is 129 and not in the baseline");
  Record timed = before[2];
  timed["mode"] = "time";
  CHECK(compare(baseline, {timed}).failures.size() == 1);
}

TEST_CASE("baseline: a new one keeps the suites that were not measured, and is in the history") {
  const Folder folder;
  const std::string file = folder.path / "baseline.json", history = folder.path;
  CHECK_THROWS_AS(read_baseline(file), BadRecords);
  CHECK(write_baseline(baseline_of(before), file, history) == "0001.json");
  const Baseline next =
      accept(read_baseline(file), {sample("ipc", "0w", 990)}, "2026-01-02", "a shorter path", "gcc");
  CHECK(write_baseline(next, file, history) == "0002.json");
  const Baseline now = read_baseline(file);
  CHECK(now["rows"].size() == 2);
  CHECK(now["rows"]["ipc/0w"] == 990);
  CHECK(now["rows"]["map/4k"] == 800);
  CHECK(now["reason"] == "a shorter path");
  CHECK(text_of(file) == text_of(folder.path / "0002.json"));
  CHECK(text_of(file) != text_of(folder.path / "0001.json"));
}

TEST_CASE("baseline: bad input changes nothing") {
  const Folder folder;
  const std::string file = folder.path / "baseline.json", history = folder.path;
  CHECK_THROWS_AS(write_baseline(accept(Baseline::object(), before, "2026-01-01", "", "gcc"), file, history),
                  BadRecords);
  CHECK(fs::is_empty(folder.path));
  CHECK_THROWS_AS(write_baseline(baseline_of(before), file, folder.path / "none"), BadRecords);
  CHECK(fs::is_empty(folder.path));
  const std::string whole = baseline_of(before).dump();
  for (const std::string& text :
       {std::string(), whole.substr(0, 60), std::string("[]"), std::string(R"({"rows":{}})"),
        std::string(R"({"date":"d","reason":"r","rows":{"ipc/0w":"107"}})")}) {
    CAPTURE(text);
    std::ofstream(file) << text;
    CHECK_THROWS_AS(read_baseline(file), BadRecords);
  }
}

// Nobody changes it without a reason.
TEST_CASE("baseline: the project's is the newest of its history, each with a reason of its own") {
  const fs::path bench = fs::path(SOURCES) / "bench";
  std::set<fs::path> files;
  for (const auto& entry : fs::directory_iterator(bench / "history")) files.insert(entry.path());
  REQUIRE(!files.empty());
  std::set<std::string> reasons;
  unsigned number = 0;
  for (const fs::path& file : files) {
    char name[16];
    std::snprintf(name, sizeof name, "%04u.json", ++number);
    CHECK(file.filename() == name);
    CHECK(reasons.insert(read_baseline(file)["reason"]).second);
  }
  CHECK(text_of(bench / "baseline.json") == text_of(*files.rbegin()));
}
