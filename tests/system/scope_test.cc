// SPDX-License-Identifier: MIT
// The microscope (bench/scope) against a guest that does known things, fixtures/calibration.S,
// and the fast path seen through it.
#include <doctest/doctest.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "files.h"
#include "machine.h"
#include "process.h"

namespace {

using Json = nlohmann::json;

const std::string calibration = BINARIES "/tests/system/scope_calibration.elf";
const std::string bench_ipc = BINARIES "/bench/ipc.elf";
const std::string plugin = BINARIES "/bench/libscope.so";
const std::string reporter = BINARIES "/bench/scope_report";

// A guest under the microscope, and reports of it.
class Scope {
 public:
  explicit Scope(const std::vector<std::string>& images) : images_(images) {
    std::string command = "nm -C";
    for (const std::string& image : images) command += " " + image;
    REQUIRE(run(command + " >" + folder_.path("symbols")).status == 0);
  }

  Outcome boot(const std::string& options = "") const {
    Machine machine;
    const std::vector<std::string> modules =
        images_.size() > 1 ? images_ : std::vector{images_[0], real_sigma0, hello_program};
    machine.kernel(modules).add(
        {"-plugin", plugin + ",record=" + record() + ",symbols=" + folder_.path("symbols") + options});
    return machine.run();
  }

  Ran report(const std::string& options) const {
    return run(reporter + " " + record() + " --symbols=" + folder_.path("symbols") + " " + options);
  }

  std::map<unsigned, Json> windows(const std::string& options = "") const {
    const Ran ran = report("--json=- " + options);
    CAPTURE(ran.output);
    REQUIRE(ran.status == 0);
    std::map<unsigned, Json> all;
    std::istringstream lines(ran.output);
    for (std::string line; std::getline(lines, line);) {
      const Json window = Json::parse(line);
      all[window["window"]] = window;
    }
    return all;
  }

  std::string record() const { return folder_.path("record"); }
  std::string path(const std::string& name) const { return folder_.path(name); }

 private:
  TemporaryFolder folder_;
  std::vector<std::string> images_;
};

unsigned total(const Json& figure) { return figure["total"]; }

// virtual and physical, of code or data.
void check_places(const Json& window, const char* of, unsigned lines, unsigned pages, unsigned physical_lines,
                  unsigned physical_pages) {
  CAPTURE(of);
  CHECK(total(window["lines"][of]["virtual"]) == lines);
  CHECK(total(window["pages"][of]["virtual"]) == pages);
  CHECK(total(window["lines"][of]["physical"]) == physical_lines);
  CHECK(total(window["pages"][of]["physical"]) == physical_pages);
}

struct Expected {
  unsigned accesses, compulsory, flushed, capacity, conflict;
};

void check_level(const Json& level, const Expected& expected) {
  CHECK(level["accesses"] == expected.accesses);
  CHECK(level["compulsory"] == expected.compulsory);
  CHECK(level["flushed"] == expected.flushed);
  CHECK(level["capacity"] == expected.capacity);
  CHECK(level["conflict"] == expected.conflict);
  CHECK(level["misses"] == expected.compulsory + expected.flushed + expected.capacity + expected.conflict);
}

void check_costly(const Json& window, const std::map<std::string, unsigned>& expected) {
  std::map<std::string, unsigned> found;
  for (const auto& [kind, n] : window["costly"].items()) found[kind] = total(n);
  CHECK(found == expected);
}

}  // namespace

