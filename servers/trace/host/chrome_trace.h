// SPDX-License-Identifier: MIT
// What `trace dump` prints (servers/shell/trace.cc), as the JSON that Chrome and Perfetto show.
#pragma once

#include <iosfwd>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace trace_export {

struct BadDump : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Reads a serial line's text, of which only lines with @ count; one track a thread: when it ran,
// was ready or waited, and for whom; arrows for messages; faults, exceptions, interrupts, calls and
// errors as marks. Throws BadDump: no dump, or not a whole one.
nlohmann::json chrome_trace(std::istream& text);

}  // namespace trace_export
