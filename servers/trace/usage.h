// SPDX-License-Identifier: MIT
// What each thread has done, counted from the records of the trace.
#pragma once

#include <mica/trace.h>
#include <mica/trace_server.h>

#include <array>

namespace trace_server {

class Usage {
 public:
  static constexpr unsigned most_threads = 256;

  // What happens is known from here on, until a gap.
  void begin(std::uint64_t time) { known_until_ = time; }

  void add(const mica::trace::Record& r) {
    using mica::trace::Event;
    using mica::trace::Protocol;
    cover(r.time);
    if (r.event == Event::message) {
      if (mica::ThreadUse* const use = find(r.thread)) {
        ++use->messages;
        if (r.protocol == Protocol::page_fault) ++use->faults;
      }
    }
    if (r.event != Event::run) return;
    // The record says who has run: nobody else did since the last switch that is known.
    if (since_ != 0 && running_ == r.thread)
      if (mica::ThreadUse* const use = find(r.thread)) use->ticks += r.time - since_;
    running_ = r.partner;
    since_ = r.time;
  }
  // Records are missing.
  void gap() { since_ = known_until_ = 0; }
  // Nothing has happened from the last record until now.
  void end(std::uint64_t time) {
    if (known_until_ != 0) cover(time);
  }

  std::uint64_t covered() const { return covered_; }
  unsigned threads() const { return count_; }
  const mica::ThreadUse& operator[](unsigned n) const { return uses_[n]; }

 private:
  void cover(std::uint64_t time) {
    if (time <= known_until_) return;
    if (known_until_ != 0) covered_ += time - known_until_;
    known_until_ = time;
  }
  mica::ThreadUse* find(std::uint64_t thread) {
    for (unsigned n = 0; n < count_; ++n)
      if (uses_[n].thread.raw == thread) return &uses_[n];
    if (count_ == most_threads) return nullptr;
    uses_[count_] = {l4::ThreadId(thread), 0, 0, 0};
    return &uses_[count_++];
  }

  std::array<mica::ThreadUse, most_threads> uses_{};
  unsigned count_ = 0;
  std::uint64_t running_ = 0, since_ = 0;
  std::uint64_t known_until_ = 0, covered_ = 0;
};

}  // namespace trace_server
