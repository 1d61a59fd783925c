// SPDX-License-Identifier: MIT
#include "victims.h"

#include <mica/echo.h>
#include <mica/pci.h>
#include <mica/rtc.h>
#include <mica/timer.h>

#include "ask.h"
#include "disk.h"
#include "memory.h"
#include "terminals.h"

namespace campaign {

namespace {

using mica::Pci;

// As they were before the first fault.
constexpr unsigned most_functions = 32, regions = 6;
constinit mica::PciFunction functions[most_functions]{};
constinit mica::PciRegion function_regions[most_functions][regions]{};
constinit Word function_count = 0;
constinit mica::DateTime first_date;
constinit Word first_clock = 0;
constinit l4::ThreadId doubted;  // an rtc that has told another time, or none
constinit Word clock_changes = 0;

Word clock() { return L4_SystemClock().raw; }

Answer probe_echo(l4::ThreadId server, Word n) {
  const auto sum = ask<mica::Echo::add>(server, n, n * 7);
  if (!sum) return Answer::none;
  return *sum == n * 8 ? Answer::good : Answer::wrong;
}

Answer probe_timer(l4::ThreadId server, Word) {
  const Word before = clock();
  const auto now = ask<mica::Timer::now>(server);
  if (!now) return Answer::none;
  if (*now < before || *now > clock()) return Answer::wrong;
  if (!ask<mica::Timer::sleep>(server, Word{100})) return Answer::none;
  return clock() - before >= 100 ? Answer::good : Answer::wrong;
}

// As many seconds later as have passed, but for those that had begun. What two incarnations say is
// true: a driver with a fault has spoilt the clock, and somebody has to set it.
Answer probe_rtc(l4::ThreadId server, Word) {
  const auto date = ask<mica::Rtc::read>(server);
  if (!date && date.error() != Error::device) return Answer::none;
  const bool valid = date && mica::is_valid(*date);
  const Word seconds = valid ? mica::seconds_since_1970(*date) - mica::seconds_since_1970(first_date) : ~Word{0};
  const Word passed = (clock() - first_clock) / 1'000'000;
  const bool good = valid && seconds + 1 >= passed && seconds <= passed + 2;
  const bool settled = good || (!doubted.is_nil() && doubted != server);
  doubted = settled ? l4::ThreadId::nil() : server;
  if (good) return Answer::good;
  if (settled && ask<mica::Rtc::set>(server, first_date)) first_clock = clock(), ++clock_changes;
  return date ? Answer::wrong : Answer::none;
}

bool same(const mica::PciFunction& a, const mica::PciFunction& b) {
  return a.address == b.address && a.vendor == b.vendor && a.product == b.product && a.class_code == b.class_code &&
         a.line == b.line && a.messages == b.messages;
}

bool same(const mica::PciRegion& a, const mica::PciRegion& b) {
  return a.address == b.address && a.bytes == b.bytes && a.ports == b.ports;
}

Answer probe_pci(l4::ThreadId server, Word n) {
  const Word number = n % function_count, region = n % regions;
  const auto function = ask<Pci::function>(server, number);
  const auto at = ask<Pci::region>(server, number, region);
  if (!function || !at) return Answer::none;
  if (!same(*function, functions[number]) || !same(*at, function_regions[number][region])) return Answer::wrong;
  const auto behind = ask<Pci::function>(server, function_count);
  if (behind) return Answer::wrong;
  return behind.error() == Error::not_found ? Answer::good : Answer::none;
}

l4::ThreadId server_of(std::string_view name) {
  return mica::call<mica::Root::find>(mica::root_server(), mica::Name(name)).value_or(l4::ThreadId::nil());
}

bool begin_pci() {
  const l4::ThreadId server = server_of("pci");
  for (; function_count < most_functions; ++function_count) {
    const auto function = mica::call<Pci::function>(server, function_count);
    if (!function) break;
    functions[function_count] = *function;
    for (Word i = 0; i < regions; ++i) {
      const auto region = mica::call<Pci::region>(server, function_count, i);
      if (!region) return false;
      function_regions[function_count][i] = *region;
    }
  }
  return function_count != 0 && function_count != most_functions;
}

bool begin_rtc() {
  const auto date = mica::call<mica::Rtc::read>(server_of("rtc"));
  if (!date) return false;
  first_date = *date;
  first_clock = clock();
  return true;
}

constexpr Victim table[] = {
    {"echo", probe_echo},
    {"serial", probe_serial},
    {"timer", probe_timer},
    {"rtc", probe_rtc},
    {"pci", probe_pci},
    {"disk", probe_disk, "pci"},
    {"keyboard", probe_keyboard},
    {"screen", probe_screen},
    {"anonymous", probe_memory},
    {"copy_on_write", probe_copies},
    {"files", probe_files},
    {"paging", probe_paging, "anonymous"},
    {"frames", probe_pinned},
};
static_assert(std::size(table) <= most_victims);

}  // namespace

std::span<const Victim> victims() { return table; }

Word times_clock_was_set() { return clock_changes; }

const char* begin_victims() {
  if (!begin_pci()) return "the list of devices";
  if (!begin_rtc()) return "the date";
  if (!begin_terminals()) return "the memory of the video card";
  if (!begin_memory()) return "a second thread, or the file";
  return nullptr;
}

}  // namespace campaign
