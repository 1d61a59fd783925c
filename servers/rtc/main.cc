// SPDX-License-Identifier: MIT
// The real-time clock.
//
// Owns: two ports (argument port=, default 0x70). Serves: mica::Rtc under the name `rtc` (argument name=). The
// clock is set by the task of the manifest that argument setter= names, and by nobody without it.
// Trusts: the root server, and of the clock that it answers with bytes: one that is
// not there or never finishes an update is an error after 10 ms.
#include <mica/rtc.h>
#include <mica/server.h>
#include <mica/tasks.h>
#include <runtime/io.h>

#include "cmos.h"

namespace {

struct Ports : runtime::MachinePorts {
  void pause() const { L4_Sleep(L4_TimePeriod(250)); }
};

// Only tasks of the manifest have a name.
bool may_set(mica::TaskId task) {
  const auto info = mica::info_of(task);
  return info && info->parent.is_none() && mica::argument("setter") == info->name;
}

struct RtcServer {
  using Interface = mica::Rtc;
  mica::Result<mica::DateTime> handle(mica::Rtc::read, mica::Client<>&) {
    const auto date = cmos.now();
    if (!date) return mica::Error::device;
    return *date;
  }
  mica::Result<void> handle(mica::Rtc::set, mica::Client<>& client, const mica::DateTime& date) {
    if (!may_set(client.task)) return mica::Error::denied;
    if (!mica::is_valid(date) || date.year < 1970 || date.year > 2199) return mica::Error::bad_argument;
    if (!cmos.set(date)) return mica::Error::device;
    return {};
  }
  rtc::Cmos<Ports> cmos{};
};

constinit RtcServer server;

}  // namespace

int main() {
  server.cmos = rtc::Cmos(Ports{}, static_cast<std::uint16_t>(mica::number_argument("port", 0x70)));
  const std::string_view name = mica::argument("name");
  mica::serve(server, name.empty() ? "rtc" : name);
}
