// SPDX-License-Identifier: MIT
#include "programs.h"

#include <cstdio>
#include <filesystem>
#include <sstream>
#include <string_view>

namespace symbolize {

namespace {

namespace fs = std::filesystem;

std::string shell_word(const std::string& text) {
  std::string safe = "'";
  for (const char c : text) {
    if (c == '\'') safe += "'\\''";
    else safe += c;
  }
  safe += '\'';
  return safe;
}

// What a command prints; if it fails, nothing is known.
std::string output_of(const std::string& command) {
  std::string output;
  std::FILE* const pipe = popen((command + " 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return output;
  char buffer[4096];
  for (std::size_t size; (size = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) output.append(buffer, size);
  pclose(pipe);
  return output;
}

std::string search(const std::string& place, const std::string& name) {
  std::error_code error;
  if (!fs::is_directory(place, error)) return fs::path(place).filename() == name ? place : std::string();
  for (fs::recursive_directory_iterator at(place, error), end; !error && at != end; at.increment(error)) {
    if (at->path().filename() == name && at->is_regular_file(error)) return at->path().string();
  }
  return {};
}

// Its debug information is in a file of its own, if the build is a release.
std::string debug_file(const std::string& file) {
  return fs::exists(file + ".debug") ? file + ".debug" : file;
}

}  // namespace

const std::string& Programs::find(const std::string& name) {
  const auto known = found_.find(name);
  if (known != found_.end()) return known->second;
  std::string& file = found_[name];
  for (const std::string& place : places_) {
    if (file.empty()) file = search(place, name);
  }
  return file;
}

const FrameTable& Programs::frames(const std::string& file) {
  const auto known = frames_.find(file);
  if (known != frames_.end()) return known->second;
  if (file.empty()) return frames_[file];
  return frames_[file] = FrameTable(output_of("readelf --debug-dump=frames-interp " + shell_word(debug_file(file))));
}

Programs::~Programs() {
  std::error_code ignored;
  if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

// addr2line gives the innermost of several inlined functions the name of the symbol there, which
// is that of the outermost. Without symbols it knows all of them.
const std::string& Programs::without_symbols(const std::string& file) {
  const auto known = copies_.find(file);
  if (known != copies_.end()) return known->second;
  std::string& copy = copies_[file];
  if (folder_.empty()) {
    std::string name = fs::temp_directory_path() / "mica-symbolize-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) return copy;
    folder_ = name;
  }
  copy = folder_ + '/' + std::to_string(copies_.size());
  output_of("objcopy --wildcard --strip-symbol='*' " + shell_word(debug_file(file)) + ' ' + shell_word(copy));
  return copy;
}

std::vector<std::string> Programs::lines(const std::string& file, Address address) {
  if (file.empty()) return {};
  char digits[24];
  std::snprintf(digits, sizeof digits, " 0x%llx", static_cast<unsigned long long>(address));
  const std::string command = "addr2line -Cfpi -e ";
  const std::vector<std::string> lines = tidy_lines(output_of(command + shell_word(without_symbols(file)) + digits));
  return !lines.empty() ? lines : tidy_lines(output_of(command + shell_word(file) + digits));  // assembly
}

std::vector<std::string> tidy_lines(const std::string& answer) {
  std::vector<std::string> lines;
  std::istringstream text(answer);
  for (std::string line; std::getline(text, line);) {
    if (const std::string mark = " (inlined by) "; line.starts_with(mark)) line.erase(0, mark.size());
    if (const auto more = line.find(" (discriminator "); more != std::string::npos) line.erase(more);
    const std::string mark = " at ";
    const auto at = line.rfind(mark);
    if (line.starts_with("??") || at == std::string::npos) continue;
    const auto place = at + mark.size();
    // Files are named from the project's folder, or from the build folder, two below it.
    const std::string_view project = MICA_SOURCES "/";
    if (const auto up = line.rfind("/../"); up != std::string::npos && up > place) line.erase(place, up + 4 - place);
    if (line.compare(place, project.size(), project) == 0) line.erase(place, project.size());
    if (line.compare(place, 2, "??") == 0) line.erase(at);
    lines.push_back(line);
  }
  return lines;
}

}  // namespace symbolize
