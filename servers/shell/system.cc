// SPDX-License-Identifier: MIT
// Commands about the machine and the boot archive.
#include "commands.h"
#include "output.h"
#include "tasks.h"

namespace shell {

namespace {

using mica::Root;
using mica::Word;
using runtime::right;

constexpr Word window = Word{1} << 41;  // where pages of files are looked at
constexpr Word page = 0x1000;

// Shows a file a page at a time.
mica::Error show_pages(const mica::FileInfo& file) {
  for (Word at = file.address; at < file.address + file.size;) {
    const auto mapped = mica::map_call<Root::file_pages>(
        mica::root_server(), {l4::Fpage::page(window)}, at, Word{12});
    if (!mapped) return mapped.error();
    const Word page_end = (at & ~(page - 1)) + page;
    const Word end = page_end < file.address + file.size ? page_end : file.address + file.size;
    show({reinterpret_cast<const char*>(window + at % page), end - at});
    L4_FlushFpage(l4::Fpage::page(window, l4::full_access));
    at = end;
  }
  return mica::Error::none;
}

void show_named(std::string_view name) {
  const auto file = mica::call<Root::file>(mica::root_server(), mica::Text<100>(name));
  if (!file) return say_error(name, file.error());
  if (const mica::Error error = show_pages(*file); error != mica::Error::none) say_error(name, error);
}

}  // namespace

void show_memory(const Words&) {
  const auto info = mica::call<Root::memory_info>(mica::root_server());
  if (!info) return say_error("mem", info.error());
  Word held = 0;
  for_each_task([&](const mica::TaskInfo& task) { held += task.frames; });
  say("{} KiB in all, {} KiB free; {} tasks hold {} KiB; the boot archive has {} KiB\n", info->total * 4,
        info->free * 4, info->tasks, held * 4, info->archive_bytes / 1024);
}

void show_interrupts(const Words&) {
  say("interrupt  thread  task\n");
  for (Word n = 0;; ++n) {
    const auto line = mica::call<Root::interrupt_info>(mica::root_server(), n);
    if (!line) return;
    std::string_view name = "?";
    mica::TaskInfo of{};
    for_each_task([&](const mica::TaskInfo& task) {
      if (task.id == mica::TaskId::of(line->handler)) of = task;
    });
    if (!of.id.is_none()) name = of.name;
    say("{}{}  {}\n", right(line->line, 9), right(line->handler.number(), 8), name);
  }
}

void show_files(const Words&) {
  for (Word n = 0;; ++n) {
    const auto file = mica::call<Root::file_entry>(mica::root_server(), n);
    if (!file) return;
    say("{}  {}\n", right(file->size, 9), static_cast<const char*>(file->name));
  }
}

void show_file(const Words& words) {
  if (words.size() != 2) return say("use: cat FILE\n");
  show_named(words[1]);
}

void show_manifest(const Words&) { show_named("manifest"); }

void show_log(const Words&) {
  const auto end = mica::call<Root::log_end>(mica::root_server());
  if (!end) return say_error("log", end.error());
  // Behind the end the answer would wait for more.
  for (Word position = 0; position < *end;) {
    const auto piece = mica::call<Root::log>(mica::root_server(), position);
    if (!piece) return say_error("log", piece.error());
    show({piece->text, piece->size});
    position = piece->next;
  }
}

void shut_down(const Words&) { (void)mica::call<Root::shutdown>(mica::root_server(), Word{0}); }

}  // namespace shell
