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
  const char* name;                    // in the manifest, and in the name service
  Answer (*probe)(l4::ThreadId server, Word n);
  const char* needs = nullptr;         // the victim with whose end this one may end
};

std::span<const Victim> victims();
inline constexpr unsigned most_victims = 16;

// How often the machine's clock had to be set, as its driver had spoilt it.
Word times_clock_was_set();

// Before the first fault: sees what answers are compared with. Null, or what is missing.
const char* begin_victims();

}  // namespace campaign
