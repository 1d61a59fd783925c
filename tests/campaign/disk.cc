// SPDX-License-Identifier: MIT
#include "disk.h"

#include <mica/block.h>
#include <mica/dataspace.h>

#include "ask.h"

namespace campaign {

namespace {

using mica::Block;
using mica::Dataspace;

constexpr Word window = Word{1} << 40;  // where the buffer is mapped
constexpr Word sectors = 2048;          // of the disk, that are used
constexpr Word words_per_sector = Block::sector_bytes / sizeof(Word);
constexpr Word unknown = 1;             // in place of a mark

constinit l4::ThreadId driver;          // whose buffer is mapped
constinit mica::DiskBuffer buffer{};
constinit Word written[sectors]{};      // the mark of each sector's last acknowledged write
constinit Word tried[sectors]{};        // that of a write without an answer, which may be there as well
constinit l4::ThreadId doubted[sectors]{};  // the driver that has read something else
constinit DiskCount count;

volatile Word* words() { return reinterpret_cast<volatile Word*>(window); }

bool open(l4::ThreadId server) {
  if (server == driver) return true;
  const auto pinned = mica::call<mica::Root::find>(mica::root_server(), mica::Name("pinned"));
  if (!pinned) return false;
  const auto fresh = ask<Block::buffer>(server, Dataspace::page_size);
  if (!fresh) return false;
  L4_FlushFpage(l4::Fpage::page(window, l4::full_access));
  if (!driver.is_nil()) (void)mica::call<Dataspace::close>(*pinned, buffer.handle);
  driver = server;
  buffer = *fresh;
  const mica::Window page{l4::Fpage::page(window)};
  const auto mapped = mica::map_call<Dataspace::map>(*pinned, page, buffer.handle, Word{0}, l4::read_write.raw, Word{0});
  if (!mapped) driver = l4::ThreadId::nil();
  return mapped.ok();
}

// A sector that two incarnations of the driver read wrong is lost; that is told once.
Answer read_back(Word sector) {
  words()[0] = ~Word{0};
  if (!ask<Block::read>(driver, buffer.number, Word{0}, sector, Word{1})) return Answer::none;
  const Word mark = words()[0];
  bool good = written[sector] == unknown || mark == written[sector] || (mark != 0 && mark == tried[sector]);
  for (Word i = 1; i < words_per_sector && written[sector] != unknown; ++i) {
    good = good && words()[i] == (mark == 0 ? 0 : mark + i);
  }
  l4::ThreadId& doubt = doubted[sector];
  if (!good && (doubt.is_nil() || doubt == driver)) {
    doubt = driver;
    return Answer::wrong;
  }
  if (!good) ++count.lost, written[sector] = unknown;
  doubt = l4::ThreadId::nil();
  return Answer::good;
}

}  // namespace

Answer probe_disk(l4::ThreadId server, Word n) {
  if (!open(server)) return Answer::none;
  const Word sector = n * 37 % sectors, mark = n << 16;
  for (Word i = 0; i < words_per_sector; ++i) words()[i] = mark + i;
  tried[sector] = mark;
  if (!ask<Block::write>(driver, buffer.number, Word{0}, sector, Word{1})) return Answer::none;
  written[sector] = mark;
  doubted[sector] = l4::ThreadId::nil();
  ++count.acknowledged;
  const Answer before = read_back((n * 7919 + 13) % sectors);
  return before == Answer::good ? read_back(sector) : before;
}

const DiskCount& disk_count() { return count; }

Answer check_disk() {
  bool good = true;
  for (Word sector = 0; sector < sectors; ++sector) {
    const Answer answer = written[sector] != 0 ? read_back(sector) : Answer::good;
    if (answer == Answer::none) return answer;
    good = good && answer == Answer::good;
  }
  return good ? Answer::good : Answer::wrong;
}

}  // namespace campaign
