// SPDX-License-Identifier: MIT
#include "source_lines.h"

#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace scope {

namespace {

std::string quoted(const std::string& text) {
  std::string safe = "'";
  for (const char c : text) safe += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return safe + "'";
}

// What a command prints; errors of it are errors of nobody: there is no line then.
std::string output_of(const std::string& command) {
  std::string output;
  std::FILE* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return output;
  char buffer[4096];
  for (std::size_t size; (size = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    output.append(buffer, size);
  pclose(pipe);
  return output;
}

}  // namespace

void add_lines(SourceLines& lines, const std::set<std::uint64_t>& addresses, const std::string& answer) {
  std::istringstream text(answer);
  std::string line;
  for (const std::uint64_t address : addresses) {
    if (!std::getline(text, line)) return;
    line = line.substr(0, line.find(" ("));  // "(discriminator 3)"
    if (line.starts_with("??") || line.ends_with(":0") || line.ends_with(":?")) continue;
    lines.emplace(address, line.substr(line.rfind('/') + 1));
  }
}

SourceLines source_lines(const std::vector<std::string>& images, const std::set<std::uint64_t>& addresses) {
  constexpr std::size_t at_once = 2000;  // a command line is not endless
  SourceLines lines;
  for (const std::string& image : images) {
    std::set<std::uint64_t> some;
    const auto ask = [&] {
      std::string command = "addr2line -e " + quoted(image);
      char digits[24];
      for (const std::uint64_t address : some) {
        std::snprintf(digits, sizeof digits, " 0x%llx", static_cast<unsigned long long>(address));
        command += digits;
      }
      add_lines(lines, some, output_of(command + " 2>/dev/null"));
      some.clear();
    };
    for (const std::uint64_t address : addresses) {
      some.insert(address);
      if (some.size() == at_once) ask();
    }
    if (!some.empty()) ask();
  }
  return lines;
}

}  // namespace scope
