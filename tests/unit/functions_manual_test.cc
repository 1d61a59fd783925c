// SPDX-License-Identifier: MIT
// docs/manual/functions.md has every function of include/l4, and no other.
#include <doctest/doctest.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// take(name, where it begins, where it ends) for each name L4_... of the text.
template <typename Take>
void for_each_name(const std::string& text, Take&& take) {
  for (std::size_t at = text.find("L4_"); at != std::string::npos; at = text.find("L4_", at + 1)) {
    if (at > 0 && is_name(text[at - 1])) continue;
    std::size_t end = at;
    while (end < text.size() && is_name(text[end])) ++end;
    take(text.substr(at, end - at), at, end);
  }
}

// Functions stand at the beginning of a line with L4_INLINE, and their name before the parenthesis.
std::set<std::string> functions() {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(MICA_KERNEL_HEADERS)) {
    if (entry.path().extension() != ".h") continue;
    const std::string text = read(entry.path());
    for_each_name(text, [&](const std::string& name, std::size_t at, std::size_t end) {
      if (end >= text.size() || text[end] != '(') return;
      const std::size_t line = text.rfind('\n', at) + 1;
      const std::string before = text.substr(line, at - line);
      if (before.starts_with("L4_INLINE ") && before.find('(') == std::string::npos) names.insert(name);
    });
  }
  return names;
}

std::set<std::string> told() {
  std::set<std::string> names;
  const std::string text = read(MICA_FUNCTIONS_MANUAL);
  for_each_name(text, [&](const std::string& name, std::size_t at, std::size_t end) {
    if (at > 0 && text[at - 1] == '`' && end < text.size() && text[end] == '`') names.insert(name);
  });
  return names;
}

}  // namespace

TEST_CASE("functions manual: every function of the headers is there, and no other") {
  const std::set<std::string> known = functions(), listed = told();
  CHECK(known.size() > 150);
  for (const std::string& name : known) CHECK_MESSAGE(listed.contains(name), "not in the manual: ", name);
  for (const std::string& name : listed) CHECK_MESSAGE(known.contains(name), "in no header: ", name);
}
