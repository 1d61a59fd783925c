// SPDX-License-Identifier: MIT
// The clock that goes on when the machine is off.
#pragma once

#include "calendar.h"
#include "rpc.h"

namespace mica {

struct Rtc {
  static constexpr long id = 0x25;

  // Date and time, as the clock has them (usually UTC), years 1970 to 2199. Error device: there is
  // no clock, it does not finish an update of its registers, or they hold no date.
  using read = Operation<Rtc, 0, DateTime()>;

  using Operations = mica::Operations<read>;
};

}  // namespace mica
