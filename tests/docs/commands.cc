// SPDX-License-Identifier: MIT
#include "commands.h"

#include <cctype>
#include <sstream>

#include "document.h"

namespace docs {

namespace {

// The words of a text that begin with a dash, and for "[a|b]" a and b.
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '-') words.back() += c;
    else if (!words.back().empty()) words.emplace_back();
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

}  // namespace

Help::Help(const std::string& usage, const std::string& scope_usage) {
  std::set<std::string> of_run_and_boot;
  std::string command;
  bool common = false;
  for (const std::string& line : lines_of(usage)) {
    if (line.starts_with("Options of run and boot")) common = true;
    else if (!line.empty() && line[0] != ' ') common = false;
    if (line.size() > 2 && line.starts_with("  ") && std::isalpha(static_cast<unsigned char>(line[2]))) {
      command = words_of(line)[0];
    } else if (line.empty()) {
      command.clear();
    }
    if (!command.empty()) {
      options_[command];
      if (command == "test" && line.find('[') != std::string::npos) {
        for (const std::string& word : words_of(line.substr(line.find('[')))) parts_.insert(word);
      }
    }
    for (const std::string& word : words_of(line)) {
      if (!word.starts_with("-") || word.size() < 2) continue;
      if (!command.empty()) options_[command].insert(word);
      else if (common) of_run_and_boot.insert(word);
    }
  }
  for (const char* const name : {"run", "boot"})
    options_[name].insert(of_run_and_boot.begin(), of_run_and_boot.end());
  for (const std::string& word : words_of(scope_usage)) {
    if (word.starts_with("-") && word.size() > 1) options_["scope"].insert(word);
  }
  options_["help"];
}

std::string Help::check_mica(const std::vector<std::string>& words) const {
  if (words.size() < 2) return {};
  const auto found = options_.find(words[1]);
  if (found == options_.end()) return "there is no command './mica " + words[1] + "'";
  for (std::size_t i = 2; i < words.size(); ++i) {
    if (words[i].starts_with("-") && words[i].size() > 1 && !found->second.contains(words[i])) {
      return "'./mica " + words[1] + "' has no option '" + words[i] + "'";
    }
  }
  if (words[1] == "test" && words.size() > 2 && !parts_.contains(words[2]))
    return "there are no tests '" + words[2] + "'";
  return {};
}

std::vector<std::vector<std::string>> Help::commands_of(const std::string& line) {
  std::vector<std::vector<std::string>> commands(1);
  std::string word;
  bool quoted = false, some = false, redirected = false;
  char quote = 0;
  const auto end_word = [&] {
    const bool assignment = commands.back().empty() && word.find('=') != std::string::npos && !quoted;
    if (some && !assignment && !redirected) commands.back().push_back(word);
    if (some) redirected = false;
    word.clear();
    some = quoted = false;
  };
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
      else word += c;
    } else if (c == '"' || c == '\'') {
      quote = c;
      quoted = some = true;
    } else if (c == '#' && !some) {
      break;
    } else if (c == ' ' || c == '\t') {
      end_word();
    } else if (c == '|' || c == '&' || c == ';') {
      end_word();
      if (!commands.back().empty()) commands.emplace_back();
    } else if (c == '>' || c == '<') {
      end_word();
      redirected = true;
    } else {
      word += c;
      some = true;
    }
  }
  end_word();
  if (commands.back().empty()) commands.pop_back();
  return commands;
}

}  // namespace docs
