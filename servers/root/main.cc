// SPDX-License-Identifier: MIT
// The root server: makes a system out of a manifest and programs of the boot archive.
//
// Owns: all tasks and threads (it alone may call ThreadControl and SpaceControl), all memory
// and I/O ports that sigma0 has, the names of services, and the log.
// Serves: mica::Root (include/mica/root.h) to every task, within the quotas that the manifest
// sets; the page faults of threads whose pager it is, with the pages of their program.
// Trusts: the kernel, sigma0, the boot loader and the manifest. What a task asks for and may
// not have is refused with an error; a task that faults outside its image or raises an
// exception is reported, ended and, if the manifest says so, started again. It never
// waits for a task: what it sends is taken at once or lost.
#include <mica/server.h>
#include <runtime/program.h>

#include "boot.h"
#include "log.h"
#include "service.h"
#include "system_page.h"

namespace root {

constinit Log log;

}  // namespace root

namespace {

constinit root::Service service;
constinit mica::Loop<root::Service> loop;

}  // namespace

int main() {
  root::log.begin(runtime::write_text);
  root::report("root: Mica's root server\n");
  if (!root::read_boot_archive()) return 1;
  if (!root::memory.init() || !root::make_system_page()) {
    root::report("root: there is no memory\n");
    return 1;
  }
  (void)runtime::claim_ports(0, 16);
  (void)L4_Sigma0_Exclude(runtime::sigma0(), root::Tasks::first_index * mica::threads_per_task);
  const unsigned failures = root::supervision.start_all(root::boot_manifest());
  bool heartbeats = false;
  for (const root::TaskSpec& task : root::boot_manifest().tasks) heartbeats = heartbeats || task.heartbeat != 0;
  if (heartbeats && !service.start_pulse()) {
    root::report("root: the kernel has no room for the thread that sends heartbeats\n");
    return 1;
  }
  if (failures != 0) root::supervision.stop(true);
  loop.run(service);
}
