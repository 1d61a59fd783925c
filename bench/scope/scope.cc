// SPDX-License-Identifier: MIT
// A plugin for QEMU's TCG that shows what lies between two marks in the guest.
//
// A mark is a long no-op of eight bytes, 0F 1F 84 00 and four bytes of number:
// 0x4d420000 + id opens the window `id`, 0x4d430000 + id closes it (bench/lib/mark.h).
// What is executed between is kept; of several windows with the same id the last
// one counts. A window that is mostly a loop is cut into rounds at the loop's last
// instruction: the last one before the closing mark whose executions enclose a third
// of the window. The round that is shown is one from the middle.
//
//   qemu-system-x86_64 -accel tcg -plugin libscope.so,out=FILE,dump=ID,symbols=NM ...
//
//   waits=on      instead of all that: how long interrupts are kept away (waits.h)
//   out=FILE      where the report goes
//   dump=ID|all   also every instruction of one round of that window
//   symbols=FILE  output of `nm -C` for names; may be given several times
//   stub=ADDRESS  the page of system-call stubs, user code at a kernel address
//
// An instruction that faults and is executed again is counted twice here, once by
// the time-stamp counter under -icount. REP counts once for each repetition in both.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "plugin_api.h"
#include "symbols.h"
#include "waits.h"

int qemu_plugin_version = 1;

namespace {

enum Side { user, stub, kernel };

struct Instruction {
  std::uint64_t address;
  std::string text;
  Side side;
};

// An executed instruction, or (instruction null) a data access of the last one.
struct Event {
  const Instruction* instruction;
  std::uint64_t data;
};
using Trace = std::vector<Event>;

struct Window {
  unsigned times = 0;
  Trace trace;
};

std::uint64_t stub_page = 0xffffffffe0000000;
std::string out_path = "scope.txt";
std::set<unsigned> dumped;
bool dump_all = false, only_waits = false;
Symbols symbols;

std::deque<Instruction> instructions;  // never moved: callbacks point to them
std::map<unsigned, Window> windows;
Trace current;
bool recording = false;
std::atomic<bool> reported = false;

constexpr unsigned least_rounds = 8;  // of something that counts as a loop
constexpr std::uint32_t open_mark = 0x4d42, close_mark = 0x4d43;

Side side_of(std::uint64_t address) {
  if ((address & ~std::uint64_t{0xfff}) == stub_page) return stub;
  return address >> 63 != 0 ? kernel : user;
}

// --- While the guest runs ------------------------------------------------------------

void executed(unsigned, void* instruction) {
  if (recording) current.push_back({static_cast<const Instruction*>(instruction), 0});
}

void accessed(unsigned, std::uint32_t, std::uint64_t address, void*) {
  if (recording) current.push_back({nullptr, address});
}

void marked(unsigned, void* number) {
  const auto mark = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(number));
  if (mark >> 16 == open_mark) {
    current.clear();
    recording = true;
  } else if (recording) {
    recording = false;
    Window& window = windows[mark & 0xffff];
    ++window.times;
    window.trace = current;
  }
}

void translated(PluginId, qemu_plugin_tb* block) {
  constexpr unsigned char mark_opcode[] = {0x0f, 0x1f, 0x84, 0x00};
  if (only_waits) {
    watch_waits(block, side_of(qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(block, 0))) != kernel);
  }
  for (std::size_t i = 0; i < qemu_plugin_tb_n_insns(block); ++i) {
    qemu_plugin_insn* const insn = qemu_plugin_tb_get_insn(block, i);
    const auto* const bytes = static_cast<const unsigned char*>(qemu_plugin_insn_data(insn));
    if (qemu_plugin_insn_size(insn) == 8 && std::memcmp(bytes, mark_opcode, 4) == 0) {
      std::uint32_t number;
      std::memcpy(&number, bytes + 4, 4);
      if (number >> 16 == open_mark || number >> 16 == close_mark) {
        qemu_plugin_register_vcpu_insn_exec_cb(insn, only_waits ? mark_waits : marked, plugin_no_registers,
                                               reinterpret_cast<void*>(std::uintptr_t{number}));
        continue;
      }
    }
    if (only_waits) continue;
    const std::uint64_t address = qemu_plugin_insn_vaddr(insn);
    char* const text = qemu_plugin_insn_disas(insn);
    instructions.push_back({address, text == nullptr ? "?" : text, side_of(address)});
    std::free(text);
    qemu_plugin_register_vcpu_insn_exec_cb(insn, executed, plugin_no_registers, &instructions.back());
    qemu_plugin_register_vcpu_mem_cb(insn, accessed, plugin_no_registers, plugin_reads_and_writes, nullptr);
  }
}

// --- The report -----------------------------------------------------------------------

// The positions behind each execution of the loop's last instruction; only the
// end of the trace if no loop makes up most of it.
std::vector<std::size_t> round_ends(const Trace& trace) {
  std::map<std::uint64_t, unsigned> times;
  for (const Event& e : trace) {
    if (e.instruction != nullptr) ++times[e.instruction->address];
  }
  for (std::size_t i = trace.size(); i-- > 0;) {
    if (trace[i].instruction == nullptr) continue;
    const std::uint64_t last = trace[i].instruction->address;
    if (times[last] < least_rounds) continue;
    std::vector<std::size_t> ends;
    for (std::size_t j = 0; j < trace.size(); ++j) {
      if (trace[j].instruction == nullptr || trace[j].instruction->address != last) continue;
      std::size_t end = j + 1;
      while (end < trace.size() && trace[end].instruction == nullptr) ++end;
      ends.push_back(end);
    }
    if (!ends.empty() && ends.back() - ends.front() >= trace.size() / 3) return ends;
  }
  return {trace.size()};
}

