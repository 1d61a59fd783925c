// SPDX-License-Identifier: MIT
// The check of tests/conformance.md refuses every kind of broken table, and names the row.
#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "temporary_folder.h"

using mica::test::TemporaryFolder;

namespace {

struct Verdict {
  bool good;
  std::string text;
};

// A folder with a table, an abi.h and two files of tests.
class Folder : public TemporaryFolder {
 public:
  Folder() {
    std::filesystem::create_directory(path() / "guest");
    std::filesystem::create_directory(path() / "unit");
    write("abi.h", "enum class IpcError : u8 {\n  none = 0, timeout = 1,\n  aborted = 7,\n};\n"
                   "enum class CallError : u8 { \n  none = 0, no_memory = 8,\n};\n");
    write("guest/a.cc", "TEST(\"one\") {\n  expect(\"no test\");\n}\nTEST(\n    \"a long \"\n    \"name\") {\n}\n");
    write("unit/b.cc", "TEST_CASE(\"two\") {\n}\nTEST_CASE(\"in no row\") {\n}\n");
  }

  Verdict check(const std::string& rows) const {
    write("table.md", "# Title\n\n| id | what holds | file | test |\n|---|---|---|---|\n" + rows);
    const std::string command = "cd " + path().string() + " && awk -f " MICA_TESTS
                                "/check_conformance.awk table.md abi.h guest/*.cc unit/*.cc 2>&1";
    std::FILE* const out = popen(command.c_str(), "r");
    REQUIRE(out);
    std::string text;
    for (int c = std::fgetc(out); c != EOF; c = std::fgetc(out)) text += static_cast<char>(c);
    const int status = pclose(out);
    REQUIRE(WIFEXITED(status));
    return {WEXITSTATUS(status) == 0, text};
  }
};

const std::string one = "| a.one | one | guest/a.cc | one |\n", name = "| a.name | long | guest/a.cc | a long name |\n",
                  errors = "| error.ipc.timeout | 1 | unit/b.cc | two |\n| | | guest/a.cc | one |\n"
                           "| error.ipc.aborted | 7 | unit/b.cc | two |\n| error.call.no_memory | 8 | unit/b.cc | two |\n";

}  // namespace

TEST_CASE("conformance table: one that is complete is accepted") {
  const Verdict verdict = Folder().check(one + name + errors);
  CHECK(verdict.text == "");
  CHECK(verdict.good);
}

TEST_CASE("conformance table: a broken one is refused, with the row's name") {
  struct Case {
    const char* what;
    std::string rows, message;
  };
  const Case cases[] = {
      {"no test", one + name + errors + "| b.none | x | | |\n", "row b.none has no test"},
      {"no test name", one + name + errors + "| b.none | x | guest/a.cc | |\n", "row b.none has no test"},
      {"nothing said", one + name + errors + "| b.mute | | guest/a.cc | one |\n", "row b.mute says nothing"},
      {"no such file", one + name + errors + "| b.file | x | guest/c.cc | one |\n", "row b.file: there is no file guest/c.cc"},
      {"no such test", one + name + errors + "| b.test | x | guest/a.cc | on |\n",
       "row b.test: guest/a.cc has no test \"on\""},
      {"a second test that is none", one + name + errors + "| b.more | x | guest/a.cc | one |\n| | | unit/b.cc | three |\n",
       "row b.more: unit/b.cc has no test \"three\""},
      {"another file's test", one + name + errors + "| b.other | x | unit/b.cc | one |\n",
       "row b.other: unit/b.cc has no test \"one\""},
      {"double id", one + name + errors + one, "row a.one is there twice"},
      {"three cells", one + name + errors + "| b.three | x | guest/a.cc |\n", "line 11 has not four cells"},
      {"an error without a row", one + name + "| error.ipc.timeout | 1 | unit/b.cc | two |\n",
       "there is no row error.ipc.aborted"},
      {"a guest test in no row", one + errors, "in no row: guest/a.cc|a long name"},
      {"no rows", "", "there are no rows"},
  };
  const Folder folder;
  for (const Case& c : cases) {
    CAPTURE(c.what);
    const Verdict verdict = folder.check(c.rows);
    CHECK_FALSE(verdict.good);
    CAPTURE(verdict.text);
    CHECK(verdict.text.find("conformance: " + c.message) != std::string::npos);
  }
}
