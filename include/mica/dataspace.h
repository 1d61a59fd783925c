// SPDX-License-Identifier: MIT
// Dataspaces: memory as an object of a pager. A client has handles to dataspaces: small
// numbers that mean something in its own table at the pager and nowhere else. It has the
// pages of a dataspace mapped into its space one by one, usually by its region mapper
// (regions.h) when it touches them.
//
// Every pager serves size, map, share and close, and of the others those that it has; a
// pager answers no_operation to the rest. Common errors beside those named: not_found (no
// such handle in the caller's table), bad_message.
#pragma once

#include "root.h"

namespace mica {

struct Dataspace {
  static constexpr long id = 0x28;
  static constexpr Word page_size = 0x1000;

  // A dataspace of so many bytes, rounded up to pages; all rights. Pages are there when
  // they are mapped for the first time, filled with zeros. Errors: bad_argument (no bytes
  // or too many), no_room (handles, dataspaces), no_memory.
  using create = Operation<Dataspace, 0, Word(Word bytes)>;
  // The page at this offset (rounded down). It is mapped with all of `rights`, which are
  // flexpage rights (4 read, 2 write, 1 execute), and with those of `more` that cost nothing now.
  // May be called again for the same page. Errors: bad_argument (behind the end), denied (rights
  // that the handle has not), no_memory, device.
  using map = Operation<Dataspace, 1, Map(Word handle, Word offset, Word rights, Word more)>;
  // Its bytes.
  using size = Operation<Dataspace, 2, Word(Word handle)>;
  // A handle for another task, in its table, with the rights of this one that are among
  // `rights`. The other task closes it. Errors: ended (no such task), no_room.
  using share = Operation<Dataspace, 3, Word(Word handle, TaskId, Word rights)>;
  // The handle is free again. With the last one the dataspace goes, and its pages disappear
  // from all spaces.
  using close = Operation<Dataspace, 4, void(Word handle)>;
  // A dataspace that begins with the content of another one of the same pager; writes to one are
  // not seen in the other. Errors: as create.
  using copy = Operation<Dataspace, 5, Word(Word handle)>;
  // A file of the pager's, to read and execute. Errors: not_found (no such file), no_room.
  using open = Operation<Dataspace, 6, Word(Text<100> name)>;
  // Where the dataspace lies in physical memory, all of it in one piece, for devices.
  using physical = Operation<Dataspace, 7, Word(Word handle)>;
};

}  // namespace mica