// Instructions that cost far more than others on hardware; text as the emulator's
// disassembler writes it: "movq %rcx, %cr3".
std::string costly(const std::string& text) {
  static const std::set<std::string> names = {
      "wrmsr",   "rdmsr",    "swapgs", "iretq",  "syscall", "sysretq", "invlpg", "xsave64", "xrstor64",
      "fxsave64", "fxrstor64", "lock",   "rdtsc",  "cpuid",   "inb",     "outb",   "divq",    "divl"};
  if (text.ends_with(", %cr3")) return "cr3-write";
  const std::string name = text.substr(0, text.find(' '));
  return names.contains(name) ? name : "";
}

struct Counts {
  std::size_t by_side[3] = {};
  std::size_t total() const { return by_side[user] + by_side[stub] + by_side[kernel]; }
};

Counts count(const Trace& trace, std::size_t from, std::size_t to) {
  Counts counts;
  for (std::size_t i = from; i < to; ++i) {
    if (trace[i].instruction != nullptr) ++counts.by_side[trace[i].instruction->side];
  }
  return counts;
}

void report_functions(std::FILE* out, const Trace& trace, std::size_t from, std::size_t to) {
  std::map<std::string, unsigned> functions;
  for (std::size_t i = from; i < to; ++i) {
    const Instruction* const in = trace[i].instruction;
    if (in != nullptr && in->side == kernel) ++functions[symbols.name(in->address)];
  }
  std::vector<std::pair<unsigned, std::string>> order;
  for (const auto& [name, n] : functions) order.emplace_back(n, name);
  std::sort(order.rbegin(), order.rend());
  for (const auto& [n, name] : order) std::fprintf(out, "    %6u %s\n", n, name.c_str());
}

void report_round(std::FILE* out, const Trace& trace, std::size_t from, std::size_t to) {
  std::set<std::uint64_t> code[2], data[2];  // lines of 64 bytes: user, kernel
  std::map<std::string, unsigned> costs;
  for (std::size_t i = from; i < to; ++i) {
    const Instruction* const in = trace[i].instruction;
    if (in == nullptr) {
      data[trace[i].data >> 63].insert(trace[i].data >> 6);
      continue;
    }
    code[in->side == kernel].insert(in->address >> 6);
    if (const std::string cost = costly(in->text); !cost.empty()) ++costs[cost];
  }
  std::fprintf(out, "  lines of 64 bytes: kernel addresses %zu code, %zu data; user %zu code, %zu data\n",
               code[1].size(), data[1].size(), code[0].size(), data[0].size());
  std::fprintf(out, "  costly:");
  for (const auto& [name, n] : costs) std::fprintf(out, " %s %u", name.c_str(), n);
  std::fprintf(out, "\n  kernel by function:\n");
  report_functions(out, trace, from, to);
}

void dump_round(std::FILE* out, const Trace& trace, std::size_t from, std::size_t to) {
  const char* const letters = "us ";
  unsigned number = 0;
  for (std::size_t i = from; i < to; ++i) {
    const Instruction* const in = trace[i].instruction;
    if (in == nullptr) {
      std::fprintf(out, " [%llx]", static_cast<unsigned long long>(trace[i].data));
      continue;
    }
    std::fprintf(out, "\n%5u %c %016llx %-40s %-34s", ++number, letters[in->side],
                 static_cast<unsigned long long>(in->address), in->text.c_str(),
                 symbols.place(in->address).c_str());
  }
  std::fprintf(out, "\n\n");
}

void report() {
  std::FILE* const out = std::fopen(out_path.c_str(), "w");
  if (out == nullptr) return;
  report_waits(out, symbols);
  for (const auto& [id, window] : windows) {
    const Trace& trace = window.trace;
    const std::vector<std::size_t> ends = round_ends(trace);
    const Counts all = count(trace, 0, trace.size());
    std::fprintf(out, "window %u: seen %u times; the last one: %zu instructions, rounds %zu\n", id,
                 window.times, all.total(), ends.size());
    const std::size_t middle = ends.size() / 2;
    const std::size_t from = middle == 0 ? 0 : ends[middle - 1], to = ends[middle];
    const Counts one = count(trace, from, to);
    std::fprintf(out, "  a round: %zu instructions = user %zu + stub %zu + kernel %zu\n", one.total(),
                 one.by_side[user], one.by_side[stub], one.by_side[kernel]);
    report_round(out, trace, from, to);
    std::fprintf(out, "  the whole window's kernel by function:\n");
    report_functions(out, trace, 0, trace.size());
    if (dump_all || dumped.contains(id)) dump_round(out, trace, from, to);
  }
  std::fclose(out);
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
  for (int i = 0; i < argc; ++i) {
    const std::string argument = argv[i];
    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : argument.substr(equals + 1);
    if (name == "out") {
      out_path = value;
    } else if (name == "waits") {
      only_waits = value == "on";
    } else if (name == "dump" && value == "all") {
      dump_all = true;
    } else if (name == "dump") {
      dumped.insert(static_cast<unsigned>(std::strtoul(value.c_str(), nullptr, 0)));
    } else if (name == "stub") {
      stub_page = std::strtoull(value.c_str(), nullptr, 0);
    } else if (name != "symbols" || !symbols.read(value)) {
      std::fprintf(stderr, "scope: cannot use the option %s\n", argument.c_str());
      return -1;
    }
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  std::atexit(wait_for_report);
  std::atexit(write_report);
  return 0;
}
