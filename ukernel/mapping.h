// SPDX-License-Identifier: MIT
// The mapping database (X.2 manual, chapter 4: map, grant, unmap).
//
// All mappings of a frame (or a port) form one tree; its root is sigma0's. The
// tree is kept as a list in preorder with each node's depth, so that
//
//      sigma0 0x5000                     depth 0
//      +- A 0x8000                       depth 4        the subtree of a node is
//      |  +- B 0x1000                    depth 8        the run of deeper nodes
//      |  +- C 0x9000                    depth 8        that follows it
//      +- D 0x5000                       depth 4
//
// and revoking costs a constant per mapping removed: leaves first, so that whoever
// is left always has the one it was derived from, wherever it is interrupted. A
// page-table entry leads to its node (Slot::link), a node to its entry; a new node
// follows its parent.
//
// Sizes. A node is one entry of 4 KiB, 2 MiB or 1 GiB, and what is derived from it
// may be smaller. Before a part of a page goes somewhere, the page is split, if
// nothing is derived from it yet; taking a part away takes all that is derived from
// the page, and splits it then. sigma0's pages are as large as can be and never split.
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
//
// Long operations go step by step (work.h). Between two steps everybody may change
// everything, the mappings in question included.
#pragma once

#include "budget.h"
#include "page_table.h"

namespace mica {

struct Space;

// Node links are distances from the kernel's map of physical memory in units of
// 32 bytes: four bytes reach 128 GiB.
struct Mapping {
  // `closing`: all that is derived from it is being revoked. `leaving`: it is being
  // granted, and what is derived from it follows. `watched`: a bookmark is in its run.
  // `bookmark`: no mapping, but somebody's place in the list (bookmark.h).
  enum Flag : u8 { closing = 1, leaving = 2, watched = 4, bookmark = 8 };

  u32 next = 0, prev = 0;  // preorder list, 0 = end
  u32 parent = 0;          // 0 = root
  u32 space = 0;           // the space that holds the mapping
  u32 depth = 0;
  u8 ports = 0;   // 1: an I/O port, 0: memory
  u8 flags = 0;
  u8 status = 0;  // marks from below that its holder has not asked for yet
  u8 reserved = 0;
  u64* leaf = nullptr;  // the entry; its table knows the page's number

  bool is_bookmark() const { return (flags & bookmark) != 0; }
};
static_assert(sizeof(Mapping) == 32);

// --- Map and grant -----------------------------------------------------------------

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

// The items of one message: prepare() for each in order, over and over until it
// is done; then carry_out() for each in order; and in any case, also when the
// message is given up in between, finish().

// How far that is. All zero: at the beginning. Kept with the message.
struct MapTransfer {
  u64 page;  // of the present item, counted from its first one
  u32 promised : 31;  // pairs of frames that are set aside for it
  u32 clears : 1;     // what stands at the page's target is being revoked
  u32 to_tables, to_mappings, from_tables, from_mappings;  // what it may take
  u32 earlier;  // inside one space: to_mappings of the items before
};
static_assert(sizeof(MapTransfer) == 32);

enum class MapStep : u8 { more, done, no_memory };

// Makes sure that the item will find the kernel memory that it needs.
[[nodiscard]] MapStep prepare(Space& from, Space& to, Fpage window, const MapItem& item, MapTransfer& how_far,
                              Budget& budget);
// Moves the item's pages. Those that cannot be moved are left out: absent ones, ones
// without a common right, the kernel's own on either side, ones that are just being
// revoked, and what would be derived through more than max_generations mappings.
[[nodiscard]] MapStep carry_out(Space& from, Space& to, Fpage window, const MapItem& item,
                                MapTransfer& how_far, Budget& budget);
// Gives back what was set aside and not needed.
void finish(MapTransfer& how_far);

inline constexpr u32 max_generations = 75;

// One page of 4 KiB that needs nothing of that: absent in the target, its tables and a
// node for it there. False: it is not that case, and nothing has been done.
[[nodiscard]] bool transfer_plain(Space& from, Space& to, Fpage window, const MapItem& item);

// --- Unmap ---------------------------------------------------------------------------

// What happens to a mapping and those derived from it: rights go, or the memory type
// becomes another one.
struct MapChange {
  Rights taken;
  bool flush = false;            // to the own mapping as well
  bool sets_attribute = false;
  u64 attribute = 0;             // as the bits of a small page's entry
};

// How far that is with one flexpage. All zero: at the beginning.
struct UnmapProgress {
  u64 page;       // where it goes on, if not before the flexpage's first page
  u8 marks;       // what was found accessed
  u8 unused[7];
};
// Takes change.taken away from everything derived from the pages of `fpage` in
// `space`, with `flush` from these pages themselves too. All three rights (or
// all that a mapping has left) remove it. Once it is done, `accessed` is what was
// accessed since the last time: r and x when referenced, r and w when written.
Progress unmap_step(Space& space, Fpage fpage, const MapChange& change, UnmapProgress& how_far, Rights& accessed,
                    Budget& budget);
// It is given up in between.
void abandon(UnmapProgress& how_far);

// The same without flush, for one page of 4 KiB from which one other at most is
// derived; nothing: it is not that case, and nothing has been done.
[[nodiscard]] std::optional<Rights> unmap_plain(Space& space, Fpage fpage);

// --- The kernel's own use --------------------------------------------------------------

// Revokes all that a dying space holds, memory and ports, derived mappings
// included, and gives back its tables, its nodes and its bitmap of ports.
Progress release_mappings(Space& space, Budget& budget);

// Puts a page of the kernel's own (UTCB, KIP) at `address`, in place of what is there.
[[nodiscard]] MapStep place_fixed_page(Space& space, Address address, Phys frame, bool writable, Budget& budget);
// Its frame; nullopt: there is none of the kernel's own there, and nothing changes.
std::optional<Phys> remove_fixed_page(Space& space, Address address);

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

// --- Given by others -----------------------------------------------------------------

// Is this frame the kernel's (its image and memory, the devices that it drives)?
bool kernel_owns(Phys frame);
// Is the aligned block of a large page's size around the frame all RAM that the kernel
// reaches, or all not, without a frame of the kernel's; and does the CPU have the size?
bool is_one_block(Phys frame, unsigned level);
// Is it the first frame of such a block of 2 MiB, of RAM? (trace.h)
bool is_trace_block(Phys frame);
// The first address that is beyond what entries can hold.
Phys physical_end();
// A space's ports have changed (the copy that the CPU uses must follow if it is that
// space's).
void ports_changed(Space& space);

}  // namespace mica
