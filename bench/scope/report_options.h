// SPDX-License-Identifier: MIT
// The command line of scope_report, the program that makes reports of a record.
#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "machine_model.h"

namespace scope {

inline constexpr const char* report_usage =
    "use: scope_report RECORD [OPTION]...\n"
    "  --check          only look at the options\n"
    "  --suite=NAME     what was measured, for titles\n"
    "  --rows=FILE      lines \"ID ROW\": what the windows measure\n"
    "  --symbols=FILE   output of `nm -C`\n"
    "  --image=ELF      an image with DWARF, for source lines; may be given several times\n"
    "  --window=ID      only this window; may be given several times\n"
    "  --json=FILE --text=FILE --html=FILE --table=FILE   what to write; - is stdout\n"
    "  --l1i=SIZE,WAYS,LINE --l1d=... --l2=...            caches of the model\n"
    "  --itlb=ENTRIES,WAYS --dtlb=... --stlb=...          its translation buffers\n"
    "  --global=kernel|none   do kernel translations survive a CR3 write?\n";

struct ReportOptions {
  std::string record, suite, rows, symbols, json, text, html, table;
  bool check = false;
  std::vector<std::string> images;
  std::set<std::uint32_t> windows;
  MachineOptions machine;
};

// An empty text, or what is wrong with the arguments.
[[nodiscard]] std::string parse(ReportOptions& options, std::span<const std::string> arguments);

}  // namespace scope
