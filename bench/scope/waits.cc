// SPDX-License-Identifier: MIT
#include "waits.h"

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "output_file.h"

namespace scope {

namespace {

struct Block {
  std::uint64_t first, last;  // addresses of instructions
  unsigned count;
  bool is_user, lets_in;
};

struct Longest {
  std::uint64_t length = 0, at = 0;  // `at`: instructions since the window opened
  std::vector<const Block*> blocks;
};

std::deque<Block> blocks;  // never moved: callbacks point to them
std::map<unsigned, Longest> windows;
Longest* open_window = nullptr;
std::vector<const Block*> run;
std::uint64_t length = 0, elapsed = 0;

void end_run() {
  if (length > open_window->length) {
    open_window->length = length;
    open_window->at = elapsed - length;
    open_window->blocks = run;
  }
  length = 0;
  run.clear();
}

void entered(unsigned, void* data) {
  if (open_window == nullptr) return;
  const auto* const block = static_cast<const Block*>(data);
  elapsed += block->count;
  if (!block->is_user) {
    length += block->count;
    run.push_back(block);
  }
  if (block->lets_in && length != 0) end_run();
}

}  // namespace

void mark_waits(unsigned, void* number) {
  const auto mark = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(number));
  open_window = mark >> 16 != 0 ? &windows[mark & 0xffff] : nullptr;
  length = elapsed = 0;
  run.clear();
}

void watch_waits(qemu_plugin_tb* block, bool is_user) {
  const std::size_t count = qemu_plugin_tb_n_insns(block);
  qemu_plugin_insn* const last = qemu_plugin_tb_get_insn(block, count - 1);
  const auto* const bytes = static_cast<const unsigned char*>(qemu_plugin_insn_data(last));
  constexpr unsigned char sti = 0xfb, hlt = 0xf4;
  const bool lets_in = is_user || (qemu_plugin_insn_size(last) == 1 && (bytes[0] == sti || bytes[0] == hlt));
  blocks.push_back({qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(block, 0)), qemu_plugin_insn_vaddr(last),
                    static_cast<unsigned>(count), is_user, lets_in});
  qemu_plugin_register_vcpu_tb_exec_cb(block, entered, plugin_no_registers, &blocks.back());
}

bool save_waits(const std::string& path, const Symbols& symbols) {
  std::string out;
  for (const auto& [id, longest] : windows) {
    out += "window " + std::to_string(id) + ": at worst " + std::to_string(longest.length) +
           " instructions without interrupts, " + std::to_string(longest.at) + " after its begin\n";
    if (longest.blocks.empty()) continue;
    out += "  from " + symbols.place(longest.blocks.front()->first) + " to " +
           symbols.place(longest.blocks.back()->last) + "\n";
    std::map<std::string, unsigned> functions;
    for (const Block* const block : longest.blocks) functions[symbols.name(block->first)] += block->count;
    std::vector<std::pair<unsigned, std::string>> order;
    for (const auto& [name, n] : functions) order.emplace_back(n, name);
    std::sort(order.rbegin(), order.rend());
    for (const auto& [n, name] : order) {
      const std::string number = std::to_string(n);
      out += std::string(10 - std::min<std::size_t>(number.size(), 9), ' ') + number + " " + name + "\n";
    }
  }
  return write_whole(path, out);
}

}  // namespace scope
