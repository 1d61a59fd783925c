// SPDX-License-Identifier: MIT
// Manifests for tests: parsed, with what is wrong as text.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "servers/root/manifest.h"

namespace mica::test {

struct Parsed {
  explicit Parsed(std::string text_) : text(std::move(text_)), manifest(std::make_unique<root::Manifest>()) {
    parse_manifest(text, *manifest, complaints);
  }
  // "LINE: TEXT" of each complaint.
  std::vector<std::string> faults() const {
    std::vector<std::string> list;
    for (const root::Complaint& c : complaints) list.push_back(std::to_string(c.line) + ": " + c.text);
    return list;
  }
  // Those that are not just about what all tasks need.
  std::string fault() const {
    for (const std::string& line : faults()) {
      if (!line.ends_with("has no program") && !line.ends_with("has no memory")) return line;
    }
    return "none";
  }
  const root::TaskSpec& task(std::size_t n = 0) const { return manifest->tasks[n]; }

  std::string text;
  std::unique_ptr<root::Manifest> manifest;
  root::Complaints complaints;
};

// A good task; `more` are further lines from the fourth on.
inline std::string good_task(const std::string& name = "a", const std::string& more = "") {
  return "task " + name + "\n  program a.elf\n  memory 64K\n" + more + "\n";
}
inline Parsed parse_task(const std::string& more) { return Parsed(good_task("a", more)); }

}  // namespace mica::test
