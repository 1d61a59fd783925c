// SPDX-License-Identifier: MIT
// The trace as JSON: tracks, slices, arrows, marks.
#include <doctest/doctest.h>

#include <chrome_trace.h>

#include <map>
#include <sstream>

using nlohmann::json;
using trace_export::BadDump;
using trace_export::chrome_trace;

namespace {

// Two tasks: the client (block 3) calls the server (block 2), which faults before it answers; its
// pager is thread 50. kHz 1000: a tick is a microsecond.
constexpr const char* dump =
    "mica> trace dump\r\n"
    "@clock 3e8\r\n@task 2 server\r\n@task 3 client\r\n"
    "@ 30100000001 64 c000000001 8000000001 0 10000 7 8\r\n"             // message
    "@ 30400000002 6e c000000001 8000000001 8000000001 0 0 0\r\n"        // run: server
    "@ 2050100000003 82 8000000001 3200000001 0 0 5000 1234\r\n"         // message: page fault
    "@ 2050400000004 83 8000000001 3200000001 0 0 0 0\r\n"               // run: pager
    "@ 30100000005 8c 3200000001 8000000001 0 0 0 0\r\n"                 // the answer
    "@ 30400000006 8d 3200000001 8000000001 ffffffffffffffff 0 0 0\r\n"  // run: server
    "@ 30100000007 96 8000000001 c000000001 0 20000 9 0\r\n"             // message
    "@ 30400000008 97 8000000001 c000000001 ffffffffffffffff 0 0 0\r\n"  // run: client
    "@ 30500000009 a0 c000000001 20 0 1 2 0\r\n"                         // call: ThreadControl
    "@ 3030000000a aa c000000001 3 0 0 0 0\r\n"                          // failed
    "@lost 0\r\n@end\r\nmica> ";

json parse(const std::string& text) {
  std::istringstream in(text);
  return chrome_trace(in);
}

}  // namespace

TEST_CASE("chrome trace: names of tracks, arrows with both ends, times in order") {
  const json trace = parse(dump);
  std::map<int, std::string> names;
  std::map<int, std::pair<double, int>> starts, ends;
  std::map<std::string, int> marks;
  bool server_runs = false;
  for (const json& e : trace["traceEvents"]) {
    if (e["ph"] == "M" && e["name"] == "thread_name") names[e["tid"]] = e["args"]["name"];
    if (e["ph"] == "s") starts[e["id"]] = {e["ts"], e["tid"]};
    if (e["ph"] == "f") ends[e["id"]] = {e["ts"], e["tid"]};
    if (e["ph"] == "i") ++marks[e["name"]];
    if (e["ph"] == "X") {
      CHECK(e["dur"] >= 0);
      server_runs |= e["name"] == "runs" && e["tid"] == 128 && e["ts"] == 10 && e["dur"] == 21;
    }
  }
  CHECK(names[192] == "client");
  CHECK(names[128] == "server");
  CHECK(names[50] == "root");
  REQUIRE(starts.size() == 4);
  REQUIRE(ends.size() == 4);
  CHECK(starts[1] == std::pair<double, int>{0, 192});
  CHECK(ends[1] == std::pair<double, int>{0, 128});
  CHECK(server_runs);
  CHECK(marks["page fault"] == 1);
  CHECK(marks["ThreadControl"] == 1);
  CHECK(marks["Ipc failed"] == 1);
}

TEST_CASE("chrome trace: what is no dump, or is cut off, is refused") {
  CHECK_THROWS_AS(parse(""), BadDump);
  CHECK_THROWS_AS(parse("mica> trace dump\ntrace: not_found\n"), BadDump);
  CHECK_THROWS_AS(parse("@clock 3e8\n@ 1 2 3 4 5 6 7 8\n"), BadDump);
  CHECK_THROWS_AS(parse("@clock 3e8\n@ 1 2 3\n@end\n"), BadDump);
  CHECK_THROWS_AS(parse("@clock 3e8\n@ 1 2 3 4 x 6 7 8\n@end\n"), BadDump);
  CHECK(parse("@clock 3e8\n@lost 5\n@end\n")["otherData"]["lost"] == 5);
}
