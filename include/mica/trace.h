// SPDX-License-Identifier: MIT
// The kernel's trace (feature "trace", docs/manual/trace.md): what its records look like, and
// a reader of the memory that they lie in.
#pragma once

#include <cstdint>

#include <l4/misc.h>

namespace mica::trace {

enum class Event : std::uint8_t {
  message = 1,  // of `thread`, or the kernel's in its name, to `partner`; it arrives now
  queued,       // the same, but `partner` has to take it first
  failed,       // the Ipc of `thread` has ended with the ErrorCode `partner`
  run,          // `partner` runs from now on, in place of `thread`
  call,         // `thread` calls what stub `partner` / stub_spacing is of (Call)
};

// What a message is about.
enum class Protocol : std::uint8_t {
  user, start, page_fault, io_fault, exception, interrupt, transfer_fault, preemption,
};

// Of `thread` when it was recorded; `ready` with a word in awaited: receives.
enum class State : std::uint8_t { absent, inactive, dying, ready, sending, receiving, locked };

inline constexpr std::uint64_t stub_spacing = 16;
enum class Call : std::uint64_t {
  ipc, exchange_registers, thread_control, system_clock, thread_switch, schedule, unmap, space_control,
  processor_control, memory_control,
};

// 128 bytes, little endian.
struct Record {
  std::uint32_t number;  // counts from 1 since the trace was switched on; 0: nothing was written here
  Event event;
  State state;
  Protocol protocol;
  std::uint8_t stopped;  // bit 0 halted, 1 to be halted, 2 its total quantum is spent
  std::uint64_t time;    // time-stamp counter
  std::uint64_t thread, partner;
  // Registers of the thread. Of a message or a call of its own: the arguments. Else what they
  // were when it was in the kernel last.
  std::uint64_t rax, rbx, rcx, rdx, rsi, rdi;
  std::uint64_t awaited;  // whom it receives from, all ones: anybody; 0: see state
  std::uint64_t r8, r9;
  // The kernel's own message, if protocol is not user: tag, MR1, MR2 (of an exception: its number).
  std::uint64_t words[3];
};
static_assert(sizeof(Record) == 128);

inline constexpr std::uint64_t buffer_size = std::uint64_t{2} << 20;  // of the memory, which is so aligned
inline constexpr std::uint32_t records = buffer_size / sizeof(Record);
inline constexpr std::uint64_t idle_thread = std::uint64_t{1} << 32;  // nobody runs
inline constexpr std::uint64_t processor = ~std::uint64_t{1};         // processor 0, in ProcessorControl

#ifdef L4_INLINE
// switch_on: for privileged spaces. The records go to the block of 2 MiB at a physical address,
// which has to be RAM and remain the caller's; it is cleared by the caller before.
// ErrorCode if the result is false: 1 no privilege, 5 it is no such block.
inline bool switch_on(std::uint64_t physical) { return L4_ProcessorControl(processor, physical, 0, 0) == 1; }
inline bool switch_off() { return L4_ProcessorControl(processor, 0, 0, 0) == 1; }
#endif

// Takes the records out of the memory in the order in which they were written, and counts
// those that were overwritten before.
class Reader {
 public:
  constexpr Reader() = default;
  constexpr explicit Reader(const volatile Record* memory) : memory_(memory) {}
  // The next one; false: nothing new. The record is whole: one that changes meanwhile is lost.
  bool next(Record& out) {
    for (;;) {
      const volatile Record& place = memory_[(next_) % records];
      const std::uint32_t found = place.number;
      // Older ones stand where the next one will be.
      if (static_cast<std::int32_t>(found - next_) < 0) return false;
      if (found == next_) {
        copy(out, place);
        if (place.number == found) {
          ++next_;
          return true;
        }
      }
      // The oldest one that is still there, with room for those that come meanwhile.
      const std::uint32_t oldest = place.number - records + margin;
      lost_ += oldest - next_;
      next_ = oldest;
    }
  }
  std::uint64_t lost() const { return lost_; }

 private:
  static constexpr std::uint32_t margin = 256;

  static void copy(Record& out, const volatile Record& in) {
    auto* to = reinterpret_cast<std::uint64_t*>(&out);
    const auto* from = reinterpret_cast<const volatile std::uint64_t*>(&in);
    for (unsigned i = 0; i < sizeof(Record) / 8; ++i) to[i] = from[i];
  }

  const volatile Record* memory_ = nullptr;
  std::uint32_t next_ = 1;
  std::uint64_t lost_ = 0;
};

}  // namespace mica::trace
