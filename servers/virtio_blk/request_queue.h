// SPDX-License-Identifier: MIT
// The split ring of a block device, with a fixed chain of descriptors for each request that can be
// in flight: its header, its data, its status. Pure but for the memory that it is about.
//
//   slot n:   descriptor 3n ──▶ 3n + 1 ──▶ 3n + 2
//             header            data       status (of a flush: header ──▶ status)
//
//   driver ──▶ available: 3n, 3m, ...     device ──▶ used: (3m, bytes written), ...
//
// What the device writes is not believed: an entry of the used ring counts if it names a slot
// that is in flight and has not written more than that one let it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace virtio {

enum class Kind : std::uint32_t { read = 0, write = 1, flush = 4 };

// What the device has said of a request.
enum class Outcome : std::uint8_t { done = 0, failed = 1, unsupported = 2 };

class RequestQueue {
 public:
  static constexpr unsigned most_descriptors = 128, most_slots = most_descriptors / 3;
  static constexpr std::uint64_t bytes = 0x2000;

  struct Rings {
    std::uint64_t descriptors, available, used;  // physical
  };

  // A ring of `size` descriptors (a power of two, 4 .. most_descriptors) in `bytes` of memory.
  // Nothing is in flight.
  void init(void* memory, std::uint64_t physical, unsigned size) {
    memory_ = static_cast<Memory*>(memory);
    physical_ = physical;
    size_ = size;
    next_available_ = next_used_ = 0;
    in_flight_ = 0;
    limits_.fill(0);
    auto* const words = static_cast<volatile std::uint64_t*>(memory);
    for (unsigned i = 0; i < bytes / 8; ++i) words[i] = 0;
    for (unsigned slot = 0; slot < slots(); ++slot) {
      const unsigned first = 3 * slot;
      memory_->descriptors[first] = {at(&memory_->headers[slot]), header_bytes, flag_next, link(first + 1)};
      memory_->descriptors[first + 1] = {0, 0, flag_next, link(first + 2)};
      memory_->descriptors[first + 2] = {at(&memory_->headers[slot].status), 1, flag_device_writes, 0};
    }
  }

  unsigned slots() const { return size_ / 3; }
  unsigned in_flight() const { return in_flight_; }
  Rings rings() const { return {at(&memory_->descriptors[0]), at(&memory_->available), at(&memory_->used)}; }

  // The device may have the slot's request; the caller notifies it if wants_notice().
  // bytes: 0 for a flush, else of the data in one piece.
  void submit(unsigned slot, Kind kind, std::uint64_t sector, std::uint64_t data, std::uint32_t data_bytes) {
    const unsigned first = 3 * slot;
    Header& header = memory_->headers[slot];
    header.kind = static_cast<std::uint32_t>(kind);
    header.sector = sector;
    header.status = untouched;
    memory_->descriptors[first].next = link(data_bytes != 0 ? first + 1 : first + 2);
    memory_->descriptors[first + 1].address = data;
    memory_->descriptors[first + 1].length = data_bytes;
    memory_->descriptors[first + 1].flags =
        static_cast<std::uint16_t>(flag_next | (kind == Kind::read ? flag_device_writes : 0));
    limits_[slot] = 1 + (kind == Kind::read ? std::uint64_t{data_bytes} : 0);
    ++in_flight_;
    memory_->available.ring[next_available_ & (size_ - 1)] = link(first);
    ++next_available_;
    // The device sees the request before it sees that there is one.
    __atomic_store_n(&memory_->available.index, next_available_, __ATOMIC_RELEASE);
  }

  // Does the device ask to be told of new requests?
  bool wants_notice() const {
    // It looks at the index after it has taken this flag back: one of the two sees the other.
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return (__atomic_load_n(&memory_->used.flags, __ATOMIC_RELAXED) & 1) == 0;
  }

  struct Taken {
    unsigned slot = 0;
    Outcome outcome = Outcome::failed;
    bool broken = false;  // the ring is not to be believed any more
  };

  // The next request that the device has finished; its slot is free.
  std::optional<Taken> take() {
    const std::uint16_t index = __atomic_load_n(&memory_->used.index, __ATOMIC_ACQUIRE);
    const auto count = static_cast<std::uint16_t>(index - next_used_);
    if (count == 0) return std::nullopt;
    if (count > in_flight_) return Taken{0, Outcome::failed, true};
    const UsedEntry& entry = memory_->used.ring[next_used_ & (size_ - 1)];
    const std::uint32_t id = __atomic_load_n(&entry.id, __ATOMIC_RELAXED);
    const std::uint32_t length = __atomic_load_n(&entry.length, __ATOMIC_RELAXED);
    const unsigned slot = id / 3;
    if (id % 3 != 0 || slot >= slots() || limits_[slot] == 0 || length > limits_[slot]) {
      return Taken{0, Outcome::failed, true};
    }
    const std::uint8_t said = __atomic_load_n(&memory_->headers[slot].status, __ATOMIC_RELAXED);
    Outcome outcome = said <= 2 ? Outcome{said} : Outcome::failed;
    // Of a read, data that was not written is not there.
    if (outcome == Outcome::done && length != limits_[slot] && limits_[slot] > 1) outcome = Outcome::failed;
    limits_[slot] = 0;
    --in_flight_;
    ++next_used_;
    return Taken{slot, outcome, false};
  }

 private:
  static constexpr std::uint16_t flag_next = 1, flag_device_writes = 2;
  static constexpr std::uint32_t header_bytes = 16;
  static constexpr std::uint8_t untouched = 0xff;

  struct Descriptor {
    std::uint64_t address;
    std::uint32_t length;
    std::uint16_t flags, next;
  };
  struct Available {
    std::uint16_t flags, index;
    std::uint16_t ring[most_descriptors];
  };
  struct UsedEntry {
    std::uint32_t id, length;
  };
  struct Used {
    std::uint16_t flags, index;
    UsedEntry ring[most_descriptors];
  };
  struct Header {
    std::uint32_t kind, reserved;
    std::uint64_t sector;
    std::uint8_t status;
    std::uint8_t padding[15];
  };
  struct Memory {
    Descriptor descriptors[most_descriptors];
    Available available;
    alignas(4) Used used;
    alignas(32) Header headers[most_slots];
  };
  static_assert(sizeof(Descriptor) == 16 && sizeof(UsedEntry) == 8 && sizeof(Header) == 32);
  static_assert(sizeof(Memory) <= bytes);

  std::uint64_t at(const void* place) const {
    return physical_ +
           static_cast<std::uint64_t>(static_cast<const char*>(place) -
                                      static_cast<const char*>(static_cast<const void*>(memory_)));
  }
  static constexpr std::uint16_t link(unsigned n) { return static_cast<std::uint16_t>(n); }

  Memory* memory_ = nullptr;
  std::uint64_t physical_ = 0;
  unsigned size_ = 0;
  std::uint16_t next_available_ = 0, next_used_ = 0;
  unsigned in_flight_ = 0;
  std::array<std::uint64_t, most_slots> limits_{};  // bytes that the device may write; 0: not in flight
};

}  // namespace virtio
