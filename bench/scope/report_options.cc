// SPDX-License-Identifier: MIT
#include "report_options.h"

#include "numbers.h"

namespace scope {

namespace {

std::string* text_option(ReportOptions& options, const std::string& name) {
  if (name == "suite") return &options.suite;
  if (name == "rows") return &options.rows;
  if (name == "symbols") return &options.symbols;
  if (name == "json") return &options.json;
  if (name == "text") return &options.text;
  if (name == "html") return &options.html;
  if (name == "table") return &options.table;
  return nullptr;
}

std::string set(ReportOptions& options, const std::string& name, const std::string& value) {
  if (value.empty()) return "it needs a value";
  if (std::string* const text = text_option(options, name)) {
    *text = value;
  } else if (name == "image") {
    options.images.push_back(value);
  } else if (name == "window") {
    const auto id = parse_number(value);
    if (!id || *id > 0xffff) return "it needs the id of a window";
    options.windows.insert(static_cast<std::uint32_t>(*id));
  } else {
    return set_option(options.machine, name, value);
  }
  return "";
}

}  // namespace

std::string parse(ReportOptions& options, std::span<const std::string> arguments) {
  for (const std::string& argument : arguments) {
    if (!argument.starts_with("--")) {
      if (!options.record.empty()) return "what is '" + argument + "'?";
      options.record = argument;
      continue;
    }
    if (argument == "--check") {
      options.check = true;
      continue;
    }
    const std::size_t equals = std::min(argument.find('='), argument.size());
    const std::string value = equals == argument.size() ? "" : argument.substr(equals + 1);
    const std::string error = set(options, argument.substr(2, equals - 2), value);
    if (!error.empty()) return argument + ": " + error;
  }
  return options.record.empty() && !options.check ? "which record?" : "";
}

}  // namespace scope
