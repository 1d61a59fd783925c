// SPDX-License-Identifier: MIT
#include "plugin_options.h"

#include "numbers.h"

namespace scope {

namespace {

constexpr std::uint64_t page_mask = ~std::uint64_t{0xfff};

bool set_kernel(PluginOptions& options, const std::string& value) {
  const std::size_t dash = value.find('-');
  const auto low = parse_number(value.substr(0, dash));
  const auto high = dash == std::string::npos ? options.kernel_high : parse_number(value.substr(dash + 1));
  if (!low || !high || *low > *high) return false;
  options.kernel_low = *low;
  options.kernel_high = *high;
  return true;
}

bool set(PluginOptions& options, const std::string& name, const std::string& value) {
  const auto number = parse_number(value);
  if (value.empty()) return false;
  if (name == "record") options.record = value;
  else if (name == "waits") options.waits = value;
  else if (name == "begin") options.begin_text = value;
  else if (name == "end") options.end_text = value;
  else if (name == "symbols") return options.symbols.read(value);
  else if (name == "kernel") return set_kernel(options, value);
  else if (name == "times" && number) options.times = *number;
  else if (name == "stub" && number) options.stub_page = *number & page_mask;
  else return false;
  return true;
}

}  // namespace

Side PluginOptions::side_of(std::uint64_t address) const {
  if (stub_page != 0 && (address & page_mask) == stub_page) return stub;
  return address >= kernel_low && address <= kernel_high ? kernel : user;
}

std::string parse(PluginOptions& options, std::span<const std::string> arguments) {
  for (const std::string& argument : arguments) {
    const std::size_t equals = argument.find('=');
    const std::string value = equals == std::string::npos ? "" : argument.substr(equals + 1);
    if (!set(options, argument.substr(0, equals), value)) return "cannot use the option '" + argument + "'";
  }
  if (options.record.empty() == options.waits.empty()) return "needs record=FILE or waits=FILE";
  if (options.begin_text.empty() != options.end_text.empty()) return "begin= and end= belong together";
  if (options.begin_text.empty()) return "";
  std::string error;
  options.begin = resolve(options.symbols, options.begin_text, error);
  if (error.empty()) options.end = resolve(options.symbols, options.end_text, error);
  return error;
}

}  // namespace scope
