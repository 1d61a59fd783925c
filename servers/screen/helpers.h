// SPDX-License-Identifier: MIT
// The server's further threads: each waits for another server and hands what it gets to the
// first thread, which never waits for anybody. The log is written to it as any client's text.
#pragma once

#include <mica/root.h>

namespace screen {

// Labels of the messages about keys, whose words are one Text<400>.
inline constexpr long keys_label = 0x110, no_keys_label = 0x111;

// What is typed at the keyboard of that name. Comes back to it when it has ended and is there again.
void hand_over_keys(std::string_view keyboard);

// What the root server's log has and gets.
void hand_over_log();

}  // namespace screen
