// SPDX-License-Identifier: MIT
#include "machine_model.h"

#include "counting.h"

namespace scope {

namespace {

class Machine {
 public:
  explicit Machine(const MachineOptions& options) : options_(options) {
    for (const Geometry& geometry : options.geometry) caches_.emplace_back(geometry);
  }

  Pass run(const Record& record, std::span<const Event> events) {
    pass_ = {};
    step_ = 0;
    for (const Event& event : events) {
      const Instruction& in = record.instructions[event.instruction];
      if (event.what == Event::execute) {
        if (&event != &events.front()) ++step_;
        touch(itlb, l1i, in.address, in.physical, in.size);
        if (in.kind == Kind::cr3_write) switch_space();
      } else if (!event.device) {
        touch(dtlb, l1d, event.address, event.physical, event.bytes);
      }
    }
    return pass_;
  }

 private:
  bool hits(Level level, std::uint64_t address) {
    const Miss miss = caches_[level].access(address);
    LevelCounts& counts = pass_.counts[level];
    ++counts.accesses;
    ++counts.by[static_cast<unsigned>(miss)];
    if (miss != Miss::none) pass_.misses.push_back({step_, level, miss});
    return miss == Miss::none;
  }

  void touch(Level tlb, Level cache, std::uint64_t address, std::uint64_t physical, unsigned bytes) {
    for (const std::uint64_t page : blocks_of(address, bytes, page_bits)) {
      if (!hits(tlb, page << page_bits)) hits(stlb, page << page_bits);
    }
    if (physical == no_address) physical = address;
    const unsigned bits = options_.geometry[cache].block_bits;
    for (const std::uint64_t line : blocks_of(physical, bytes, bits)) {
      if (!hits(cache, line << bits)) hits(l2, line << bits);
    }
  }

  void switch_space() {
    const std::uint64_t kept_from = options_.global_kernel ? std::uint64_t{1} << 63 : ~std::uint64_t{0};
    for (const Level level : {itlb, dtlb, stlb}) caches_[level].flush_below(kept_from);
  }

  const MachineOptions& options_;
  std::vector<Cache> caches_;
  Pass pass_;
  std::uint32_t step_ = 0;
};

}  // namespace

std::string set_option(MachineOptions& options, const std::string& name, const std::string& value) {
  if (name == "global") {
    if (value != "kernel" && value != "none") return "it is kernel or none";
    options.global_kernel = value == "kernel";
    return "";
  }
  for (unsigned level = 0; level < levels; ++level) {
    if (name != level_names[level]) continue;
    Geometry& geometry = options.geometry[level];
    return level < itlb ? parse_cache(geometry, value) : parse_tlb(geometry, value);
  }
  return "there is no such option";
}

Misses simulate(const Record& record, std::span<const Event> events, const MachineOptions& options) {
  if (events.empty()) return {};
  Machine machine(options);
  Misses misses;
  misses.cold = machine.run(record, events);
  misses.warm = machine.run(record, events);
  return misses;
}

}  // namespace scope
