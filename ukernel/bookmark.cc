// SPDX-License-Identifier: MIT
#include "bookmark.h"

#include "assertion.h"
#include "mapping_tree.h"

namespace mica {

constinit u32 bookmarks_in_use = 0;

namespace {

constexpr unsigned count = 32;

struct Bookmarks {
  Mapping node[count];
  const void* owner[count];  // null: free, and in no list
  Mapping* top[count];       // in whose run; null: that one has gone
  u8 flags[count];           // that `top` has for it
};
static_assert(sizeof(Bookmarks) <= page_size);

// Where links reach.
constinit Bookmarks* marks = nullptr;
constinit unsigned next_victim = 0;

void release(unsigned i) {
  Mapping& node = marks->node[i];
  join(node.prev, node.next);
  marks->owner[i] = nullptr;
  --bookmarks_in_use;
  Mapping* const top = marks->top[i];
  if (!top) return;
  u8 flags = 0;
  for (unsigned k = 0; k < count; ++k)
    if (marks->owner[k] && marks->top[k] == top) flags |= marks->flags[k];
  top->flags = flags;
}

unsigned find(const void* owner) {
  unsigned i = 0;
  while (i < count && marks->owner[i] != owner) ++i;
  return i;
}

}  // namespace

bool make_bookmarks() {
  marks = static_cast<Bookmarks*>(frame_store.take(0));
  if (!marks) return false;
  fill_words(marks, 0, page_size / sizeof(u64));
  bookmarks_in_use = 0;
  return true;
}

Mapping* take_up(const void* owner, Mapping* top) {
  const unsigned i = find(owner);
  if (i == count) return top;
  Mapping* const before = marks->top[i] == top ? mapping_at(marks->node[i].prev) : top;
  release(i);
  return before;
}

void leave_off(const void* owner, Mapping* top, Mapping* last, u8 flags) {
  MICA_ASSERT(find(owner) == count);
  unsigned i = find(nullptr);
  if (i == count) {
    i = next_victim++ % count;
    release(i);
  }
  ++bookmarks_in_use;
  Mapping& node = marks->node[i];
  node = {.next = last->next, .prev = to_link(last), .depth = ~u32{0}, .flags = Mapping::bookmark};
  if (last->next != 0) mapping_at(last->next)->prev = to_link(&node);
  last->next = to_link(&node);
  marks->owner[i] = owner;
  marks->top[i] = top;
  marks->flags[i] = flags;
  top->flags |= flags;
}

void drop_bookmark(const void* owner) {
  if (const unsigned i = find(owner); i != count) release(i);
}

void forget_bookmarks_of(Mapping* top) {
  for (unsigned i = 0; i < count; ++i)
    if (marks->owner[i] && marks->top[i] == top) marks->top[i] = nullptr;
}

}  // namespace mica
