// SPDX-License-Identifier: MIT
// A root task that measures how long an interrupt waits, at worst, for its handler.
//
// The real-time clock interrupts 8192 times a second. When it does is known exactly
// (rtc.h); the handler, in a space of its own and with the highest priority, reads the
// time in its first user instruction. The difference is a sample: delivery, the kernel,
// the way to the handler, and whatever the machine was not willing to be interrupted in.
// The row `user` says what of it is not waiting. (There is none for an idle machine: while
// its CPU is halted, the emulator lets the clock run on to the timer after the one that
// wakes it. So whoever waits for something here waits busily.)
//
// The operation in question runs on a thread of the lowest priority, several rounds, so
// that the interrupts come at other moments each time: in even rounds spread over it, in
// odd rounds just before its end (probe.h). Only interrupts raised while it goes on
// count. The figure is the greatest sample; n is their number. An interrupt that waits
// longer than a period counts in full, and those lost meanwhile are told of.
//
// Not every moment is tried: a stretch of L instructions without interrupts, in an
// operation of N, is seen with probability L / 122,071 a round and is found L / 2 too
// short on average, if there is only one. `./mica bench latency --waits FILE` watches
// all of them (bench/scope/waits.h).
//
// Needs a machine and kernel memory of a size (systems/bench-latency).
#include <runtime/program.h>

#include "../lib/world.h"
#include "probe.h"
#include "scenarios.h"

int main() {
  using namespace bench;
  constexpr l4::Word calibration = 50'000'000;
  start_pager();
  start_probe();
  measure_latency<1>(
      "user", 1, [](unsigned) {},
      [](unsigned) {
        for (const l4::Word end = ticks() + calibration; ticks() < end;) {
        }
      });
  measure_transfers();
  measure_crowds();
  measure_mappings();
  measure_deletion();
  print_report();
  return 0;
}
