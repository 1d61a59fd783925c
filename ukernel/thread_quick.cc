// SPDX-License-Identifier: MIT
// ThreadControl's most frequent uses, without the general case's detours.
#include "calls.h"
#include "kip.h"
#include "lifecycle.h"

namespace mica {

bool quick_thread_control(u64 dest, u64 pager, u64 scheduler, u64 space, u64 utcb, const Thread& caller) {
  const u64 number = ThreadId{dest}.number(), first = user_base();
  // Among these numbers a local id is the only one that is no global id.
  if (!caller.space->privileged || (dest & 0x3f) == 0 || number - first >= max_threads - first) return false;
  Thread& t = tcb_array()[number];
  if (space == 0) return (pager | scheduler) == 0 && delete_inactive_thread(t);
  if (t.state != State::absent || pager != 0 || utcb != ~u64{0} || space == dest) return false;
  const Thread* const peer = find_thread(ThreadId{space});
  if (!peer || !peer->space) return false;
  if (scheduler != 0 && !find_thread(ThreadId{scheduler})) return false;
  return create_thread(ThreadId{dest}, *peer->space, ThreadId{scheduler}) != nullptr;
}

}  // namespace mica
