// SPDX-License-Identifier: MIT
// Files that are there when they are complete, and not before.
#pragma once

#include <string>
#include <vector>

namespace scope {

struct OutputFile {
  std::string path, content;  // the path "-" is the standard output
};

// Writes a neighbour of the file and renames it. False, with errno: neither is left.
[[nodiscard]] bool write_whole(const std::string& path, const std::string& content);

// All of them, or a text that says which could not be written. Nothing has its final name
// before everything is written.
[[nodiscard]] std::string write_all(const std::vector<OutputFile>& files);

}  // namespace scope
