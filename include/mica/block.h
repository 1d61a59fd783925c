// SPDX-License-Identifier: MIT
// A disk: blocks of 512 bytes that are read, written and flushed. Data moves between the device
// and a buffer, memory that client and driver share and that nobody copies: a dataspace of the
// pager `pinned`, which the client has mapped where it likes (block_client.h does all this).
//
// A write that was answered is not lost when the driver ends; it may be when the machine loses
// power before a flush was answered. Requests of several threads are under way at the same time and
// are done in any order: who needs one waits for the answer of the first. A driver that ends
// takes its buffers' numbers along; the memory stays the client's until it closes its handle.
//
// Common errors beside those named: device (there is no disk, or it reports an error),
// bad_argument, not_found (no such buffer of the caller's task), bad_message.
#pragma once

#include "rpc.h"

namespace mica {

struct DiskInfo {
  Word sectors;   // of 512 bytes
  Word writable;  // 1, or 0
  Word restarts;  // of the device, because of what it did, since the driver runs
};

struct DiskBuffer {
  Word number;  // what requests name
  Word handle;  // the caller's, of the dataspace at the pager `pinned`
};

struct Block {
  static constexpr long id = 0x31;
  static constexpr Word sector_bytes = 512;

  using info = Operation<Block, 0, DiskInfo()>;
  // A buffer of so many bytes, 1 .. 4 MiB, filled with zeros. Errors: no_room (a task has at
  // most 4), no_memory (of the pager).
  using buffer = Operation<Block, 1, DiskBuffer(Word bytes)>;
  // The driver forgets the buffer, when its requests are done.
  using drop = Operation<Block, 2, void(Word number)>;
  // Between so many sectors (at least 1) of the disk and the buffer from an offset on, a multiple
  // of 512. The answer comes when it is done. Errors: busy (too many wait already), for write
  // denied (a disk to read only).
  using read = Operation<Block, 3, void(Word buffer, Word offset, Word sector, Word sectors)>;
  using write = Operation<Block, 4, void(Word buffer, Word offset, Word sector, Word sectors)>;
  // What writes have been answered before is on the medium when this is answered.
  using flush = Operation<Block, 5, void()>;

  using Operations = mica::Operations<info, buffer, drop, read, write, flush>;
};

}  // namespace mica
