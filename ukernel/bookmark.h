// SPDX-License-Identifier: MIT
// Places in the lists of the mapping database. Whoever works on a long run and stops
// in the middle leaves a bookmark behind the last node that he is through with; nodes
// around it may come and go meanwhile. There are few: whoever finds none free takes
// somebody else's, who then begins that run again.
#pragma once

#include "mapping.h"

namespace mica {

extern constinit u32 bookmarks_in_use;

// At boot; false: out of memory.
[[nodiscard]] bool make_bookmarks();

// The node to go on after, in the run of `top`: where `owner` has left his bookmark,
// which is gone then, or `top` itself.
[[nodiscard]] Mapping* take_up(const void* owner, Mapping* top);
// Leaves a bookmark behind `last`. As long as it is there, `top` has these flags.
void leave_off(const void* owner, Mapping* top, Mapping* last, u8 flags = Mapping::watched);
// The owner's bookmark, if he still has one, is not needed any more.
void drop_bookmark(const void* owner);
// A watched node goes, and so does the meaning of the bookmarks in its run.
void forget_bookmarks_of(Mapping* top);

}  // namespace mica
