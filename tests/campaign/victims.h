// SPDX-License-Identifier: MIT
// The servers that the campaign puts faults into, and for each a request whose answer can be
// checked.
#pragma once

#include <mica/connection.h>

namespace campaign {

using mica::Error;
using mica::Word;

// How long a probe waits for an answer: one that is wrong or does not come is as bad as none.
inline constexpr Word patience = 20'000;  // microseconds

enum class Answer {
  good,
  none,   // an error, or nothing in time
  wrong,  // something else than the service promises
};

struct Victim {
  const char* task;                    // its name in the manifest
  const char* service;                 // its name in the name service
  Answer (*probe)(l4::ThreadId server, Word n);
};

std::span<const Victim> victims();

}  // namespace campaign
