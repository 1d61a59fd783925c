// SPDX-License-Identifier: MIT
// The manifest: which tasks a system has, and what each may have and do. The text format is
// described in docs/manual/manifest.md. Parsed without allocation; names refer to the text.
#pragma once

#include <cstdint>
#include <string_view>

#include <ukernel/boot/fixed_vector.h>

namespace root {

using Word = unsigned long;

struct Region {  // ports, or bytes of physical memory
  Word first = 0, size = 0;
};

struct RestartPolicy {
  bool always = false;
  Word limit = 0;   // at most so many restarts (1 .. 8) …
  Word window = 0;  // … in so many microseconds; limit 0: any number
};

struct TaskSpec {
  unsigned line = 0;
  std::string_view name, program, arguments;
  Word priority = 100;
  Word memory = 0;  // bytes it may hold, image included
  Word dma = 0;     // bytes of that which may be physically contiguous blocks of its choice
  Word threads = 1;
  Word tasks = 0;   // that it may have spawned at a time
  mica::FixedVector<Region, 8> ports, devices;
  mica::FixedVector<Word, 4> interrupts;
  Word message_interrupts = 0;
  mica::FixedVector<std::string_view, 4> provides;
  mica::FixedVector<std::string_view, 16> uses;
  RestartPolicy restart;
  Word heartbeat = 0;         // microseconds, 0: none
  bool essential = false;     // the system ends with it
  bool holds_memory = false;  // its blocks are kept for its next incarnation
  bool privileged = false;    // may control all tasks
};

struct Manifest {
  std::string_view system;
  mica::FixedVector<TaskSpec, 32> tasks;
};

// What is wrong with a manifest.
struct Complaint {
  unsigned line;
  char text[120];
};
using Complaints = mica::FixedVector<Complaint, 16>;

// Reads all of the text; what is wrong goes to `complaints`, the first sixteen at least.
void parse_manifest(std::string_view text, Manifest& manifest, Complaints& complaints);

}  // namespace root
