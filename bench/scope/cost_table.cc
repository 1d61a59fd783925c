// SPDX-License-Identifier: MIT
#include "cost_table.h"

namespace scope {

namespace {

constexpr const char* intel = "Intel, Optimization Reference Manual (248966), Skylake Client";
constexpr const char* llvm = "LLVM, scheduling model of Skylake Client; upper end an assumption";
constexpr const char* linux_2015 =
    "upper end: I. Molnar, FPU performance suite, linux-kernel, May 2015; lower end an assumption";
constexpr const char* uops = "uops.info, LOCK CMPXCHG: 18-19; upper end an assumption";
constexpr const char* amd_k8 = "upper end: AMD, Software Optimization Guide for AMD64 (25112), appendix C";
constexpr const char* ring = "upper end: lastweek.io, page-fault entry and return on a Xeon E5 v3";
constexpr const char* assumed = "assumption";

// In the order of Kind.
constexpr Cost costs[] = {
    {"an instruction", {0.25, 1}, "four a cycle at best, Intel, as above; one a cycle: assumption"},
    {"syscall", {30, 110}, assumed},
    {"sysret", {30, 110}, assumed},
    {"int", {200, 440}, ring},
    {"iret", {60, 270}, ring},
    {"cr3-write", {100, 250}, assumed},
    {"cr-write", {50, 200}, assumed},
    {"wrmsr", {80, 396}, linux_2015},
    {"rdmsr", {30, 100}, linux_2015},
    {"swapgs", {10, 40}, assumed},
    {"wrbase", {8, 40}, assumed},
    {"rdbase", {2, 15}, assumed},
    {"load-fs", {10, 60}, assumed},
    {"load-gs", {10, 60}, assumed},
    {"load-seg", {5, 30}, assumed},
    {"far", {40, 150}, assumed},
    {"lgdt", {34, 148}, amd_k8},
    {"lfence", {4, 30}, assumed},
    {"mfence", {30, 80}, assumed},
    {"sfence", {4, 30}, assumed},
    {"lock", {18, 40}, uops},
    {"xsave", {41, 200}, llvm},
    {"xrstor", {37, 200}, llvm},
    {"invlpg", {80, 250}, assumed},
    {"invpcid", {80, 300}, assumed},
    {"cache-flush", {50, 300}, assumed},
    {"in", {35, 3000}, llvm},
    {"out", {35, 3000}, llvm},
    {"rdtsc", {12, 42}, "Molnar, as above: RDTSC 12; LLVM, as above: RDTSCP 42"},
    {"cpuid", {100, 250}, assumed},
    {"div", {20, 90}, assumed},
    {"cli-sti", {0, 10}, "lower end: Molnar, as above; upper end an assumption"},
    {"hlt", {0, 0}, "not counted: a processor that waits does not work"},
    {"pause", {10, 140}, assumed},
};
static_assert(std::size(costs) == kinds);

// In the order of Level. A hit in L1 is in the price of the instruction.
constexpr Cost miss_costs[] = {
    {"L1I miss, in L2", {4, 12}, intel},
    {"L1D miss, in L2", {4, 12}, intel},
    {"L2 miss: L3 or memory", {44, 250}, "L3 44: Intel, as above; memory: assumption"},
    {"ITLB miss, in STLB", {2, 9}, assumed},
    {"DTLB miss, in STLB", {2, 9}, assumed},
    {"STLB miss: page walk", {20, 100}, assumed},
};
static_assert(std::size(miss_costs) == levels);

void add(Range& sum, std::uint64_t times, const Range& each) {
  sum.low += static_cast<double>(times) * each.low;
  sum.high += static_cast<double>(times) * each.high;
}

}  // namespace

Cost cost_of(Kind kind) { return costs[static_cast<unsigned>(kind)]; }

Cost cost_of_miss(Level level) { return miss_costs[level]; }

std::vector<Cost> cost_table() {
  std::vector<Cost> all(std::begin(costs), std::end(costs));
  all.insert(all.end(), std::begin(miss_costs), std::end(miss_costs));
  return all;
}

Range estimate(const Figures& figures, const Counts& counts) {
  Range sum;
  std::uint64_t plain = figures.instructions.total();
  for (const auto& [kind, times] : figures.costly) {
    add(sum, times.total(), cost_of(kind).cycles);
    plain -= times.total();
  }
  add(sum, plain, cost_of(Kind::plain).cycles);
  for (unsigned level = 0; level < levels; ++level) {
    add(sum, counts[level].misses(), cost_of_miss(static_cast<Level>(level)).cycles);
  }
  return sum;
}

}  // namespace scope
