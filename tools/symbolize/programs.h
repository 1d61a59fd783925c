// SPDX-License-Identifier: MIT
// The programs of a build: their files by name, their frames and source lines by binutils.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "frame_table.h"

namespace symbolize {

class Programs {
 public:
  // Folders to search, and files.
  explicit Programs(std::vector<std::string> places) : places_(std::move(places)) {}
  Programs(const Programs&) = delete;
  ~Programs();

  // The path of a program's file; empty if there is none.
  const std::string& find(const std::string& name);
  const FrameTable& frames(const std::string& file);
  // "function at file:line", and the same for each function that it was inlined into; empty if
  // nothing is known of the address.
  std::vector<std::string> lines(const std::string& file, Address address);

 private:
  const std::string& without_symbols(const std::string& file);

  std::vector<std::string> places_;
  std::map<std::string, std::string> found_;
  std::map<std::string, FrameTable> frames_;
  std::string folder_;                           // of the copies; empty: there are none yet
  std::map<std::string, std::string> copies_;
};

// What addr2line -Cfpi says of one address, with paths from the project's folder on.
std::vector<std::string> tidy_lines(const std::string& answer);

}  // namespace symbolize
