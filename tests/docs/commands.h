// SPDX-License-Identifier: MIT
// Commands that a document names and that are not run, since they take minutes, install
// packages or change the tree: are they such as ./mica knows, with options that it has?
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace docs {

// What `./mica help` and `./mica help scope` say: the options of each command.
class Help {
 public:
  Help(const std::string& usage, const std::string& scope_usage);

  // Empty, or what is wrong with a line of a shell. Its commands may be ./mica, cmake, cd, and
  // programs of the build folder; `is_target(preset, path)` says if that preset builds it, or, for
  // an empty path, if there is the preset.
  template <typename IsTarget>
  std::string check(const std::string& line, IsTarget is_target) const {
    for (const std::vector<std::string>& words : commands_of(line)) {
      if (words[0] == "./mica" || words[0].ends_with("/mica")) {
        if (std::string fault = check_mica(words); !fault.empty()) return fault;
      } else if (words[0].starts_with("build/")) {
        const std::size_t slash = words[0].find('/', 6);
        if (slash == std::string::npos ||
            !is_target(words[0].substr(6, slash - 6), words[0].substr(slash + 1))) {
          return "nothing builds " + words[0];
        }
      } else if (words[0] == "cmake") {
        const auto preset = std::find(words.begin(), words.end(), "--preset");
        if (preset != words.end() && (preset + 1 == words.end() || !is_target(preset[1], "")))
          return "no such preset";
      } else if (words[0] != "cd") {
        return "'" + words[0] + "' can be run: label the block 'console' or 'sh run'";
      }
    }
    return {};
  }

  std::string check_mica(const std::vector<std::string>& words) const;

  // The commands of a line, as words: behind each other or joined by | && || ;, without
  // redirections, comments and assignments before a command.
  static std::vector<std::vector<std::string>> commands_of(const std::string& line);

 private:
  std::map<std::string, std::set<std::string>> options_;  // of each command
  std::set<std::string> parts_;                           // of `test`
};

}  // namespace docs
