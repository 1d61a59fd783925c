// SPDX-License-Identifier: MIT
// A block device of virtio 1.0: its start, its requests, and what is done when it is not as it
// should be. A `Transport` is the way to the device's registers:
//
//   std::uint8_t status()                 void set_status(std::uint8_t)
//   std::uint64_t features()              void accept(std::uint64_t features)
//   unsigned queue_size()                 of queue 0, at most; 0: there is none
//   bool start_queue(unsigned size, RequestQueue::Rings)
//   void notify()                         queue 0 has requests
//   std::uint64_t sectors()               of 512 bytes
//
// A request stays with the Disk until the device has answered it. When the device was reset by
// somebody else, wants to be, or has answered nonsense, it is started again and gets all open
// requests once more; to do one twice is the same as once. So nobody is told that a write is
// done which is not. Pure.
#pragma once

#include <mica/result.h>

#include "../virtio/virtio.h"
#include "request_queue.h"

namespace virtio {

using mica::Error;

struct Request {
  Kind kind = Kind::flush;
  std::uint64_t sector = 0;
  std::uint64_t data = 0;    // physical
  std::uint32_t bytes = 0;   // of data; a multiple of 512, 0 for a flush
  std::uint64_t client = 0;  // the caller's own
  std::uint32_t buffer = 0;
};

template <typename Transport>
class Disk {
 public:
  static constexpr unsigned sector_bytes = 512;
  static constexpr unsigned most_tries = 3;  // of a request, before its client gets an error

  constexpr explicit Disk(Transport transport) : transport_(transport) {}
  Transport& transport() { return transport_; }

  // The memory of the ring: RequestQueue::bytes at this physical address.
  void set_memory(void* memory, std::uint64_t physical) {
    memory_ = memory;
    physical_ = physical;
  }

  // Resets the device and sets it up. Null, or why it cannot be used.
  const char* start() {
    working_ = false;
    transport_.set_status(0);
    unsigned patience = 100'000;
    while (transport_.status() != 0) {
      if (--patience == 0) return "it does not reset";
    }
    transport_.set_status(status::acknowledge);
    transport_.set_status(status::acknowledge | status::driver);
    const char* const fault = set_up();
    if (fault != nullptr) transport_.set_status(status::failed);
    working_ = fault == nullptr;
    return fault;
  }

  bool working() const { return working_; }
  bool read_only() const { return (accepted_ & feature_read_only) != 0; }
  std::uint64_t sectors() const { return sectors_; }
  // Without one, each write that is done is on the medium, and there is nothing to flush.
  bool has_cache() const { return (accepted_ & feature_flush) != 0; }
  unsigned in_flight() const { return working_ ? queue_.in_flight() : 0; }
  std::uint64_t restarts() const { return restarts_; }  // of the device, by what it did

  // Is there room for one more request?
  bool has_room() const { return working_ && queue_.in_flight() < queue_.slots(); }

  // Gives it to the device; the caller has asked has_room() and checked the sectors.
  void submit(const Request& request) {
    const unsigned slot = free_slot();
    slots_[slot] = {request, 1, true};
    pass_on(slot);
  }

  // Calls done(request, error) for each that the device has finished; nonsense restarts it.
  // False: nothing has happened since the last time.
  template <typename Done>
  bool poll(Done&& done) {
    bool progress = false;
    while (const auto taken = queue_.take()) {
      progress = true;
      if (taken->broken) {
        recover(done);
        return true;
      }
      finish(taken->slot, error_of(taken->outcome), done);
    }
    return progress;
  }

  // Is the device still the one that was started? One that is not is started again.
  template <typename Done>
  void check(Done&& done) {
    const std::uint8_t now = transport_.status();
    if (working_ && (now & status::driver_ok) != 0 && (now & (status::needs_reset | status::failed)) == 0)
      return;
    recover(done);
  }

 private:
  static constexpr std::uint64_t feature_read_only = 1 << 5, feature_flush = 1 << 9;

  struct Slot {
    Request request;
    unsigned tries = 0;
    bool open = false;
  };

  const char* set_up() {
    const std::uint64_t offered = transport_.features();
    if ((offered & feature::version_1) == 0) return "it is of the time before virtio 1.0";
    accepted_ = offered & (feature::version_1 | feature_read_only | feature_flush);
    transport_.accept(accepted_);
    constexpr std::uint8_t so_far = status::acknowledge | status::driver | status::features_ok;
    transport_.set_status(so_far);
    if ((transport_.status() & status::features_ok) == 0) return "it does not take these features";
    unsigned size = RequestQueue::most_descriptors;
    const unsigned most = transport_.queue_size();
    while (size > most) size /= 2;
    if (size < 4) return "it has no queue";
    queue_.init(memory_, physical_, size);
    sectors_ = transport_.sectors();
    if (sectors_ > ~std::uint64_t{0} / sector_bytes) return "it says that it is larger than it can be";
    if (!transport_.start_queue(size, queue_.rings())) return "it does not take the queue";
    transport_.set_status(so_far | status::driver_ok);
    if ((transport_.status() & (status::needs_reset | status::failed)) != 0) return "it does not start";
    return nullptr;
  }

  static Error error_of(Outcome outcome) { return outcome == Outcome::done ? Error::none : Error::device; }

  unsigned free_slot() const {
    unsigned slot = 0;
    while (slots_[slot].open) ++slot;
    return slot;
  }

  void pass_on(unsigned slot) {
    const Request& request = slots_[slot].request;
    queue_.submit(slot, request.kind, request.sector, request.data, request.bytes);
    if (queue_.wants_notice()) transport_.notify();
  }

  template <typename Done>
  void finish(unsigned slot, Error error, Done&& done) {
    slots_[slot].open = false;
    done(slots_[slot].request, error);
  }

  template <typename Done>
  void recover(Done&& done) {
    ++restarts_;
    const bool works = start() == nullptr;
    for (unsigned slot = 0; slot < RequestQueue::most_slots; ++slot) {
      if (!slots_[slot].open) continue;
      const Request& request = slots_[slot].request;
      const bool fits = request.sector + request.bytes / sector_bytes <= sectors_;
      if (works && fits && slot < queue_.slots() && ++slots_[slot].tries <= most_tries) pass_on(slot);
      else finish(slot, Error::device, done);
    }
  }

  Transport transport_;
  void* memory_ = nullptr;
  std::uint64_t physical_ = 0;
  RequestQueue queue_;
  std::array<Slot, RequestQueue::most_slots> slots_{};
  std::uint64_t accepted_ = 0, sectors_ = 0, restarts_ = 0;
  bool working_ = false;
};

}  // namespace virtio
