// SPDX-License-Identifier: MIT
// The shell's terminal: what it prints goes there.
#pragma once

#include <mica/connection.h>
#include <mica/terminal.h>
#include <runtime/print.h>

namespace shell {

extern mica::Connection<mica::Terminal> terminal;

void show(std::string_view text);

template <typename... T>
void say(std::string_view format, const T&... values) {
  runtime::Output out(show);
  runtime::print_to(out, format, values...);
}

// What a command that needs the root server got instead of a result.
inline void say_error(std::string_view what, mica::Error error) { say("{}: {}\n", what, mica::text(error)); }

}  // namespace shell
