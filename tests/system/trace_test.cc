// SPDX-License-Identifier: MIT
// ./mica trace: what a system did, as JSON in which everything has its other end.
#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>

#include <nlohmann/json.hpp>

#include "files.h"
#include "process.h"

using nlohmann::json;

TEST_CASE("trace: arrows have both ends, times are in order, threads have names") {
  const TemporaryFolder folder;
  const std::string file = folder.path("trace.json");
  const Ran ran = run(SOURCES "/mica trace " + file + " shell --type 'run hello.elf' --type ps --type 'run hello.elf'");
  INFO(ran.output);
  REQUIRE(ran.status == 0);
  const json trace = json::parse(read_file(file));
  std::map<int, double> starts, ends;
  std::map<int, std::string> names;
  std::set<std::string> marks;
  double ran_until = 0;
  unsigned runs = 0, overlaps = 0;
  for (const json& e : trace["traceEvents"]) {
    const std::string kind = e["ph"];
    if (kind == "M" && e["name"] == "thread_name") names[e["tid"]] = e["args"]["name"];
    if (kind == "s") starts[e["id"]] = e["ts"];
    if (kind == "f") ends[e["id"]] = e["ts"];
    if (kind == "i") marks.insert(e["name"]);
    if (kind == "X" && e["name"] == "runs") {
      ++runs;
      CHECK(e["dur"] >= 0);
      if (e["ts"].get<double>() < ran_until - 0.001) ++overlaps;
      ran_until = e["ts"].get<double>() + e["dur"].get<double>();
    }
  }
  CHECK(trace["otherData"]["lost"] == 0);
  CHECK(runs > 100);
  CHECK(overlaps == 0);  // one processor
  CHECK(starts.size() > 100);
  CHECK(starts.size() == ends.size());
  for (const auto& [id, time] : starts) {
    REQUIRE(ends.contains(id));
    CHECK(ends[id] >= time);
  }
  std::set<std::string> known;
  for (const auto& [thread, name] : names) known.insert(name);
  for (const char* name : {"root", "serial", "shell", "trace"}) CHECK_MESSAGE(known.contains(name), "no track of ", name);
  CHECK(marks.contains("page fault"));
}
