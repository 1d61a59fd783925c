// SPDX-License-Identifier: MIT
#include "regions.h"

#include "crash_report.h"
#include "program.h"

extern "C" const char program_start[], program_rodata[], program_data[], program_end[];

namespace runtime {

namespace {

using mica::Dataspace;
using mica::Regions;
using mica::Root;

constexpr Word page_size = 0x1000;

// The program's own memory, by the rights that its parts have, and what the root server tells it.
Word own_rights(Word address) {
  const auto below = [address](const char* end) { return address < reinterpret_cast<Word>(end); };
  const Word page = address & ~(page_size - 1);
  if (page == mica::TaskPage::address || page == mica::SystemPage::address) return l4::read.raw;
  if (below(program_start) || !below(program_end)) return 0;
  if (below(program_rodata)) return l4::read_execute.raw;
  return below(program_data) ? l4::read.raw : l4::read_write.raw;
}

void touch(Word address) { (void)*reinterpret_cast<const volatile char*>(address); }

void write_log(std::string_view text) {
  while (!text.empty()) {
    const mica::Text<400> part(text);
    (void)mica::call<Root::write_log>(mica::root_server(), part);
    text.remove_prefix(part.size());
  }
}

template <typename... T>
void report(std::string_view format, const T&... values) {
  Output out(write_log);
  print_to(out, format, values...);
}

// The largest flexpage that begins at low and ends at or before high.
unsigned largest_order(Word low, Word high) {
  unsigned order = 12;
  while ((low & ((Word{2} << order) - 1)) == 0 && high - low >= (Word{2} << order)) ++order;
  return order;
}

}  // namespace

Result<unsigned> RegionMapper::pager_named(std::string_view name) {
  for (unsigned i = 0; i < pager_count_; ++i) {
    if (pagers_[i].name.view() == name) return i;
  }
  if (pager_count_ == pagers_.size()) return Error::no_room;
  pagers_[pager_count_] = {Name(name), mica::Connection<Dataspace>(name)};
  return pager_count_++;
}

Result<Word> RegionMapper::handle(Regions::attach, Client& client, const Name& pager, Word handle, Word offset,
                                  Word bytes, Word rights) {
  if (client.task != mica::this_task().task) return Error::denied;
  if (offset % page_size != 0 || (rights & ~l4::full_access.raw) != 0) return Error::bad_argument;
  const auto number = pager_named(pager);
  if (!number) return number.error();
  return regions_.insert({0, bytes, handle, offset, *number, rights});
}

Result<void> RegionMapper::handle(Regions::detach, Client& client, Word address) {
  if (client.task != mica::this_task().task) return Error::denied;
  const Region* const region = regions_.find(address);
  if (region == nullptr || region->start != address) return Error::not_found;
  detach(address);
  return {};
}

void RegionMapper::detach(Word start) {
  const auto region = regions_.remove(start);
  if (!region) return;
  if (recent_.start == start) recent_ = {};
  for (Word at = region->start; at < region->end();) {
    const unsigned order = largest_order(at, region->end());
    L4_Flush(l4::Fpage::memory(at, order, l4::full_access));
    at += Word{1} << order;
  }
}

Result<void> RegionMapper::map(const Region& region, Word address, Word rights) {
  mica::Connection<Dataspace>& pager = pagers_[region.pager].connection;
  const mica::Window window{l4::Fpage::page(address)};
  for (;;) {
    const auto server = pager.server();
    if (!server) return server.error();
    const auto mapped = pager.note(mica::map_call<Dataspace::map>(
        *server, window, region.handle, region.offset + (address - region.start), rights, region.rights));
    if (mapped.error() == Error::gone) continue;
    if (mapped) recent_ = region, recent_pager_ = *server;
    return mapped.error();
  }
}

bool RegionMapper::message(l4::ThreadId from, l4::Words& m) {
  if (!from.is_local() || !L4_IsPageFault({.raw = m.tag().raw})) return false;
  const Word address = m[1], access = L4_PageFaultAccess({.raw = m[0]});
  const Region* const region = regions_.find(address);
  if (region != nullptr) [[likely]] {
    const Result<void> mapped = (region->rights & access) == access ? map(*region, address, access) : Error::denied;
    if (!mapped) crash(from, m, mapped.error(), region);
  } else {
    if ((own_rights(address) & access) != access) crash(from, m, Error::none, nullptr);
    touch(address);  // has the root server map it in the space of both
  }
  m.set_tag(l4::Tag::make(0, 0));
  return true;
}

void RegionMapper::crash(l4::ThreadId thread, const l4::Words& fault, Error error, const Region* region) {
  const l4::Rights access{L4_PageFaultAccess({.raw = fault[0]})};
  const char* const cause = access.has(l4::write) ? "write" : access.has(l4::execute) ? "jump" : "read";
  const auto look = [this](Word address) -> const unsigned char* {
    const Region* const place = regions_.find(address);
    const bool readable = place != nullptr ? map(*place, address, l4::read.raw).ok()
                                           : (own_rights(address) & l4::read.raw) != 0;
    return readable ? reinterpret_cast<const unsigned char*>(address) : nullptr;
  };
  const auto is_code = [](Word address) { return (own_rights(address) & l4::execute.raw) != 0; };
  const auto write = [](std::string_view format, const auto&... values) { report(format, values...); };
  const mica::TaskPage& task = mica::this_task();
  if (region != nullptr && error != Error::denied) {
    report("{}: pager {}: {}\n", task.name, pagers_[region->pager].name.view(), mica::text(error));
  }
  write_crash({task.name, task.program, l4::ThreadId(L4_GlobalIdOf(thread)).number(), cause, fault[2],
               stack_of(thread), fault[1]},
              write, look, is_code);
  exit(1);
}

}  // namespace runtime
