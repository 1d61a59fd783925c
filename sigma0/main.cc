// SPDX-License-Identifier: MIT
// sigma0, the first address space.
//
// Owns: all memory that the kernel has not kept, all device memory and all I/O
// ports. Gives each page or port to the first thread that asks, and never to a
// second one; asking again is harmless. A page fault or an I/O fault counts as
// asking. Nothing comes back.
// Trusts: the kernel and the kernel interface page. It knows a client by the thread
// id that the kernel reports, and uses no other word without a check. A client
// that misbehaves is answered with a nil mapping or, if what it sent is no request
// at all, not answered.
//
// sigma0 has no pager: its own faults on RAM are resolved by the kernel one to one,
// which is how it can clear a page. It prints nothing and needs no port.
#include <runtime/program.h>

#include "service.h"

int main() {
  sigma0::Service service;
  l4::Words message;
  l4::ThreadId client = l4::wait_words(message);
  for (;;) {
    if (message.tag().ok() && service.answer(client, message)) {
      client = l4::reply_and_wait_words(client, message);
    } else {
      client = l4::wait_words(message);
    }
  }
}
