// SPDX-License-Identifier: MIT
// The server's further threads: each waits for another server and hands what it gets to the
// first thread, which never waits for anybody.
#pragma once

#include <mica/root.h>

namespace screen {

// Labels of their messages, whose words are one Text<400>; no_keys has none.
inline constexpr long keys_label = 0x110, no_keys_label = 0x111, log_label = 0x112;

// What is typed at the keyboard of that name. Comes back to it when it has ended and is there again.
void hand_over_keys(std::string_view keyboard);

// What the root server's log has and gets.
void hand_over_log();

}  // namespace screen
