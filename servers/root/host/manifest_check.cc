// SPDX-License-Identifier: MIT
#include "manifest_check.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <stdexcept>
#include <vector>

#include "../programs.h"

namespace root::host {

namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<unsigned char>;

struct Failure : std::runtime_error {
  using runtime_error::runtime_error;
};

Bytes read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in || fs::is_directory(path)) throw Failure(path.string() + ": cannot be read");
  return {std::istreambuf_iterator<char>(in), {}};
}

// A folder or an archive with programs.
class Source {
 public:
  explicit Source(const std::string& path) : path_(path) {
    if (!fs::is_directory(path_)) bytes_ = read_file(path_);
  }

  const char* fault() const { return fs::is_directory(path_) ? nullptr : Archive(bytes_).check(); }

  std::optional<Bytes> find(std::string_view name) const {
    if (fs::is_directory(path_)) {
      const fs::path file = path_ / name;
      return fs::is_regular_file(file) ? std::optional(read_file(file)) : std::nullopt;
    }
    const auto file = Archive(bytes_).find(name);
    return file ? std::optional(Bytes(file->data.begin(), file->data.end())) : std::nullopt;
  }

 private:
  fs::path path_;
  Bytes bytes_;
};

std::optional<Bytes> find(const std::vector<Source>& sources, std::string_view name) {
  for (const Source& source : sources) {
    if (auto file = source.find(name)) return file;
  }
  return std::nullopt;
}

void print_programs(const Manifest& manifest, std::ostream& out) {
  std::set<std::string_view> printed;
  for (const TaskSpec& task : manifest.tasks) {
    if (printed.insert(task.program).second) out << task.program << '\n';
  }
}

int check(std::span<const std::string> files, bool programs_only, std::ostream& out, std::ostream& error) {
  const Bytes bytes = read_file(files[0]);
  const std::string text(bytes.begin(), bytes.end());
  const auto manifest = std::make_unique<Manifest>();
  Complaints complaints;
  parse_manifest(text, *manifest, complaints);

  std::vector<Source> sources;
  bool good = true;
  for (const std::string& path : files.subspan(1)) {
    sources.emplace_back(path);
    const char* const fault = sources.back().fault();
    if (fault == nullptr) continue;
    error << path << ": " << fault << '\n';
    good = false;
  }
  for (const TaskSpec& task : manifest->tasks) {
    if (sources.empty()) break;
    const auto file = find(sources, task.program);
    check_program(*manifest, task, file ? std::optional(std::span(*file)) : std::nullopt, complaints);
  }
  for (const Complaint& complaint : complaints) {
    error << files[0] << ':' << complaint.line << ": " << complaint.text << '\n';
  }
  if (complaints.full()) error << files[0] << ": more may be wrong\n";
  if (!complaints.empty() || !good) return 1;
  if (programs_only) print_programs(*manifest, out);
  return 0;
}

}  // namespace

int manifest_check(std::span<const std::string> arguments, std::ostream& out, std::ostream& error) {
  const bool programs_only = !arguments.empty() && arguments[0] == "--programs";
  if (programs_only) arguments = arguments.subspan(1);
  if (arguments.empty() || arguments[0].starts_with('-')) {
    error << "use: manifest_check [--programs] MANIFEST [FOLDER-or-ARCHIVE...]\n";
    return 2;
  }
  try {
    return check(arguments, programs_only, out, error);
  } catch (const std::exception& failure) {
    error << failure.what() << '\n';
    return 2;
  }
}

}  // namespace root::host
