// SPDX-License-Identifier: MIT
// The report of a task that has come to grief, in lines that `./mica symbolize` turns into
// functions and lines of source:
//
//   crash: TASK (program PROGRAM) thread ID: CAUSE at IP, address ADDRESS
//   crash:   frame IP
#pragma once

#include "task.h"

namespace root {

struct CrashSite {
  l4::ThreadId thread;
  Word ip, sp, address;
};

void report_crash(const Task& task, std::string_view cause, const CrashSite& site);

}  // namespace root
