// SPDX-License-Identifier: MIT
// The running system as a drawing: Graphviz' language, for ./mica picture. Boxes are spaces with
// their threads, and with the blocks of physical memory that are mapped to them; arrows lead from threads
// to their pagers (dashed), from who maps memory to who gets it (dotted), from tasks to the servers that they
// may talk to, from interrupts to who handles them, and from tasks to what they have started.
#include <algorithm>
#include <array>

#include <runtime/program.h>

#include "commands.h"
#include "output.h"
#include "tasks.h"

namespace shell {

namespace {

using mica::Root;
using mica::TaskInfo;
using mica::Word;

// As it may stand between quotes.
struct Label {
  std::string_view text;
};
void put_value(runtime::Output& out, Label label) {
  for (const char c : label.text) {
    if (c == '"' || c == '\\') out.put('\\');
    out.put(c);
  }
}

Word first_thread(mica::TaskId task) { return task.thread(0).number(); }

void draw_foundation() {
  const auto memory = mica::call<Root::memory_info>(mica::root_server());
  const Word sigma0 = runtime::sigma0().number(), root = mica::root_server().number();
  say("  subgraph cluster_sigma0 { label=\"sigma0\"; t{} [label=\"{}\"]; }\n", sigma0, sigma0);
  say("  subgraph cluster_root { label=\"root\\n{} of {} KiB given\"; t{} [label=\"{}\"]; }\n",
      memory ? (memory->total - memory->free) * 4 : 0, memory ? memory->total * 4 : 0, root, root);
  say("  t{} -> t{} [style=dashed]; t{} -> t{} [style=dotted];\n", root, sigma0, sigma0, root);
}

// A piece of physical memory that a task holds: one block, or several that lie one behind the other.
struct Piece {
  Word begin, end;
};

// The pieces of a task in the order of their places, as far as there is room for them.
class Pieces {
 public:
  explicit Pieces(mica::TaskId task) {
    for (Word n = 0; count_ < pieces_.size(); ++n) {
      const auto block = mica::call<Root::block_info>(mica::root_server(), task, n);
      if (!block) break;
      pieces_[count_++] = {block->physical, block->physical + (Word{1} << block->order)};
    }
    std::sort(begin(), end(), [](const Piece& a, const Piece& b) { return a.begin < b.begin; });
    Piece* last = begin();
    for (Piece& piece : *this) {
      if (&piece == last) continue;
      if (piece.begin == last->end) last->end = piece.end;
      else *++last = piece;
    }
    if (count_ != 0) count_ = static_cast<std::size_t>(last + 1 - begin());
  }
  Piece* begin() { return pieces_.data(); }
  Piece* end() { return pieces_.data() + count_; }

 private:
  std::array<Piece, 256> pieces_{};
  std::size_t count_ = 0;
};

void draw_memory(const TaskInfo& task) {
  constexpr std::size_t most = 8;  // that are told
  say("    m{} [shape=box, fontsize=10, label=\"", task.id.index());
  std::size_t told = 0;
  Word rest = task.frames * 4;
  for (const Piece& piece : Pieces(task.id)) {
    if (told++ == most) break;
    const Word kib = (piece.end - piece.begin) >> 10;
    say("{} {} KiB\\l", runtime::hex(piece.begin), kib);
    rest -= kib;
  }
  if (told > most) say("and {} KiB\\l", rest);
  say("\"];\n");
}

void draw_task(const TaskInfo& task) {
  say("  subgraph cluster_{} { label=\"{}\\n{}, priority {}\\n{} of {} KiB\";\n", task.id.index(),
      Label{task.name}, Label{task.program}, task.priority, task.frames * 4, task.quota * 4);
  for (Word n = 0; n < mica::threads_per_task; ++n) {
    if ((task.threads >> n & 1) == 0) continue;
    const auto thread = mica::call<Root::thread_state>(mica::root_server(), task.id, n);
    if (thread) say("    t{} [label=\"{}\\n{}\"];\n", thread->id.number(), thread->id.number(), state_name(thread->state));
  }
  if (task.frames != 0) draw_memory(task);
  say("  }\n");
  if (task.frames != 0) say("  t{} -> m{} [style=dotted];\n", mica::root_server().number(), task.id.index());
}

void draw_pagers(const TaskInfo& task) {
  for (Word n = 0; n < mica::threads_per_task; ++n) {
    if ((task.threads >> n & 1) == 0) continue;
    const auto thread = mica::call<Root::thread_state>(mica::root_server(), task.id, n);
    if (thread) say("  t{} -> t{} [style=dashed];\n", thread->id.number(), thread->pager.number());
  }
}

l4::ThreadId server_of(std::string_view name) {
  for (Word n = 0;; ++n) {
    const auto info = mica::call<Root::name_info>(mica::root_server(), n);
    if (!info) return l4::ThreadId::nil();
    if (name == info->name) return info->server;
  }
}

void draw_services(const TaskInfo& task) {
  for (Word n = 0;; ++n) {
    const auto name = mica::call<Root::use_info>(mica::root_server(), task.id, n);
    if (!name) return;
    const l4::ThreadId server = server_of(*name);
    if (server.is_nil()) continue;
    say("  t{} -> t{} [ltail=cluster_{}, label=\"{}\"];\n", first_thread(task.id), server.number(), task.id.index(),
        Label{*name});
  }
}

void draw_parent(const TaskInfo& task) {
  if (task.parent.is_none()) return;
  say("  t{} -> t{} [ltail=cluster_{}, lhead=cluster_{}, style=bold, label=\"started\"];\n", first_thread(task.parent),
      first_thread(task.id), task.parent.index(), task.id.index());
}

void draw_interrupts() {
  for (Word n = 0;; ++n) {
    const auto line = mica::call<Root::interrupt_info>(mica::root_server(), n);
    if (!line) return;
    say("  i{} [label=\"interrupt {}\", shape=cds]; i{} -> t{};\n", line->line, line->line, line->line,
        line->handler.number());
  }
}

}  // namespace

void draw_picture(const Words&) {
  say("digraph mica {\n  compound=true; rankdir=LR; node [shape=ellipse, fontname=sans];\n");
  say("  graph [fontname=sans, style=rounded]; edge [fontname=sans, fontsize=10];\n");
  draw_foundation();
  for_each_task(draw_task);
  for_each_task(draw_pagers);
  for_each_task(draw_services);
  for_each_task(draw_parent);
  draw_interrupts();
  say("}\n");
}

}  // namespace shell
