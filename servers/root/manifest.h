// SPDX-License-Identifier: MIT
// The manifest: which tasks a system has, and what each may have and do. The text format is
// described in docs/manual/manifest.md. Parsed without allocation; names refer to the text.
//
// manifest.cc reads one line after the other, manifest_words.h single words;
// manifest_rules.cc looks at what the tasks' properties mean for each other.
#pragma once

#include "complaint.h"

namespace root {

struct Region {  // ports, or bytes of physical memory
  Word first = 0, size = 0;
  unsigned where = 0;  // its line in the manifest
  // Are all `count` from `from` on in it, count at least 1? Neither sum can overflow.
  constexpr bool contains(Word from, Word count) const {
    return from >= first && from - first < size && count <= size - (from - first);
  }
};

struct Interrupt {
  Word number = 0;      // of the line, as interrupt messages have it
  bool shared = false;  // other tasks may be given it too
  unsigned where = 0;
};

struct RestartPolicy {
  bool always = false;
  Word limit = 0;   // at most so many restarts (1 .. 8) …
  Word window = 0;  // … in so many microseconds; limit 0: any number
};

// All zeros while nobody has read it: the root server's tables of these take no room in its file.
struct TaskSpec {
  unsigned line = 0;
  std::string_view name, program, arguments;
  Word priority = 0;
  Word memory = 0;  // bytes it may hold, image included
  Word dma = 0;     // bytes of that which may be physically contiguous blocks of its choice
  Word threads = 0;
  Word tasks = 0;  // that it may have spawned at a time
  // Physical memory from here on is none: a device that begins here is the framebuffer, wherever that is.
  static constexpr Word framebuffer_place = Word{1} << 46;

  mica::FixedVector<Region, 8> ports, devices;
  mica::FixedVector<Interrupt, 4> interrupts;
  Word message_interrupts = 0;
  mica::FixedVector<std::string_view, 4> provides;
  mica::FixedVector<std::string_view, 16> uses;
  RestartPolicy restart;
  Word heartbeat = 0;  // microseconds, 0: none
  bool essential = false;     // the system ends with it
  bool holds_memory = false;  // its blocks are kept for its next incarnation
  bool privileged = false;    // may control all tasks
  bool may_inject = false;    // and put faults into them
};

struct Manifest {
  static constexpr std::size_t max_provided = 64;  // names, of all tasks

  std::string_view text;
  std::string_view system;  // its name; empty if it has none
  Word memory = 0;          // bytes that all tasks together may hold, 0: nobody has said
  mica::FixedVector<TaskSpec, 32> tasks;

  // The line of a view into the text.
  unsigned line_of(std::string_view part) const;
};

// Reads all of the text, whatever is wrong with it. Only a manifest without complaints means
// what somebody wanted.
void parse_manifest(std::string_view text, Manifest& manifest, Complaints& complaints);

}  // namespace root
