// SPDX-License-Identifier: MIT
// The strings of a message (X.2 manual, chapter 5.3 and 5.5): from where the string
// items of the sender's message registers point to where those of the receiver's
// buffer registers point.
//
// A string, like a buffer, is a chain of descriptors, each with a length and up to
// 32 pointers to pieces of that length. The two chains need not be cut alike: bytes
// go from piece to piece, as much at a time as both have left in their pages.
#pragma once

#include "budget.h"
#include "mapping.h"

namespace mica {

struct Thread;

// How far a message's typed items are. All zero: at the beginning.
struct ItemProgress {
  u64 from_offset, to_offset;  // bytes done of the present pieces
  u64 copied;                  // bytes done of the present string
  u8 stage;                    // message_transfer.cc
  u8 item;                     // message register of the present item or descriptor; 0: none yet
  u8 piece;                    // its pointer, from 0
  u8 buffer;                   // buffer register of the present descriptor; 0: none yet
  u8 buffer_piece;             // its pointer
  u8 buffer_head;              // of the descriptor that begins the present buffer
  u8 partner_times : 1;        // the receiver's transfer timeout is the earlier one
  u8 time_is_over : 1;         // it has been reached
  u8 around_fault;             // 1: of its items only what is near the receiver's page fault
};
static_assert(sizeof(ItemProgress) == 32);

struct CopyStep {
  enum class Kind : u8 {
    more, done,
    overflow,          // no buffer, or no room left in it
    sender_fault,      // `address` is not there to be read
    receiver_fault,    // `address` is not there to be written
    out_of_reach,      // no pager could help: beyond the user area, or not RAM
  } kind;
  Address address = 0;
};

// One string of one piece into one piece, each in one page, which is there. False: it
// is not that case, and nothing has been done.
[[nodiscard]] bool copy_plain(Thread& sender, Thread& receiver, TypedItem item, Address from);

// Copies on until the budget is used up.
CopyStep copy_strings(Thread& sender, Thread& receiver, ItemProgress& how_far, Budget& budget);

}  // namespace mica
