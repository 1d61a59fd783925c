// SPDX-License-Identifier: MIT
// The binary interface of L4 X.2 on x86-64 as the kernel sees it: every shift
// and mask of it stands here and nowhere else (docs/manual/abi.md has the prose).
#pragma once

#include <bit>

#include "types.h"

namespace mica {

// --- Thread ids ------------------------------------------------------------

inline constexpr unsigned thread_number_bits = 18;  // KIP ThreadInfo.t
inline constexpr u64 max_threads = u64{1} << thread_number_bits;

struct ThreadId {
  u64 raw = 0;

  static constexpr ThreadId nil() { return {0}; }
  static constexpr ThreadId any() { return {~u64{0}}; }
  static constexpr ThreadId any_local() { return {~u64{0} << 6}; }
  static constexpr ThreadId global(u64 number, u32 version) { return {number << 32 | version}; }
  static constexpr ThreadId interrupt(u64 line) { return global(line, 1); }

  constexpr bool operator==(const ThreadId&) const = default;
  constexpr bool is_nil() const { return raw == 0; }
  constexpr bool is_any() const { return *this == any(); }
  constexpr bool is_any_local() const { return *this == any_local(); }
  // Local ids have zero in the low six bits; a version never has.
  constexpr bool is_local() const { return (raw & 0x3f) == 0 && raw != 0 && !is_any_local(); }
  constexpr bool is_global() const { return (raw & 0x3f) != 0 && !is_any(); }
  constexpr u64 number() const { return raw >> 32; }
  constexpr u32 version() const { return static_cast<u32>(raw); }
};

// --- Flexpages -------------------------------------------------------------

struct Rights {
  u8 raw = 0;
  static constexpr u8 x = 1, w = 2, r = 4;
  static constexpr Rights none() { return {0}; }
  static constexpr Rights all() { return {7}; }
  constexpr bool operator==(const Rights&) const = default;
  constexpr Rights operator&(Rights o) const { return {static_cast<u8>(raw & o.raw)}; }
  constexpr Rights operator|(Rights o) const { return {static_cast<u8>(raw | o.raw)}; }
  constexpr Rights operator~() const { return {static_cast<u8>(~raw & 7)}; }
  constexpr bool has(u8 right) const { return (raw & right) != 0; }
  constexpr bool empty() const { return raw == 0; }
};

// A region of an address space, or of the I/O ports. Size and base are in
// bytes for memory, in ports for I/O.
struct Fpage {
  u64 raw = 0;

  static constexpr u64 io_mark = 2;          // size field that says "I/O ports"
  static constexpr unsigned address_bits = 47;  // the complete user area is 2^47 bytes
  static constexpr unsigned port_bits = 16;

  static constexpr Fpage nil() { return {0}; }
  static constexpr Fpage complete(Rights rights = Rights::none()) { return {0x10u | u64{rights.raw}}; }
  static constexpr Fpage memory(Address base, unsigned order, Rights rights = Rights::none()) {
    return {(base & ~u64{0x3ff}) | u64{order} << 4 | rights.raw};
  }
  static constexpr Fpage io(u64 port, unsigned order, Rights rights = Rights::none()) {
    return {port << 16 | u64{order} << 10 | io_mark << 4 | rights.raw};
  }

  constexpr bool operator==(const Fpage&) const = default;
  constexpr u64 size_field() const { return bits(raw, 4, 6); }
  constexpr bool is_nil() const { return (raw & ~u64{0xf}) == 0; }
  constexpr bool is_complete() const { return size_field() == 1; }
  constexpr bool is_io() const { return size_field() == io_mark; }
  constexpr Rights rights() const { return {static_cast<u8>(raw & 7)}; }
  constexpr Fpage with_rights(Rights rights) const { return {(raw & ~u64{7}) | rights.raw}; }

