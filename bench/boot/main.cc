// SPDX-License-Identifier: MIT
// A root task that says how long booting took: from the first instruction of the
// first stage, which notes the time-stamp counter in the boot information, to the
// first instruction of this program. What the firmware and the boot loader do before
// is a row of its own: the counter at the first stage's first instruction.
#include <l4/bootinfo.h>
#include <runtime/program.h>

#include "../lib/report.h"

extern "C" l4::Word bench_boot_time;

namespace {

// The record of ukernel/boot/boot_info.h that holds the first stage's time.
constexpr l4::Word start_time_type = 0x203;
struct StartTimeRecord {
  L4_BootRec_t head;
  l4::Word time_stamp;
};

l4::Word first_stage_time() {
  const l4::Word at = L4_BootInfo(L4_GetKernelInterface());
  const auto* const info = reinterpret_cast<const void*>(at);
  if (at == 0 || !runtime::claim_memory(at, at + sizeof(L4_BootHeader_t)) || !L4_BootInfo_Valid(info)) {
    runtime::panic("no boot information");
  }
  if (!runtime::claim_memory(at, at + L4_BootInfo_Size(info))) runtime::panic("boot information cut off");
  const L4_BootRec_t* record = L4_BootInfo_FirstEntry(info);
  for (l4::Word i = 0; i < L4_BootInfo_Entries(info); ++i, record = L4_BootRec_Next(record)) {
    if (L4_BootRec_Type(record) == start_time_type) {
      return reinterpret_cast<const StartTimeRecord*>(record)->time_stamp;
    }
  }
  runtime::panic("the first stage left no time");
}

void add(const char* name, l4::Word target, l4::Word ticks) {
  bench::Samples samples;
  samples.add(ticks, 1);
  bench::add_row({"boot", name, target}, 0, samples);
}

}  // namespace

int main() {
  const l4::Word start = first_stage_time();
  add("firmware-and-loader", 0, start);
  add("first-stage-to-root-task", 20'000'000, bench_boot_time - start);
  bench::print_report();
  return 0;
}
