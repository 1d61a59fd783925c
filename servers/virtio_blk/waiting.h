// SPDX-License-Identifier: MIT
// Requests that wait until the device has room, in their order.
#pragma once

#include <array>

#include "disk.h"

namespace virtio {

template <unsigned N>
class Waiting {
  static_assert((N & (N - 1)) == 0);

 public:
  bool empty() const { return in_ == out_; }
  bool push(const Request& request) {
    if (in_ - out_ == N) return false;
    requests_[in_++ % N] = request;
    return true;
  }
  Request pop() { return requests_[out_++ % N]; }

 private:
  std::array<Request, N> requests_{};
  unsigned in_ = 0, out_ = 0;
};

}  // namespace virtio