TEST_CASE("microscope: known instructions, accesses, lines and pages are counted exactly") {
  const Scope scope({calibration});
  REQUIRE(scope.boot(",stub=0x8000").status == success);
  const std::map<unsigned, Json> windows = scope.windows();
  REQUIRE(windows.size() == 10);

  const Json& plain = windows.at(1);
  CHECK(total(plain["instructions"]) == 16);
  CHECK(plain["instructions"]["kernel"] == 16);
  CHECK(plain["symbols"][0]["symbol"] == "instructions");
  check_places(plain, "code", 3, 2, 3, 2);
  check_places(plain, "data", 0, 0, 0, 0);
  check_costly(plain, {});

  const Json& accesses = windows.at(2);
  CHECK(total(accesses["instructions"]) == 7);
  CHECK(total(accesses["loads"]) == 4);
  CHECK(total(accesses["load_bytes"]) == 28);
  CHECK(total(accesses["stores"]) == 4);
  CHECK(total(accesses["store_bytes"]) == 25);
  check_places(accesses, "data", 5, 4, 5, 4);

  check_places(windows.at(3), "data", 2, 2, 1, 1);  // one line by two addresses

  const Json& by_side = windows.at(8);
  CHECK(by_side["instructions"]["user"] == 2);
  CHECK(by_side["instructions"]["stub"] == 2);
  CHECK(by_side["instructions"]["kernel"] == 3);
  CHECK(by_side["lines"]["data"]["virtual"]["user"] == 1);
  CHECK(by_side["loads"]["kernel"] == 0);
  CHECK(total(by_side["lines"]["data"]["virtual"]) == 1);

  const Json& loop = windows.at(9);
  CHECK(loop["in_loop"] == true);
  CHECK(loop["iterations"]["n"] == 19);
  CHECK(loop["iterations"]["min"] == 4);
  CHECK(loop["iterations"]["max"] == 4);
  CHECK(total(loop["instructions"]) == 4);
  CHECK(total(loop["loads"]) == 1);

  const std::string once = read_file(scope.record());
  REQUIRE(scope.boot(",stub=0x8000").status == success);
  CHECK(read_file(scope.record()) == once);  // to the last byte
}

TEST_CASE("microscope: costly instructions by kind, and what the model of the machine misses") {
  const Scope scope({calibration});
  REQUIRE(scope.boot().status == success);
  const std::map<unsigned, Json> windows = scope.windows();

  CHECK(total(windows.at(4)["instructions"]) == 47);
  check_costly(windows.at(4),
               {{"syscall", 1}, {"iret", 1},     {"cr3-write", 3}, {"cr-write", 1}, {"wrmsr", 2},
                {"rdmsr", 1},   {"swapgs", 2},   {"wrbase", 1},    {"rdbase", 1},   {"load-fs", 1},
                {"load-gs", 1}, {"load-seg", 1}, {"lfence", 1},    {"mfence", 2},   {"sfence", 1},
                {"lock", 3},    {"xsave", 1},    {"xrstor", 1},    {"invlpg", 2},   {"in", 1},
                {"out", 2},     {"rdtsc", 2},    {"div", 1},       {"cli-sti", 1},  {"pause", 1}});

  const auto level = [&](unsigned window, const char* state, const char* name) {
    return windows.at(window)["misses"][state][name];
  };
  // Nine lines in a set of eight ways: none survives until its second use, nor the next round.
  check_level(level(5, "cold", "l1d"), {18, 9, 0, 0, 9});
  check_level(level(5, "warm", "l1d"), {18, 0, 0, 0, 18});
  check_level(level(5, "cold", "dtlb"), {18, 9, 0, 0, 0});
  check_level(level(5, "cold", "l2"), {20, 11, 0, 0, 0});  // and two of code
  check_level(level(5, "warm", "l2"), {18, 0, 0, 0, 0});
  // 64 KiB in a cache of 32; the stack's line, too, is gone when RET comes for it.
  check_level(level(6, "cold", "l1d"), {2052, 1025, 0, 1026, 0});
  check_level(level(6, "cold", "l2"), {2165, 1139, 0, 0, 0});
  check_level(level(6, "warm", "l1i"), {2244, 0, 0, 0, 0});
  // A translation that a CR3 write takes away; the kernel's stay.
  check_level(level(7, "cold", "dtlb"), {2, 1, 1, 0, 0});
  check_level(level(7, "cold", "itlb"), {3, 1, 0, 0, 0});
  // Code that is read as data is one line of L2: physical addresses of both agree.
  check_level(level(10, "cold", "l2"), {2, 1, 0, 0, 0});

  const std::map<unsigned, Json> other = scope.windows("--l1d=64K,16,64 --global=none");
  check_level(other.at(5)["misses"]["cold"]["l1d"], {18, 9, 0, 0, 0});
  check_level(other.at(7)["misses"]["cold"]["itlb"], {3, 1, 1, 0, 0});
}

