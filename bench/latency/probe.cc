// SPDX-License-Identifier: MIT
#include "probe.h"

#include <runtime/program.h>
#include <algorithm>

#include "../lib/world.h"

namespace bench {

namespace {

using l4::Fpage;
using l4::Tag;
using l4::ThreadId;
using l4::Word;
using l4::Words;

constexpr Word handler_priority = 255;
constexpr Word interrupt_tag = 0xffff'ffff'fff0'0000;
constexpr unsigned most_samples = 32'768, calibrating = 256;
constexpr Word largest_user_latency = 2000, largest_user_spread = 200;

constinit RtcTimes rtc;
constinit Word samples[most_samples] = {};
constinit volatile unsigned sample_count = 0;
// Of the worst sample: the latency, when it was raised, and in which window.
constinit Word worst = 0, worst_at = 0, missed = 0;
constinit volatile Word window = 0;  // when it was opened; 0: it is closed
constinit volatile Word silent_since = 0;
constinit volatile bool phase_known = false;

ThreadId interrupt_id() { return ThreadId::global(rtc_line, 1); }

// The line has been down since `silent_since`, so the first raise after it is the one
// that was waited for, however late it is, and those after it are lost.
void record(Word now) {
  if (!phase_known) {
    if (sample_count < calibrating) {
      samples[sample_count] = now;
      sample_count = sample_count + 1;
    }
    return;
  }
  Word raised = rtc.first_after(silent_since);
  if (raised > now) raised = rtc.last_before(now);  // between the line's fall and the reading of the time
  if (window == 0 || raised < window) return;
  const Word latency = now - raised;
  missed += latency / RtcTimes::period;
  if (sample_count == most_samples) runtime::panic("too many interrupts");
  samples[sample_count] = latency;
  sample_count = sample_count + 1;
  if (latency <= worst) return;
  worst = latency;
  worst_at = raised - window;
}

// Gets the clock's ports from the first thread, then serves its interrupt.
[[noreturn]] void handler(Word) {
  L4_Accept(L4_MapGrantItems(Fpage::io(rtc_ports, rtc_ports_order)));
  Words message(Tag::make(0, 0));
  if (l4::call_words(main_thread(), message).failed()) runtime::panic("no ports");
  start_rtc();
  message = Words(Tag::make(0, 0));
  l4::ipc_words(ThreadId::nil(), interrupt_id(), l4::Timeouts::never(), message);
  for (;;) {
    const Word now = ticks();
    if (message.tag().raw != interrupt_tag) runtime::panic("not an interrupt's message");
    record(now);
    silence_rtc();
    silent_since = ticks();
    message = Words(Tag::make(0, 0));
    l4::ipc_words(interrupt_id(), interrupt_id(), l4::Timeouts::never(), message);
  }
}

void give_ports(ThreadId to) {
  Words message;
  l4::ipc_words(ThreadId::nil(), to, l4::Timeouts::never(), message);
  const L4_MapItem_t item = L4_MapItem(Fpage::io(rtc_ports, rtc_ports_order), 0);
  message = Words(Tag::make(0, 0, 2), item.raw[0], item.raw[1]);
  if (l4::send_words(to, message, l4::Timeouts::reply()).failed()) runtime::panic("the ports were not taken");
}

// The phase for which all interrupts of a busy user are early. The first ones come with faults
// and do not count.
void find_phase() {
  constexpr unsigned first = 64;
  while (sample_count < calibrating) {
  }
  for (Word phase = 0; phase < 4; ++phase) {
    const RtcTimes times(phase);
    Word least = ~Word{0}, most = 0;
    for (unsigned i = first; i < calibrating; ++i) {
      const Word latency = samples[i] - times.last_before(samples[i]);
      least = std::min(least, latency);
      most = std::max(most, latency);
    }
    if (most > largest_user_latency || most - least > largest_user_spread) continue;
    rtc = times;
    phase_known = true;
    sample_count = 0;
    return;
  }
  runtime::panic("the clock's phase cannot be found: this needs -icount shift=0 and -rtc clock=vm");
}

}  // namespace

void start_probe() {
  if (!runtime::claim_ports(rtc_ports, rtc_ports_order)) runtime::panic("no real-time clock");
  const ThreadId other = start_in_space(handler);
  L4_Set_Priority(other, handler_priority);
  if (L4_AssociateInterrupt(interrupt_id(), other) != 1) runtime::panic("the interrupt cannot be had");
  L4_Set_Priority(interrupt_id(), handler_priority);
  give_ports(other);
  L4_Set_Priority(ThreadId::self(), work_priority);
  find_phase();
}

void open_window() { window = ticks(); }
void close_window() { window = 0; }

void wait_for_phase(Word lead) {
  constexpr Word spare = 4000;  // for the handler of one that is just coming
  const Word after = rtc.first_after(ticks()) + spare;
  while (ticks() < after) {
  }
  const Word until = rtc.first_after(ticks() + lead) - lead;
  while (ticks() < until) {
  }
}

Word lead_of(unsigned round, Word length) {
  constexpr Word step = 1500;
  if (round % 2 == 0 || length == 0) {
    // The golden section spreads any number of them evenly.
    const Word span = length == 0 ? RtcTimes::period : std::min(length, RtcTimes::period - step);
    return (step / 3 + span * 618 / 1000 * (round / 2)) % span;
  }
  const Word before_end = step / 2 + round / 2 * step;
  return length > before_end ? (length - before_end) % (RtcTimes::period - step) : length / 2;
}

void take_row(unsigned mark, const Row& row, Word length) {
  const unsigned count = sample_count;
  if (count == 0) runtime::panic("no interrupt came in time");
  std::sort(samples, samples + count);
  add_row(row, mark, summarize(samples, count, count, 100));
  runtime::print(
      "{}: {} instructions long; the worst interrupt, raised {} after its begin, waited {}; {} more were "
      "lost meanwhile\n",
      row.name, length, worst_at, worst, missed);
  sample_count = 0;
  worst = worst_at = missed = 0;
}

}  // namespace bench
