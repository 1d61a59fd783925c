// SPDX-License-Identifier: MIT
// What the plugin hands to the report: the instructions that were executed between the
// marks, each once, and of each window the sequence of what happened. A file of a format
// of its own, read only by the program of the same build.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "costly.h"

namespace scope {

// Who executes: told by the address (PluginOptions::is_kernel).
enum Side : std::uint8_t { user, stub, kernel };
inline constexpr unsigned sides = 3;
inline constexpr const char* side_names[sides] = {"user", "stub", "kernel"};

inline constexpr std::uint64_t no_address = ~std::uint64_t{0};

struct Instruction {
  std::uint64_t address = 0, physical = no_address;
  std::uint8_t size = 0;
  Side side = user;
  Kind kind = Kind::plain;
  std::string text = {};
};

// An executed instruction, or an access of the one before.
struct Event {
  enum What : std::uint8_t { execute, load, store };
  std::uint64_t address = 0, physical = no_address;  // of an access
  std::uint32_t instruction = 0;
  What what = execute;
  std::uint8_t bytes = 0;
  bool device = false;
  std::uint8_t unused = 0;  // a record is the same in every byte
};
using Trace = std::vector<Event>;

struct Window {
  Trace trace;                        // of one iteration: a round of its loop, or the last time
  std::vector<std::uint64_t> counts;  // instructions, each time
  std::vector<std::uint64_t> rounds;  // of each round of the last time; empty: no loop (rounds.h)
  bool cut = false;                   // the trace was too long to be kept whole
};

struct Record {
  std::vector<Instruction> instructions;
  std::map<std::uint32_t, Window> windows;  // by id; address_window for the marks of the command line
  std::string begin, end;                   // those marks as they were given
  std::uint64_t begin_passes = 0, end_passes = 0;
};
inline constexpr std::uint32_t address_window = 0;

// All or nothing: the file is there when it is complete. False: errno says why not.
[[nodiscard]] bool save(const Record& record, const std::string& path);
// An empty text, or what is wrong with the file.
[[nodiscard]] std::string load(Record& record, const std::string& path);

}  // namespace scope
