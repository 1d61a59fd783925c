// SPDX-License-Identifier: MIT
#include "crash.h"

#include <runtime/crash_report.h>

#include "log.h"

namespace root {

void report_crash(const Task& task, std::string_view cause, const CrashSite& site) {
  const auto write = [](std::string_view format, const auto&... values) { report(format, values...); };
  const auto look = [&task](Word address) {
    const Address at = task.look(address);
    return at == 0 ? nullptr : reinterpret_cast<const unsigned char*>(at);
  };
  const auto is_code = [&task](Word address) { return task.is_code(address); };
  runtime::write_crash({task.name(), task.spec().program, site.thread.number(), cause, site.ip, site.sp, site.address},
                       write, look, is_code);
}

}  // namespace root
