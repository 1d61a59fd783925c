// SPDX-License-Identifier: MIT
// docs/manual/shell.md has the commands that the shell has, as its own help says them.
#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

namespace {

std::string read(const char* path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::set<std::string> rows(const std::string& text, const std::regex& row) {
  std::set<std::string> list;
  for (std::sregex_iterator at(text.begin(), text.end(), row), end; at != end; ++at) {
    // In a table of Markdown a bar is written with a backslash.
    const std::string arguments = std::regex_replace((*at)[2].str(), std::regex(R"(\\\|)"), "|");
    list.insert((*at)[1].str() + " | " + arguments + " | " + (*at)[3].str());
  }
  return list;
}

}  // namespace

TEST_CASE("shell manual: the commands are those of the shell") {
  const auto known = rows(read(MICA_SHELL_COMMANDS), std::regex(R"x(\{"(\w+)", "([^"]*)",\s*"([^"]*)")x"));
  const auto told =
      rows(read(MICA_SHELL_MANUAL), std::regex(R"(\n\| `(\w+)` \| `?((?:[^|`\\]|\\\|)*?)`? ?\| ([^|]*) \|)"));
  CHECK(known.size() > 15);
  for (const std::string& row : known) CHECK_MESSAGE(told.contains(row), "not in docs/manual/shell.md: ", row);
  for (const std::string& row : told) CHECK_MESSAGE(known.contains(row), "no command of the shell: ", row);
}