  // log2 of the size; only for memory or I/O flexpages that are usable().
  constexpr unsigned order() const {
    if (is_io()) return static_cast<unsigned>(bits(raw, 10, 6));
    return is_complete() ? address_bits : static_cast<unsigned>(size_field());
  }
  // First byte or port, rounded down to the size.
  constexpr u64 base() const {
    if (is_complete()) return 0;
    const u64 start = is_io() ? bits(raw, 16, 48) : raw & ~u64{0x3ff};
    return start & ~((u64{1} << order()) - 1);
  }
  // Does it name at least one page, or port, that can exist?
  constexpr bool usable() const {
    if (is_complete()) return true;
    if (is_io()) return order() <= port_bits && base() < (u64{1} << port_bits);
    return size_field() >= page_bits && size_field() <= address_bits && base() < (u64{1} << address_bits);
  }
};

// --- Time ------------------------------------------------------------------

// A timeout as 16 bits: a period m * 2^e microseconds, or a point in time.
struct Time {
  u16 raw = 0;
  static constexpr Time never() { return {0}; }
  static constexpr Time zero() { return {0x400}; }
  constexpr bool operator==(const Time&) const = default;
  constexpr bool is_never() const { return raw == 0; }
  constexpr bool is_point() const { return (raw & 0x8000) != 0; }
  constexpr bool is_zero() const { return !is_point() && !is_never() && (raw & 0x3ff) == 0; }
  static constexpr u64 longest_us = u64{0x3ff} << 31;
  // A period's length; at most longest_us.
  constexpr u64 microseconds() const { return bits(raw, 0, 10) << bits(raw, 10, 5); }
  // The longest period that is encodable and not above `us`; zero for 0.
  static constexpr Time period(u64 us) {
    if (us == 0) return zero();
    if (us > longest_us) us = longest_us;
    const unsigned e = static_cast<unsigned>(63 ^ std::countl_zero(us | 0x3ff)) - 9;  // above bit 9
    return {static_cast<u16>(e << 10 | us >> e)};
  }
  // The microsecond of a point, seen from the clock value `now`: of the two
  // windows around now, the one whose number has c as its lowest bit.
  constexpr u64 point(u64 now) const {
    const u64 e = bits(raw, 11, 4), c = bits(raw, 10, 1), m = bits(raw, 0, 10);
    u64 window = now >> (e + 10);
    if ((window & 1) != c) ++window;
    return window << (e + 10) | m << e;
  }
};

// The word of the two timeouts that Ipc takes.
struct Timeouts {
  u64 raw = 0;
  constexpr Time receive() const { return {static_cast<u16>(raw)}; }
  constexpr Time send() const { return {static_cast<u16>(raw >> 16)}; }
};

// --- Messages --------------------------------------------------------------

inline constexpr unsigned message_registers = 64;
inline constexpr unsigned buffer_registers = 33;
inline constexpr unsigned register_words = 8;  // MR0-MR7 travel in CPU registers

struct MsgTag {
  u64 raw = 0;
  static constexpr u64 propagated = 1 << 12, redirected = 1 << 13, cross_cpu = 1 << 14, error = 1 << 15;
  static constexpr MsgTag make(i64 label, unsigned u, unsigned t = 0) {
    return {static_cast<u64>(label) << 16 | t << 6 | u};
  }
  constexpr unsigned untyped() const { return static_cast<unsigned>(bits(raw, 0, 6)); }
  constexpr unsigned typed() const { return static_cast<unsigned>(bits(raw, 6, 6)); }
  constexpr i64 label() const { return static_cast<i64>(raw) >> 16; }
  constexpr bool has(u64 flag) const { return (raw & flag) != 0; }
  // As delivered: no flag set.
  constexpr MsgTag clean() const { return {raw & ~u64{0xf000}}; }
  constexpr MsgTag with(u64 flag) const { return {raw | flag}; }
  constexpr bool fits() const { return untyped() + typed() < message_registers; }
};

// Labels of the kernel's own messages. The low four bits carry detail.
inline constexpr i64 label_interrupt = -1 * 16;
inline constexpr i64 label_page_fault = -2 * 16;   // | rights that were missing
inline constexpr i64 label_preemption = -3 * 16;
inline constexpr i64 label_exception = -5 * 16;
inline constexpr i64 label_sigma0 = -6 * 16;
inline constexpr i64 label_io_fault = -8 * 16;

// First word of a typed item.
struct TypedItem {
  u64 raw = 0;
  enum class Kind : u8 { string0, string1, string2, string3, map, grant, ctrl_xfer, unused };
  constexpr Kind kind() const { return static_cast<Kind>(bits(raw, 1, 3)); }
  constexpr bool is_string() const { return bits(raw, 3, 1) == 0; }
  constexpr bool is_map_or_grant() const { return kind() == Kind::map || kind() == Kind::grant; }
  // Of two words: a page or a string of one piece.
  constexpr bool is_plain() const { return is_string() ? (raw & 0x3f0) == 0 : is_map_or_grant(); }
  constexpr u64 send_base() const { return raw & ~u64{0x3ff}; }
  constexpr unsigned string_pointers() const { return static_cast<unsigned>(bits(raw, 4, 5)) + 1; }
  constexpr bool string_continues() const { return bits(raw, 9, 1) != 0; }
  constexpr u64 string_length() const { return raw >> 10; }
  // Of a buffer: the string after this one has one, too.
  constexpr bool another_follows() const { return (raw & 1) != 0; }
  // Words of the message that the item takes.
  [[gnu::always_inline]] constexpr unsigned words() const { return is_string() ? 1 + string_pointers() : 2; }
};

// Buffer register 0: what the receiver takes.
struct Acceptor {
  u64 raw = 0;
  constexpr bool strings() const { return (raw & 1) != 0; }
  constexpr Fpage window() const { return {raw & ~u64{0xf}}; }
};

// --- Errors ----------------------------------------------------------------

// ErrorCode after a failed Ipc, before the phase bit.
enum class IpcError : u8 {
  none = 0, timeout = 1, no_partner = 2, cancelled = 3, overflow = 4,
  xfer_timeout_own = 5, xfer_timeout_partner = 6, aborted = 7,
};
enum class Phase : u8 { send = 0, receive = 1 };

constexpr u64 ipc_error_word(Phase phase, IpcError error, u64 offset = 0) {
  return offset << 4 | static_cast<u64>(error) << 1 | static_cast<u64>(phase);
}

// ErrorCode after another failed system call.
enum class CallError : u8 {
  none = 0, no_privilege = 1, invalid_thread = 2, invalid_space = 3, invalid_scheduler = 4,
  invalid_parameter = 5, utcb_area = 6, kip_area = 7, no_memory = 8,
};

// --- Thread control registers and message registers in memory ----------------

inline constexpr u64 utcb_size = 1024;
inline constexpr u64 utcb_align_bits = 10;
inline constexpr u64 utcb_area_min_bits = 12;

// One thread's UTCB. A user knows it by the address of mr[0], its local id.
struct Utcb {
  u64 compatibility;
  u64 unused[15];
  u64 br_down[buffer_registers];  // BR32 first, BR0 last
  u64 my_global_id;
  u64 processor;
  u64 user_defined_handle;
  u64 pager;
  u64 exception_handler;
  u8 preempt_flags;
  u8 coprocessor_flags;
  u8 unused_flags[6];
  u64 error_code;
  u64 xfer_timeouts;
  u64 intended_receiver;
  u64 virtual_sender;  // in; ActualSender when a message has arrived
  u64 thread_word1;
  u64 thread_word0;
  u64 reserved[2];
  u64 word_size_mask;
  u64 mr[message_registers];

  u64& br(unsigned n) { return br_down[buffer_registers - 1 - n]; }
};

inline constexpr u64 utcb_mr_offset = 0x200;

static_assert(sizeof(Utcb) == utcb_size);
static_assert(offsetof(Utcb, br_down) == 0x080);
static_assert(offsetof(Utcb, my_global_id) == 0x188);
static_assert(offsetof(Utcb, pager) == 0x1a0);
static_assert(offsetof(Utcb, preempt_flags) == 0x1b0);
static_assert(offsetof(Utcb, error_code) == 0x1b8);
static_assert(offsetof(Utcb, virtual_sender) == 0x1d0);
static_assert(offsetof(Utcb, mr) == utcb_mr_offset);

// Preempt flags of the UTCB.
inline constexpr u8 preempt_signal = 1 << 5, preempt_delay = 1 << 6, preempt_pending = 1 << 7;

// ExchangeRegisters sets the FS base: a bit of its control word.
inline constexpr unsigned exchange_fs_base_bit = 14;

// --- User area ---------------------------------------------------------------

// The last page of the lower half is never mapped: a SYSCALL at its end would
// otherwise return to a non-canonical address.
inline constexpr Address user_end = 0x0000'7fff'ffff'f000;

}  // namespace mica