TEST_CASE("microscope: marks that are functions, in an image that has no marks of ours there") {
  const Scope scope({calibration});
  Outcome outcome = scope.boot(",begin=measured,end=measured_end");
  REQUIRE(outcome.status == success);
  std::map<unsigned, Json> windows = scope.windows();
  REQUIRE(windows.size() == 1);
  CHECK(windows.at(0)["title"] == "measured to measured_end");
  CHECK(windows.at(0)["times"] == 10);
  CHECK(total(windows.at(0)["instructions"]) == 3);
  CHECK(total(windows.at(0)["stores"]) == 1);

  // From pass to pass there is the loop as well; the plugin ends the machine.
  outcome = scope.boot(",begin=measured,end=measured,times=4");
  CHECK(outcome.status == 0);
  windows = scope.windows();
  CHECK(windows.at(0)["times"] == 4);
  CHECK(total(windows.at(0)["instructions"]) == 3 + 1 + 3);
}

TEST_CASE("microscope: a listing and a page of one iteration") {
  const Scope scope({calibration});
  REQUIRE(scope.boot().status == success);
  REQUIRE(scope.report("--window=7 --text=" + scope.path("text") + " --html=" + scope.path("html")).status ==
          0);
  const std::string text = read_file(scope.path("text")), page = read_file(scope.path("html"));
  CHECK(text.find("window 7: seen 1 times") != std::string::npos);
  CHECK(text.find("!movq %rsi, %cr3") != std::string::npos);
  CHECK(text.find("+load 8 ") != std::string::npos);
  const std::string begin = "<script type=\"application/json\" id=\"data\">";
  const std::size_t at = page.find(begin);
  REQUIRE(at != std::string::npos);
  const std::size_t from = at + begin.size();
  const Json data = Json::parse(page.substr(from, page.find("</script>", from) - from));
  REQUIRE(data["windows"].size() == 1);
  REQUIRE(data["windows"][0]["steps"].size() == 3);
  CHECK(data["windows"][0]["steps"][1]["costly"] == "cr3-write");
  CHECK(data["windows"][0]["steps"][2]["accesses"][0]["first"] == false);
  CHECK(data["windows"][0]["steps"][2]["cold"] == Json{"dtlb flushed", "stlb flushed"});
  for (const char* const outside : {"http:", "https:", "src=", "@import", "url("}) {
    CAPTURE(outside);
    CHECK(page.find(outside) == std::string::npos);
  }
}

// Only where there is one: it is large, and nothing else of the tests of images needs it.
TEST_CASE("microscope: the page steps through an iteration in a browser") {
  if (run("command -v chromium").status != 0) {
    MESSAGE("no chromium here: the page is not tried in a browser");
    return;
  }
  const Scope scope({calibration});
  REQUIRE(scope.boot().status == success);
  const std::string page = scope.path("page.html");
  REQUIRE(scope.report("--window=7 --html=" + page).status == 0);
  std::ofstream(page, std::ios::app) << R"(<pre id="seen"></pre><script>
    const seen = document.getElementById("seen");
    const note = () => seen.textContent += "[" + document.getElementById("position").textContent + ", " +
      document.querySelector(".now .text").textContent + ", new lines " +
      document.querySelectorAll("#lines .fresh").length + "]";
    note();
    for (const key of ["ArrowRight", "End", "ArrowLeft", "Home", "c"]) {
      document.dispatchEvent(new KeyboardEvent("keydown", {key}));
      note();
    }
    document.getElementById("forward").click();
    note();
  </script>)";
  const Ran ran = run("timeout 60 chromium --headless --no-sandbox --disable-gpu --user-data-dir=" +
                      scope.path("profile") + " --virtual-time-budget=10000 --dump-dom file://" + page);
  CAPTURE(ran.output);
  CHECK(ran.status == 0);
  const std::string first = "[step 1 of 3, movq (%rbx), %rax, new lines 2]";
  const std::string second = "[step 2 of 3, movq %rsi, %cr3, new lines 0]";
  const std::string third = "[step 3 of 3, movq (%rbx), %rax, new lines 0]";
  CHECK(ran.output.find(first + second + third + second + first + second + third) != std::string::npos);
}

