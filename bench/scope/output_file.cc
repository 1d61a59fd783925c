// SPDX-License-Identifier: MIT
#include "output_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace scope {

namespace {

std::string neighbour(const std::string& path) { return path + ".part" + std::to_string(getpid()); }

bool write_neighbour(const std::string& path, const std::string& content) {
  const std::string part = neighbour(path);
  std::FILE* const file = std::fopen(part.c_str(), "wb");
  if (file == nullptr) return false;
  const bool written = std::fwrite(content.data(), 1, content.size(), file) == content.size();
  const int error = errno;
  if (std::fclose(file) == 0 && written) return true;
  if (!written) errno = error;
  return false;
}

bool rename_neighbour(const std::string& path) {
  return std::rename(neighbour(path).c_str(), path.c_str()) == 0;
}

void remove_neighbour(const std::string& path) {
  const int error = errno;
  std::remove(neighbour(path).c_str());
  errno = error;
}

}  // namespace

bool write_whole(const std::string& path, const std::string& content) {
  if (write_neighbour(path, content) && rename_neighbour(path)) return true;
  remove_neighbour(path);
  return false;
}

std::string write_all(const std::vector<OutputFile>& files) {
  std::string failed;
  for (const OutputFile& file : files) {
    if (file.path == "-" || write_neighbour(file.path, file.content)) continue;
    failed = file.path + ": " + std::strerror(errno);
    break;
  }
  for (const OutputFile& file : files) {
    if (file.path == "-") continue;
    if (failed.empty() && rename_neighbour(file.path)) continue;
    if (failed.empty()) failed = file.path + ": " + std::strerror(errno);
    remove_neighbour(file.path);
  }
  if (!failed.empty()) return failed;
  for (const OutputFile& file : files) {
    if (file.path == "-") std::fwrite(file.content.data(), 1, file.content.size(), stdout);
  }
  return "";
}

}  // namespace scope
