// SPDX-License-Identifier: MIT
// Who is attacked: a line for each shipped server, in targets.cc.
#pragma once

#include <string_view>

#include "shapes.h"

namespace interfaces {

struct Target {
  std::string_view task;          // of the manifest
  long id;                        // of its interface
  std::span<const Shape> shapes;  // its operations
  // Does a client that behaves well get the right answers?
  bool (*serves)(l4::ThreadId server);
  // Its thread that serves.
  unsigned thread = 0;
};

std::span<const Target> targets();

// The thread of a target; nil: its task does not run.
l4::ThreadId server_of(const Target& target);
l4::ThreadId thread_of(std::string_view task, unsigned thread);

}  // namespace interfaces
