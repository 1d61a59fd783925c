// SPDX-License-Identifier: MIT
// The PCI bus: which devices there are, and each of them for the one driver that has claimed it.
// A driver gets its device's memory, its interrupt and what it may know of its configuration
// space; it never writes to addresses of other devices. Common errors beside those named:
// not_found (no such handle of the caller's task), bad_argument, bad_message.
#pragma once

#include "rpc.h"

namespace mica {

// A function of a device; what is said of the device is said of it.
struct PciFunction {
  Word address;          // bus << 8 | device << 3 | function
  Word vendor, product;  // of 16 bits each
  Word class_code;       // of 24 bits: class, subclass, programming interface
  Word line;             // of its INTx interrupt, as the firmware has routed it; 0: none
  Word messages;         // interrupts it can send as messages: of MSI-X, else 1 of MSI; 0: none
  Word driver;           // the task (TaskId::raw) that has claimed it; 0: none
};

// What one of its six base address registers is about.
struct PciRegion {
  Word address;  // physical, or the first port
  Word bytes;    // 0: there is none, or it is not usable
  Word ports;    // 1: of I/O ports, 0: of memory
};

struct PciCapability {
  Word id;      // as PCI assigns them: 5 MSI, 9 of the vendor, 0x11 MSI-X
  Word offset;  // in the configuration space
};

struct Pci {
  static constexpr long id = 0x30;

  // For everybody who uses the service. function: the n-th that there is. region: number 0 .. 5
  // of the n-th. not_found: behind the last.
  using function = Operation<Pci, 0, PciFunction(Word n)>;
  using region = Operation<Pci, 1, PciRegion(Word n, Word number)>;

  // claim: the device is the caller's, as a handle, until it is released or the task ends. It is
  // silent then: no bus mastering, no interrupts; it answers at its memory. Errors:
  // denied (the server's arguments do not give it to this task), busy (another living task
  // has it, or the caller already), not_found (no function has this address), no_room.
  using claim = Operation<Pci, 2, Word(Word address)>;
  // release: silent again, and free. Pages of it disappear from the driver.
  using release = Operation<Pci, 3, void(Word handle)>;

  // map: 2^order bytes (12 .. 22) of memory region `number`, from the offset on, a multiple of
  // that; readable, writable, not cached. A smaller region has its page if nothing else is
  // there. Errors: denied (the table of MSI-X is there, or the manifest does not let
  // the PCI server have this memory).
  using map = Operation<Pci, 4, Map(Word handle, Word number, Word offset, Word order)>;
  // capability: the n-th of the device's list. Error not_found: the list ends before.
  using capability = Operation<Pci, 5, PciCapability(Word handle, Word n)>;
  // read_config: 32 bits at an offset, a multiple of 4 below 256.
  using read_config = Operation<Pci, 6, Word(Word handle, Word offset)>;
  // write_config: 32 bits; only inside a capability of the vendor's, behind its first word.
  // Error: denied.
  using write_config = Operation<Pci, 7, void(Word handle, Word offset, Word value)>;

  // set_master: may the device access memory of its own accord? 1 or 0.
  using set_master = Operation<Pci, 8, void(Word handle, Word on)>;
  // set_message: the device's message interrupt n writes this data to this address, which
  // Root::attach_message_interrupt tells. Messages are on from then on. Errors: bad_argument
  // (the address is not that of an interrupt), not_found (the device has no such message).
  using set_message = Operation<Pci, 9, void(Word handle, Word n, Word address, Word data)>;
  // use_line: the device interrupts by its line, and this is it, for Root::attach_interrupt.
  // Error not_found: it has none.
  using use_line = Operation<Pci, 10, Word(Word handle)>;

  // silence: for everybody who uses the service. No device whose driver has ended accesses memory
  // or interrupts any more, until another one has claimed it.
  using silence = Operation<Pci, 11, void()>;

  using Operations = mica::Operations<function, region, claim, release, map, capability, read_config,
                                      write_config, set_master, set_message, use_line, silence>;
};

}  // namespace mica
