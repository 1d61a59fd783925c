// SPDX-License-Identifier: MIT
#include "costly.h"

#include <iterator>

namespace scope {

namespace {

constexpr const char* names[] = {
    "plain",  "syscall", "sysret", "int",     "iret",    "cr3-write", "cr-write", "wrmsr",       "rdmsr",
    "swapgs", "wrbase",  "rdbase", "load-fs", "load-gs", "load-seg",  "far",      "lgdt",        "lfence",
    "mfence", "sfence",  "lock",   "xsave",   "xrstor",  "invlpg",    "invpcid",  "cache-flush", "in",
    "out",    "rdtsc",   "cpuid",  "div",     "cli-sti", "hlt",       "pause"};
static_assert(std::size(names) == kinds);

// An instruction without its prefixes. Bytes behind the end read as 0.
struct Decoded {
  bool lock = false, repeat = false, operand_size = false, vex = false;
  std::span<const std::uint8_t> rest;

  unsigned at(std::size_t i) const { return i < rest.size() ? rest[i] : 0; }
  unsigned reg(std::size_t modrm) const { return at(modrm) >> 3 & 7; }
  bool has_memory(std::size_t modrm) const { return at(modrm) >> 6 != 3; }
};

Decoded without_prefixes(std::span<const std::uint8_t> bytes) {
  Decoded d;
  for (; !bytes.empty(); bytes = bytes.subspan(1)) {
    const unsigned byte = bytes[0];
    if (byte == 0xf0) d.lock = true;
    else if (byte == 0xf3) d.repeat = true;
    else if (byte == 0x66) d.operand_size = true;
    else if (byte != 0xf2 && byte != 0x67 && byte != 0x2e && byte != 0x36 && byte != 0x3e && byte != 0x26 &&
             byte != 0x64 && byte != 0x65)
      break;
  }
  if (!bytes.empty() && bytes[0] >> 4 == 4) bytes = bytes.subspan(1);  // REX
  d.vex = !bytes.empty() && (bytes[0] == 0xc4 || bytes[0] == 0xc5 || bytes[0] == 0x62);
  d.rest = bytes;
  return d;
}

Kind of_selector(unsigned reg) {
  return reg == 4 ? Kind::selector_fs : reg == 5 ? Kind::selector_gs : Kind::selector;
}

// 0F AE: fences, FPU state, bases, cache lines, by the ModRM byte.
Kind of_group15(const Decoded& d) {
  constexpr std::size_t modrm = 2;
  if (d.has_memory(modrm)) {
    switch (d.reg(modrm)) {
      case 0:
      case 4: return Kind::xsave;
      case 1:
      case 5: return Kind::xrstor;
      case 6: return d.operand_size ? Kind::cache_flush : Kind::xsave;  // CLWB, XSAVEOPT
      case 7: return Kind::cache_flush;
      default: return Kind::plain;
    }
  }
  if (d.repeat) return d.reg(modrm) < 2 ? Kind::base_read : d.reg(modrm) < 4 ? Kind::base_write : Kind::plain;
  switch (d.reg(modrm)) {
    case 5: return Kind::lfence;
    case 6: return Kind::mfence;
    case 7: return Kind::sfence;
    default: return Kind::plain;
  }
}

Kind of_group7(const Decoded& d) {
  constexpr std::size_t modrm = 2;
  if (d.at(modrm) == 0xf8) return Kind::swapgs;
  if (d.at(modrm) == 0xf9) return Kind::rdtsc;
  if (!d.has_memory(modrm)) return d.reg(modrm) == 6 ? Kind::cr_write : Kind::plain;  // LMSW
  switch (d.reg(modrm)) {
    case 2:
    case 3: return Kind::descriptor;
    case 6: return Kind::cr_write;
    case 7: return Kind::invlpg;
    default: return Kind::plain;
  }
}

// Opcodes of two bytes, 0F and this one.
Kind of_second_byte(const Decoded& d) {
  constexpr std::size_t modrm = 2;
  switch (d.at(1)) {
    case 0x00: return d.reg(modrm) == 2 || d.reg(modrm) == 3 ? Kind::descriptor : Kind::plain;
    case 0x01: return of_group7(d);
    case 0x05:
    case 0x34: return Kind::syscall;
    case 0x07:
    case 0x35: return Kind::sysret;
    case 0x06: return Kind::cr_write;  // CLTS
    case 0x08:
    case 0x09: return Kind::cache_flush;
    case 0x22: return d.reg(modrm) == 3 ? Kind::cr3_write : Kind::cr_write;
    case 0x30: return Kind::msr_write;
    case 0x31: return Kind::rdtsc;
    case 0x32: return Kind::msr_read;
    case 0x38: return d.operand_size && d.at(2) == 0x82 ? Kind::invpcid : Kind::plain;
    case 0xa1:
    case 0xb4: return Kind::selector_fs;
    case 0xa9:
    case 0xb5: return Kind::selector_gs;
    case 0xb2: return Kind::selector;
    case 0xa2: return Kind::cpuid;
    case 0xae: return of_group15(d);
    case 0xc7:
      if (!d.has_memory(modrm)) return Kind::plain;
      if (d.reg(modrm) == 4 || d.reg(modrm) == 5) return Kind::xsave;
      return d.reg(modrm) == 3 ? Kind::xrstor : Kind::plain;
    default: return Kind::plain;
  }
}

}  // namespace

const char* name_of(Kind kind) { return names[static_cast<unsigned>(kind)]; }

Kind classify(std::span<const std::uint8_t> bytes) {
  const Decoded d = without_prefixes(bytes);
  constexpr std::size_t modrm = 1;
  if (d.lock) return Kind::lock;
  if (d.vex) return Kind::plain;
  switch (d.at(0)) {
    case 0x0f: return of_second_byte(d);
    case 0x6c:
    case 0x6d:
    case 0xe4:
    case 0xe5:
    case 0xec:
    case 0xed: return Kind::port_in;
    case 0x6e:
    case 0x6f:
    case 0xe6:
    case 0xe7:
    case 0xee:
    case 0xef: return Kind::port_out;
    case 0x86:
    case 0x87: return d.has_memory(modrm) ? Kind::lock : Kind::plain;
    case 0x8e: return of_selector(d.reg(modrm));
    case 0x90: return d.repeat ? Kind::pause : Kind::plain;
    case 0xca:
    case 0xcb: return Kind::far_transfer;
    case 0xcc:
    case 0xcd: return Kind::interrupt;
    case 0xcf: return Kind::iret;
    case 0xf4: return Kind::halt;
    case 0xf6:
    case 0xf7: return d.reg(modrm) >= 6 ? Kind::divide : Kind::plain;
    case 0xfa:
    case 0xfb: return Kind::interrupt_flag;
    case 0xff: return d.reg(modrm) == 3 || d.reg(modrm) == 5 ? Kind::far_transfer : Kind::plain;
    default: return Kind::plain;
  }
}

}  // namespace scope
