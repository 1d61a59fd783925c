// SPDX-License-Identifier: MIT
// scope_report: makes of the plugin's record what people and programs read. Either all of
// the files that were asked for are written, or none and the status is not 0.
#include <cstdio>
#include <fstream>

#include "html.h"
#include "json.h"
#include "listing.h"
#include "output_file.h"
#include "report_options.h"
#include "table.h"

namespace {

using namespace scope;

// The page would be slow to open with more.
constexpr std::size_t most_page_steps = 3000;

int fail(const std::string& message) {
  std::fprintf(stderr, "scope: %s\n", message.c_str());
  return 1;
}

std::map<std::uint32_t, std::string> read_rows(const std::string& path) {
  std::map<std::uint32_t, std::string> rows;
  std::ifstream file(path);
  std::uint32_t id = 0;
  for (std::string row; file >> id >> row;) rows.emplace(id, row);
  return rows;
}

// Why there is nothing to report; empty if there is something.
std::string what_is_missing(const Record& record, const ReportOptions& options) {
  const auto passes = [](std::uint64_t n) { return std::to_string(n) + (n == 1 ? " time" : " times"); };
  if (record.windows.empty() && !record.begin.empty()) {
    const std::string hint =
        record.begin_passes == 0 ? "; does the image boot, and is that where it runs?" : "";
    return "no window: the mark begin (" + record.begin + ") was passed " + passes(record.begin_passes) +
           ", the mark end (" + record.end + ") after it never (" + passes(record.end_passes) + " in all)" +
           hint;
  }
  if (record.windows.empty()) return "no window: the guest has executed no pair of marks (bench/lib/mark.h)";
  for (const std::uint32_t id : options.windows) {
    if (record.windows.contains(id)) continue;
    std::string there;
    for (const auto& [other, window] : record.windows) there += " " + std::to_string(other);
    return "the mark of window " + std::to_string(id) + " never occurred; there are:" + there;
  }
  return "";
}

std::string all_details(const Report& report, bool with_listing) {
  std::string out;
  for (const Analysis& window : report.windows) {
    out += details(report, window);
    if (with_listing) out += "\n" + listing(report, window);
    out += "\n";
  }
  return out;
}

std::vector<OutputFile> files_of(const Report& report, const ReportOptions& options) {
  std::vector<OutputFile> files;
  if (!options.json.empty()) files.push_back({options.json, json_lines(report)});
  if (!options.text.empty()) files.push_back({options.text, all_details(report, true)});
  if (!options.html.empty()) {
    const std::string title = report.suite.empty() ? "microscope" : "microscope: " + report.suite;
    files.push_back({options.html, fill_page(page_template(), title, page_data(report, most_page_steps))});
  }
  if (!options.table.empty()) {
    const bool one = report.windows.size() == 1;
    files.push_back({options.table, one ? all_details(report, false) : overview(report)});
  }
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  ReportOptions options;
  if (const std::string error = parse(options, arguments); !error.empty()) {
    std::fprintf(stderr, "scope: %s\n%s", error.c_str(), report_usage);
    return 2;
  }
  if (options.check) return 0;
  Report report;
  report.suite = options.suite;
  report.machine = options.machine;
  report.rows = read_rows(options.rows);
  if (const std::string error = load(report.record, options.record); !error.empty()) return fail(error);
  if (!options.symbols.empty() && !report.symbols.read(options.symbols)) {
    return fail(options.symbols + ": cannot read the symbols");
  }
  if (const std::string missing = what_is_missing(report.record, options); !missing.empty())
    return fail(missing);
  for (const auto& [id, window] : report.record.windows) {
    if (options.windows.empty() || options.windows.contains(id))
      report.windows.push_back(analyse(report, id));
  }
  report.lines = source_lines(options.images, shown_addresses(report));
  const std::string failed = write_all(files_of(report, options));
  return failed.empty() ? 0 : fail(failed);
}
