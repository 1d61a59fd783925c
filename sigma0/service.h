// SPDX-License-Identifier: MIT
// The requests that sigma0 understands (manual: 7.6 sigma0, 7.3 page faults).
#pragma once

#include <l4/l4.hpp>

#include "ownership.h"

namespace sigma0 {

class Service {
 public:
  // Reads from the kernel interface page what there is to give.
  Service();

  // Replaces a request by its answer; false if it is not to be answered.
  [[nodiscard]] bool answer(l4::ThreadId client, l4::Words& message);

 private:
  void request(l4::ThreadId client, l4::Words& message);
  void exclude(l4::ThreadId client, l4::Words& message);
  [[nodiscard]] bool page_fault(l4::ThreadId client, l4::Words& message);
  [[nodiscard]] bool io_fault(l4::ThreadId client, l4::Words& message);
  [[nodiscard]] bool pool_dump(l4::ThreadId client, l4::Words& message);

  l4::Fpage give_memory(l4::ThreadId client, l4::Fpage wanted, l4::Word high_bits, l4::Word attribute);
  l4::Fpage give_ports(l4::ThreadId client, l4::Fpage wanted);
  void keep_enough_nodes();

  l4::Word excluded_from_ = ~l4::Word{0};  // threads from this number on get nothing
  Ownership memory_{12, 47, Kind::device};
  Ownership ports_{0, 16, Kind::device};
};

}  // namespace sigma0
