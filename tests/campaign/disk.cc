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

constinit l4::ThreadId driver;          // whose buffer is mapped
constinit mica::DiskBuffer buffer{};
constinit Word written[sectors]{};      // the mark of each sector's last acknowledged write
constinit Word tried[sectors]{};        // that of a write without an answer, which may be there as well
constinit Word lost = 0;

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

bool read_back(Word sector) {
  words()[0] = ~Word{0};
  if (!ask<Block::read>(driver, buffer.number, Word{0}, sector, Word{1})) return false;
  const Word mark = words()[0];
  bool whole = true;
  for (Word i = 1; i < words_per_sector; ++i) whole = whole && words()[i] == (mark == 0 ? 0 : mark + i);
  if (whole && (mark == written[sector] || (mark != 0 && mark == tried[sector]))) return true;
  ++lost;
  written[sector] = whole ? mark : 0;  // told once
  return true;
}

}  // namespace

Answer probe_disk(l4::ThreadId server, Word n) {
  if (!open(server)) return Answer::none;
  const Word sector = n * 37 % sectors, mark = n << 16;
  for (Word i = 0; i < words_per_sector; ++i) words()[i] = mark + i;
  tried[sector] = mark;
  if (!ask<Block::write>(driver, buffer.number, Word{0}, sector, Word{1})) return Answer::none;
  written[sector] = mark;
  const Word before = lost;
  if (!read_back((n * 7919 + 13) % sectors) || !read_back(sector)) return Answer::none;
  return lost == before ? Answer::good : Answer::wrong;
}

Word lost_writes() { return lost; }

bool check_disk() {
  for (Word sector = 0; sector < sectors; ++sector) {
    if (written[sector] != 0 && !read_back(sector)) return false;
  }
  return true;
}

}  // namespace campaign
