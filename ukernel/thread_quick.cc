// SPDX-License-Identifier: MIT
// ThreadControl's most frequent uses, without the general case's detours.
#include "calls.h"
#include "kip.h"
#include "lifecycle.h"

namespace mica {

u64 quick_thread_control(u64 dest, u64 pager, u64 scheduler, u64 space, u64 utcb, const Thread& caller) {
  const u64 number = ThreadId{dest}.number(), first = user_base();
  // Among these numbers a local id is the only one that is no global id.
  if (!caller.space->privileged || (dest & 0x3f) == 0 || number < first || number >= max_threads)
    return 0;
  Thread& t = tcb_array()[number];
  if (space == 0) return (pager | scheduler) == 0 && (delete_inactive_thread(t) || delete_waiting_thread(t));
  if (t.state != State::absent || space == dest) return 0;
  const Thread* const peer = find_thread(ThreadId{space});
  if (!peer || !peer->space) return 0;
  if (scheduler != 0 && scheduler != caller.id.raw && !find_thread(ThreadId{scheduler})) return 0;
  if (pager != 0)
    return (pager & 0x3f) != 0 && is_free_utcb(*peer->space, utcb) &&
           create_active_thread(*peer->space, caller.regs) == CallError::none;
  return utcb == ~u64{0} && create_thread(ThreadId{dest}, *peer->space, ThreadId{scheduler});
}

}  // namespace mica
