// SPDX-License-Identifier: MIT
// The part of the microscope that runs in QEMU's TCG: it records what is executed between
// two marks in the guest (marks.h), changing nothing of it, or watches how long interrupts
// are kept away (waits.h). plugin_options.h has its options; scope_report makes of a record
// what people read. docs/microscope.md explains both.
//
// An instruction that faults and is executed again is counted twice here, once by
// the time-stamp counter under -icount. REP counts once for each repetition in both.
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "host_base.h"
#include "marks.h"
#include "plugin_api.h"
#include "plugin_options.h"
#include "waits.h"

int qemu_plugin_version = 1;

namespace {

using namespace scope;

// An instruction with what its callbacks need; never moved.
struct Site {
  std::uint32_t index;
  bool begins, ends;
};

PluginOptions options;
Record record;
Recorder recorder(record);
HostBase host_base;
std::deque<Site> sites;
std::deque<std::uint64_t> hosts;  // of each instruction; 0: it is not in memory
std::uint64_t windows_seen = 0;
std::mutex mutex;  // processors may run, and translate, at the same time
std::atomic<bool> reported = false;

// --- While the guest runs ------------------------------------------------------------

void count_window() {
  if (++windows_seen == options.times) std::exit(0);  // the exit handler reports
}

void executed(unsigned cpu, void* data) {
  if (recorder.sees(cpu)) recorder.executed(static_cast<const Site*>(data)->index);
}

void executed_at_mark(unsigned cpu, void* data) {
  const Site& site = *static_cast<const Site*>(data);
  bool complete = false;
  {
    const std::lock_guard lock(mutex);
    if (site.ends) {
      ++record.end_passes;
      complete = recorder.close(cpu, address_window);
    }
  }
  if (complete) count_window();
  const std::lock_guard lock(mutex);
  if (site.begins) {
    ++record.begin_passes;
    recorder.open(cpu, address_window);
  }
  executed(cpu, data);
}

void accessed(unsigned cpu, PluginMemoryInfo info, std::uint64_t address, void* data) {
  if (!recorder.sees(cpu)) return;
  Event event{.address = address, .instruction = static_cast<const Site*>(data)->index};
  event.what = qemu_plugin_mem_is_store(info) ? Event::store : Event::load;
  event.bytes = static_cast<std::uint8_t>(1u << qemu_plugin_mem_size_shift(info));
  if (const qemu_plugin_hwaddr* const place = qemu_plugin_get_hwaddr(info, address); place != nullptr) {
    event.device = qemu_plugin_hwaddr_is_io(place);
    event.physical = qemu_plugin_hwaddr_phys_addr(place);
  }
  recorder.accessed(event);
}

void marked(unsigned cpu, void* data) {
  const auto number = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(data));
  const std::uint32_t id = number & 0xffff;
  bool complete = false;
  {
    const std::lock_guard lock(mutex);
    if (number >> 16 != 0) recorder.open(cpu, id);
    else complete = recorder.close(cpu, id);
  }
  if (complete) count_window();
}

std::span<const std::uint8_t> bytes_of(const qemu_plugin_insn* insn) {
  return {static_cast<const std::uint8_t*>(qemu_plugin_insn_data(insn)), qemu_plugin_insn_size(insn)};
}

// A callback's argument for a mark: is it the opening one, and its id.
void* packed(const MagicMark& mark) {
  return reinterpret_cast<void*>(std::uintptr_t{(mark.opens ? 1u : 0u) << 16 | mark.id});
}

std::string text_of(const qemu_plugin_insn* insn) {
  char* const text = qemu_plugin_insn_disas(insn);
  std::string copy = text == nullptr ? "?" : text;
  std::free(text);
  while (copy.ends_with(' ')) copy.pop_back();
  return copy;
}

void watch(qemu_plugin_insn* insn) {
  const std::uint64_t address = qemu_plugin_insn_vaddr(insn);
  const auto host = reinterpret_cast<std::uint64_t>(qemu_plugin_insn_haddr(insn));
  if (host != 0) host_base.saw(host, address);
  const auto index = static_cast<std::uint32_t>(record.instructions.size());
  record.instructions.push_back({.address = address,
                                 .size = static_cast<std::uint8_t>(qemu_plugin_insn_size(insn)),
                                 .side = options.side_of(address),
                                 .kind = classify(bytes_of(insn)),
                                 .text = text_of(insn)});
  hosts.push_back(host);
  Site& site = sites.emplace_back(Site{index, address == options.begin, address == options.end});
  const bool is_mark = options.has_addresses() && (site.begins || site.ends);
  qemu_plugin_register_vcpu_insn_exec_cb(insn, is_mark ? executed_at_mark : executed, plugin_no_registers,
                                         &site);
  qemu_plugin_register_vcpu_mem_cb(insn, accessed, plugin_no_registers, plugin_reads_and_writes, &site);
}

void translated(PluginId, qemu_plugin_tb* block) {
  const std::lock_guard lock(mutex);
  const bool only_waits = !options.waits.empty();
  if (only_waits) {
    watch_waits(block, options.side_of(qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(block, 0))) != kernel);
  }
  for (std::size_t i = 0; i < qemu_plugin_tb_n_insns(block); ++i) {
    qemu_plugin_insn* const insn = qemu_plugin_tb_get_insn(block, i);
    if (const auto mark = magic_mark(bytes_of(insn)); mark && !options.has_addresses()) {
      qemu_plugin_register_vcpu_insn_exec_cb(insn, only_waits ? mark_waits : marked, plugin_no_registers,
                                             packed(*mark));
    } else if (!only_waits) {
      watch(insn);
    }
  }
}

// --- The end --------------------------------------------------------------------------

// The instructions that no window has are left out.
void keep_what_was_executed() {
  std::vector<std::uint32_t> places(record.instructions.size(), 0);
  std::vector<Instruction> kept;
  const std::uint64_t base = host_base.base();
  for (auto& [id, window] : record.windows) {
    for (Event& event : window.trace) {
      std::uint32_t& place = places[event.instruction];
      if (place == 0) {
        kept.push_back(record.instructions[event.instruction]);
        const std::uint64_t host = hosts[event.instruction];
        if (host != 0) kept.back().physical = host - base;
        place = static_cast<std::uint32_t>(kept.size());
      }
      event.instruction = place - 1;
    }
  }
  record.instructions = std::move(kept);
}

void report() {
  const std::string& path = options.waits.empty() ? options.record : options.waits;
  bool written;
  if (options.waits.empty()) {
    keep_what_was_executed();
    written = save(record, path);
  } else {
    written = save_waits(path, options.symbols);
  }
  if (!written) std::fprintf(stderr, "scope: %s: %s\n", path.c_str(), std::strerror(errno));
}

// The emulator's own callback for its end does not come when the guest ends it, so
// this is an exit handler. Two threads of the emulator may be leaving at once: the
// one that does not write waits, before it destroys what is to be written.
void wait_for_report() { reported.wait(false); }

void write_report() {
  report();
  reported = true;
  reported.notify_all();
}

}  // namespace

int qemu_plugin_install(PluginId id, const PluginInfo*, int argc, char** argv) {
  const std::vector<std::string> arguments(argv, argv + argc);
  if (const std::string error = parse(options, arguments); !error.empty()) {
    std::fprintf(stderr, "scope: %s\n", error.c_str());
    return -1;
  }
  record.begin = options.begin_text;
  record.end = options.end_text;
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  std::atexit(wait_for_report);
  std::atexit(write_report);
  return 0;
}
