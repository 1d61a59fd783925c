// SPDX-License-Identifier: MIT
// What a task says to the one that started it, its pager. Two labels beside those
// of the kernel's own messages (l4/pagefault.h):
//
//   console_write  a call; 1 to 63 words of text, NULs are not printed.
//                  The reply is empty.
//   program_exit   a message; word 1 is the program's result, 0 for success.
//                  No reply; the program does nothing any more.
#pragma once

#include <string_view>

#include <l4/l4.hpp>

namespace runtime {

inline constexpr long console_write = 0x100;
inline constexpr long program_exit = 0x101;
inline constexpr unsigned console_bytes = 63 * 8;

// The client's side: at most console_bytes of text.
void console_call(l4::ThreadId console, std::string_view text);

// The server's side: the text of the console_write in `message`, which must have just arrived;
// valid until the next system call.
std::string_view take_console_text(const l4::Words& message);

// The same for a server that does nothing but print: prints the text of the console_write in `message`, which must
// have just arrived, and puts the answer there.
void serve_console(l4::Words& message);

}  // namespace runtime