TEST_CASE("microscope: what cannot be measured is told, and leaves no file") {
  const Scope scope({calibration});
  const auto refuses = [&](const std::string& options, const std::string& message) {
    CAPTURE(options);
    const Outcome outcome = scope.boot(options);
    CAPTURE(outcome.output);
    CHECK(outcome.status == 1);
    CHECK(outcome.says(message));
    CHECK_FALSE(exists(scope.record()));
  };
  refuses(",begin=nowhere,end=measured", "there is no function 'nowhere'");
  refuses(",begin=measured", "begin= and end= belong together");
  refuses(",begin=0x12x,end=measured", "'0x12x' is no address");
  refuses(",frobnicate=1", "cannot use the option 'frobnicate=1'");

  const auto fails = [&](const std::string& options, int status, const std::string& message) {
    CAPTURE(options);
    const std::string file = scope.path("out.json");
    const Ran ran = scope.report("--json=" + file + " " + options);
    CAPTURE(ran.output);
    CHECK(ran.status == status);
    CHECK(ran.output.find(message) != std::string::npos);
    CHECK_FALSE(exists(file));
  };
  fails("", 1, "No such file");
  REQUIRE(scope.boot(",begin=never,end=measured_end").status == success);
  fails("", 1, "the mark begin (never) was passed 0 times");
  REQUIRE(scope.boot(",begin=measured,end=never").status == success);
  fails("", 1, "the mark end (never) after it never");
  REQUIRE(scope.boot().status == success);
  fails("--window=99", 1, "the mark of window 99 never occurred; there are: 1 2 3");
  fails("--l1d=33K,8,64", 2, "has to be a power of two");
  fails("--frobnicate=1", 2, "there is no such option");
  fails("--text=/nowhere/text", 1, "/nowhere/text: No such file");
  std::string bytes = read_file(scope.record());
  std::ofstream(scope.record(), std::ios::binary) << bytes.substr(0, bytes.size() - 1);
  fails("", 1, "truncated");
}

TEST_CASE("microscope: ./mica scope refuses what it cannot do") {
  const auto refuses = [](const std::string& arguments, const std::string& message) {
    CAPTURE(arguments);
    const Ran ran = run(SOURCES "/mica scope " + arguments);
    CAPTURE(ran.output);
    CHECK(ran.status == 2);
    CHECK(ran.output.find(message) != std::string::npos);
  };
  refuses("nosuch", "no suite 'nosuch'; there are:");
  refuses("", "which suite?");
  refuses("ipc --frobnicate 1", "what is '--frobnicate'?");
  refuses("ipc --begin f", "--begin and --end belong together");
  refuses("ipc --times many --begin f --end f", "--times needs a number");
  refuses("--kernel /nowhere --begin f --end f", "no such file: /nowhere");
  refuses("ipc --html", "--html needs a value");
}

TEST_CASE(
    "microscope: an IPC between spaces and back touches few lines, and nothing costly but its switches") {
  const Scope scope({real_kernel, real_sigma0, bench_ipc});
  REQUIRE(scope.boot().status == success);
  const std::map<unsigned, Json> windows = scope.windows();
  for (const unsigned id : {1u, 2u, 3u}) {  // 0, 4 and 7 words
    CAPTURE(id);
    const Json& window = windows.at(id);
    CHECK(window["in_loop"] == true);
    CHECK(window["iterations"]["min"] == window["iterations"]["max"]);
    for (const char* const address : {"virtual", "physical"}) {
      CHECK(window["lines"]["code"][address]["kernel"] <= 6);
      CHECK(window["lines"]["data"][address]["kernel"] <= 6);
    }
    check_costly(window, {{"syscall", 2}, {"sysret", 2}, {"cr3-write", 2}});
  }
}
