// SPDX-License-Identifier: MIT
#include "report.h"

#include <runtime/program.h>

#include "ticks.h"

namespace bench {

namespace {

using runtime::left;
using runtime::Output;
using runtime::print;

struct Line {
  Row row;
  unsigned mark;
  Summary samples;
};

constexpr unsigned max_rows = 256;
constinit Line lines[max_rows] = {};
constinit unsigned line_count = 0;

unsigned width_of(l4::Word value) {
  unsigned digits = 1;
  for (; value >= 10; value /= 10) ++digits;
  return digits;
}

// 12345 as 123.45, 12300 as 123; at the right of a column if it is shorter.
struct Hundredths {
  l4::Word value;
  unsigned width = 0;
};

void put_value(Output& out, Hundredths h) {
  const l4::Word whole = h.value / 100, part = h.value % 100;
  for (unsigned i = width_of(whole) + (part == 0 ? 0 : 3); i < h.width; ++i) out.put(' ');
  out.put_number(whole);
  if (part == 0) return;
  out.put('.');
  out.put_number(part, 10, 2);
}

// A number, or a dash for 0, at the right of a column.
void put_optional(Output& out, l4::Word value, unsigned width) {
  for (unsigned i = width_of(value); i < width; ++i) out.put(' ');
  if (value == 0) return out.put('-');
  out.put_number(value);
}

const char* unit_name(bool instructions) { return instructions ? "instructions" : "cycles"; }

const char* verdict(const Line& line) {
  if (line.row.target == 0) return "";
  const l4::Word reached = line.row.worst ? line.samples.max : line.samples.median;
  return reached <= line.row.target * 100 ? "  yes" : "  NO";
}

Hundredths nanoseconds(l4::Word cycles) {
  constexpr l4::Word ns_per_ms = 1'000'000;
  const l4::Word khz = L4_ProcDescInternalFreq(L4_ProcDesc(L4_GetKernelInterface(), 0));
  if (khz == 0) runtime::panic("the kernel does not know its clock");
  return {cycles * ns_per_ms / khz};
}

void print_record(const Line& line, bool instructions) {
  const Summary& s = line.samples;
  Output out;
  print_to(out, "{\"suite\":\"{}\",\"row\":\"{}\",\"unit\":\"{}\",\"n\":{},", line.row.suite, line.row.name,
           line.row.unit.empty() ? unit_name(instructions) : line.row.unit, s.rounds);
  print_to(out, "\"min\":{},\"q1\":{},\"median\":{},\"q3\":{},\"p99\":{},\"max\":{},", Hundredths{s.min},
           Hundredths{s.q1}, Hundredths{s.median}, Hundredths{s.q3}, Hundredths{s.p99}, Hundredths{s.max});
  print_to(out, "\"mean\":{},\"stddev\":{}", Hundredths{s.mean}, Hundredths{s.stddev});
  if (s.has_first) print_to(out, ",\"first\":{}", Hundredths{s.first});
  print_to(out, ",\"mode\":\"{}\"", instructions ? "icount" : "time");
  if (!instructions && line.row.unit.empty()) print_to(out, ",\"ns\":{}", nanoseconds(s.median));
  // Those are in instructions.
  const bool comparable = instructions || !line.row.unit.empty();
  if (comparable && line.row.target != 0) print_to(out, ",\"target\":{}", line.row.target);
  if (comparable && line.row.best != 0) print_to(out, ",\"best\":{}", line.row.best);
  if (line.row.worst) print_to(out, ",\"worst\":true");
  out.put("}\n");
}

void print_line(const Line& line, bool instructions) {
  Output out;
  put_optional(out, line.mark, 4);
  print_to(out, "  {}{}", left(line.row.suite, 10), left(line.row.name, 28));
  put_value(out, Hundredths{line.samples.median, 11});
  put_value(out, Hundredths{line.samples.min, 11});
  put_value(out, Hundredths{line.samples.max, 11});
  put_optional(out, line.row.target, 11);
  put_optional(out, line.row.best, 11);
  print_to(out, "{}\n", instructions ? verdict(line) : "");
}

}  // namespace

void add_row(const Row& row, unsigned mark, const Summary& samples) {
  if (line_count == max_rows) runtime::panic("too many rows");
  lines[line_count++] = {row, mark, samples};
}

void print_report() {
  const bool instructions = counts_instructions();
  print("MICA-BENCH-BEGIN\n");
  for (unsigned i = 0; i < line_count; ++i) print_record(lines[i], instructions);
  print("MICA-BENCH-END\n\n");
  print("mark  {}     median        min        max  must reach best known   reached? ({})\n",
        left("figure", 38), unit_name(instructions));
  for (unsigned i = 0; i < line_count; ++i) print_line(lines[i], instructions);
  if (!instructions) {
    print("\nThese are cycles, of which 1,000 are {}.{} ns; the limits are instructions, for -icount.\n",
          nanoseconds(100'000).value / 100, nanoseconds(100'000).value % 100 / 10);
  }
}

}  // namespace bench
