// SPDX-License-Identifier: MIT
#include "unwinder.h"

namespace symbolize {

// `behind`: the stack pointer in that frame, counted from that of the report.
void Unwinder::step(Address ip, Address behind) {
  const auto offset = table_->return_address_offset(ip);
  lost_ = !offset;
  if (offset) next_ = behind + *offset;
}

Unwinder::Verdict Unwinder::judge(const Frame& frame) {
  if (!frame.offset) {
    step(frame.address, 0);
    // A jump to where there is no code has just been a call.
    if (lost_) next_ = 0, lost_ = false;
    return Verdict::caller;
  }
  if (lost_) return Verdict::unknown;
  if (*frame.offset < *next_) return Verdict::stale;
  if (*frame.offset > *next_) {
    lost_ = true;
    return Verdict::unknown;
  }
  step(frame.address - 1, *frame.offset + 8);
  return Verdict::caller;
}

}  // namespace symbolize
