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
  // Sets the clock, whatever state it is in; the weekday is not looked at. Errors: denied (the server's
  // arguments do not name the caller's task), bad_argument (no date, or not of these years),
  // device (there is no clock).
  using set = Operation<Rtc, 1, void(DateTime)>;

  using Operations = mica::Operations<read, set>;
};

}  // namespace mica
