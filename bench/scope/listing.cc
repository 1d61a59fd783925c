// SPDX-License-Identifier: MIT
#include "listing.h"

#include <algorithm>
#include <unordered_set>

#include "numbers.h"

namespace scope {

namespace {

using Seen = std::unordered_set<std::uint64_t>;

bool is_first(Seen& seen, std::uint64_t address, unsigned bytes, unsigned bits) {
  bool first = false;
  for (const std::uint64_t block : blocks_of(address, bytes, bits)) first |= seen.insert(block).second;
  return first;
}

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.resize(width, ' ');
  return text;
}

std::string right(const std::string& text, std::size_t width, char filler = ' ') {
  return std::string(width - std::min(width, text.size()), filler) + text;
}

// "+store 8 ffffffff8000f000 (10f000)": a plus is the line's first touch.
std::string describe(const Access& access) {
  const Event& event = *access.event;
  std::string text = access.first ? " +" : " ";
  text += event.what == Event::load ? "load" : "store";
  text += " " + std::to_string(event.bytes) + " " + hex(event.address);
  if (event.device) return text + " (device)";
  return text + " (" + hex(event.physical) + ")";
}

}  // namespace

std::vector<Step> steps_of(const Report& report, const Analysis& window) {
  std::vector<Step> steps;
  Seen code_lines, code_pages, data_lines;
  for (const Event& event : window.events) {
    const Instruction& in = report.record.instructions[event.instruction];
    if (event.what == Event::execute) {
      Step& step = steps.emplace_back();
      step.instruction = &in;
      step.first_line = is_first(code_lines, in.address, in.size, line_bits);
      step.first_page = is_first(code_pages, in.address, in.size, page_bits);
    } else if (!steps.empty()) {
      const bool first = !event.device && is_first(data_lines, event.address, event.bytes, line_bits);
      steps.back().accesses.push_back({&event, first});
    }
  }
  return steps;
}

std::string listing(const Report& report, const Analysis& window) {
  std::string out;
  const char* const letters = "us ";
  unsigned number = 0;
  for (const Step& step : steps_of(report, window)) {
    const Instruction& in = *step.instruction;
    out += right(std::to_string(++number), 6);
    out += step.first_line ? " + " : "   ";
    out += letters[in.side];
    out += " " + right(hex(in.address), 16, '0') + " ";
    out += padded((in.kind == Kind::plain ? "" : "!") + in.text, 40) + " ";
    out += padded(place_of(in, report.symbols), 34);
    const auto line = report.lines.find(in.address);
    if (line != report.lines.end()) out += " " + line->second;
    for (const Access& access : step.accesses) out += describe(access);
    out += "\n";
  }
  return out + "\n";
}

}  // namespace scope
