// SPDX-License-Identifier: MIT
// The mapping database (X.2 manual, chapter 4: map, grant, unmap).
//
// All mappings of a frame (or a port) form one tree; its root is sigma0's. The
// tree is kept as a list in preorder with each node's depth, so that
//
//      sigma0 0x5000                     depth 0
//      +- A 0x8000                       depth 1        the subtree of a node is
//      |  +- B 0x1000                    depth 2        the run of deeper nodes
//      |  +- C 0x9000                    depth 2        that follows it
//      +- D 0x5000                       depth 1
//
// and revoking costs a constant per mapping removed. A page-table entry leads to
// its node (Slot::link), a node to its entry; a new node follows its parent.
//
// Rights. An entry's rights are those that the source had and the sender gave.
// The hardware has no page without r: whoever gets w or x can read as well, and r
// goes only with the mapping. Without entry::no_execute, r includes x. A port is
// one right: any right given gives it, any right taken takes it.
//
// sigma0 holds every page and port that is not the kernel's, X at X. The entry and
// the root of the tree are made when somebody asks; a root is sigma0's for ever,
// so a grant by sigma0 maps.
//
// Accesses. The hardware marks entries. Whoever asks (unmap) gets the marks of
// what he asks about and resets them; they are then owed to the mappings above,
// and so are those of mappings that go: Mapping::status of the parent keeps them
// until somebody asks there.
#pragma once

#include "budget.h"
#include "page_table.h"

namespace mica {

struct Space;

// Node links are distances from the kernel's map of physical memory in units of
// 32 bytes: four bytes reach 128 GiB.
struct Mapping {
  u32 next = 0, prev = 0;  // preorder list, 0 = end
  u32 parent = 0;          // 0 = root
  u32 space = 0;           // the space that holds the mapping
  u32 depth = 0;
  u8 ports = 0;   // 1: an I/O port, 0: memory
  u8 order = 0;   // log2 of the size in pages (0 until large pages come)
  u8 status = 0;  // marks from below that its holder has not asked for yet
  u8 reserved = 0;
  u64* leaf = nullptr;  // the entry; its table knows the page's number
};
static_assert(sizeof(Mapping) == 32);

struct MapItem {
  Fpage send;
  u64 send_base = 0;
  bool grant = false;
};

// The pages, or ports, that an item moves after the cutting to the window.
struct MapRange {
  u64 source = 0, target = 0;  // numbers of the first ones
  u64 count = 0;
  bool ports = false;
};
MapRange cut_to_window(Fpage window, const MapItem& item);

// What a transfer will take at most, summed over the items of a message.
struct MapNeeds {
  u64 from_tables = 0, from_mappings = 0;
  u64 to_tables = 0, to_mappings = 0;
  u64 single_pages = 0;  // pages not looked at, as there is room for more than they can take
};

// Adds what `item` will need when mapped from `from` into `window` of `to`.
void count_needs(Space& from, Space& to, Fpage window, const MapItem& item, MapNeeds& needs);
// Is it there, for both pools together? Nothing changes; transfer() in the same
// kernel entry will not fail.
[[nodiscard]] bool reserve(Space& from, Space& to, const MapNeeds& needs);
// Carries the item out. Pages that cannot be moved are left out: absent ones,
// ones without a common right, the kernel's own on either side.
void transfer(Space& from, Space& to, Fpage window, const MapItem& item);

// --- Step by step (work.h) ---
//
// The items of one message: prepare() for each in order, over and over until it
// is done; then carry_out() for each in order; and in any case, also when the
// message is given up in between, finish(). Between two steps everybody may
// change everything, the two spaces' mappings included.

// How far that is. All zero: at the beginning. Kept with the message.
struct MapTransfer {
  u64 word[4];
};

enum class MapStep : u8 { more, done, no_memory };

// Makes sure that the item will find the kernel memory that it needs.
[[nodiscard]] MapStep prepare(Space& from, Space& to, Fpage window, const MapItem& item, MapTransfer& how_far,
                              Budget& budget);
// Moves the item's pages.
[[nodiscard]] MapStep carry_out(Space& from, Space& to, Fpage window, const MapItem& item,
                                MapTransfer& how_far, Budget& budget);
// Gives back what was set aside and not needed.
void finish(Space& from, Space& to, MapTransfer& how_far);

// How far Unmap is with one flexpage. All zero: at the beginning.
struct UnmapProgress {
  u64 word[2] = {};
};
// As unmap(); the rights are in `accessed` once it is done.
Progress unmap_step(Space& space, Fpage fpage, bool flush, UnmapProgress& how_far, Rights& accessed,
                    Budget& budget);
// As unmap_everything().
Progress unmap_everything_step(Space& space, Budget& budget);
// As place_fixed_page(); what stands at the address may have many derived from it.
[[nodiscard]] MapStep place_fixed_page_step(Space& space, Address address, Phys frame, bool writable,
                                            Budget& budget);

// The same, when nothing has to be counted and reserved for it: one page for the
// complete window, absent in the target, its tables and a node for it there.
// False: it is not that case, and nothing has been done.
[[nodiscard]] bool transfer_plain(Space& from, Space& to, Fpage window, const MapItem& item);

// Takes fpage.rights() away from everything derived from the pages of `fpage` in
// `space`, with `flush` from these pages themselves too. All three rights (or
// all that a mapping has left) remove it. Returns what was accessed since the
// last call: r and x when referenced, r and w when written.
Rights unmap(Space& space, Fpage fpage, bool flush);

// The same without flush, for one page from which one other at most is derived;
// nothing: it is not that case, and nothing has been done.
[[nodiscard]] std::optional<Rights> unmap_plain(Space& space, Fpage fpage);

// Revokes all that a dying space holds, memory and ports, derived mappings
// included, and gives its bitmap of ports back.
void unmap_everything(Space& space);

// Puts a page of the kernel's own (UTCB, KIP) at `address`, in place of what is
// there; false: out of memory.
[[nodiscard]] bool place_fixed_page(Space& space, Address address, Phys frame, bool writable);
void remove_fixed_page(Space& space, Address address);

// The identity mapping that sigma0's own page faults get; false: the page is the
// kernel's, beyond the user area, or out of memory.
[[nodiscard]] bool map_identity(Space& sigma0, Address address);
// The same for a port.
[[nodiscard]] bool map_identity_port(Space& sigma0, u64 port);

// For the kernel's reading of user memory: walks as the CPU would for a user's
// access with `rights` (read, write or execute), sets accessed and dirty bits.
// Nothing for a device's frame, which the kernel's map of RAM does not reach.
std::optional<Phys> translate(Space& space, Address address, Rights rights);
// Is there a page that the kernel cannot reach?
bool is_device_page(Space& space, Address address);

// Given by others: is this frame the kernel's (its image and memory, the devices
// that it drives), and a space's ports have changed (the copy that the CPU uses
// must follow if it is that space's).
bool kernel_owns(Phys frame);
void ports_changed(Space& space);

}  // namespace mica
