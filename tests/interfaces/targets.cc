// SPDX-License-Identifier: MIT
#include "targets.h"

#include <mica/block.h>
#include <mica/dataspace.h>
#include <mica/echo.h>
#include <mica/pci.h>
#include <mica/regions.h>
#include <mica/rtc.h>
#include <mica/tasks.h>
#include <mica/terminal.h>
#include <mica/timer.h>

namespace interfaces {

namespace {

using mica::Dataspace;
using mica::Error;
using mica::Root;
using l4::ThreadId;

constexpr Word window = Word{1} << 45, page_size = 0x1000;

template <typename Interface>
constexpr auto shapes_of = shapes(typename Interface::Operations{});

constexpr auto dataspace_shapes =
    shapes(mica::Operations<Dataspace::create, Dataspace::map, Dataspace::size, Dataspace::share, Dataspace::close,
                            Dataspace::copy, Dataspace::open, Dataspace::physical>{});

bool root(ThreadId server) {
  const auto memory = mica::call<Root::memory_info>(server);
  const auto file = mica::call<Root::file>(server, mica::Text<100>("manifest"));
  const auto denied = mica::call<Root::find>(server, mica::Name("private"));
  return memory && memory->free > 0 && memory->free <= memory->total && file && file->size > 0 &&
         denied.error() == Error::denied && mica::call<Root::find>(server, mica::Name("echo")).ok();
}

bool echo(ThreadId server) {
  const auto sum = mica::call<mica::Echo::add>(server, Word{40}, Word{2});
  return sum && *sum == 42;
}

// One that the manifest does not let the caller use.
bool denies(ThreadId server) {
  return mica::call<mica::Rtc::read>(server).error() == Error::denied;
}

bool terminal(ThreadId server) {
  return mica::call<mica::Terminal::size>(server).ok() && mica::call<mica::Terminal::write>(server, mica::Text<400>()).ok();
}

// The region mapper of another task.
bool regions(ThreadId server) {
  return mica::call<mica::Regions::detach>(server, Word{0}).error() == Error::denied;
}

bool timer(ThreadId server) {
  const auto before = mica::call<mica::Timer::now>(server);
  const bool slept = mica::call<mica::Timer::sleep>(server, Word{1000}).ok();
  const auto after = mica::call<mica::Timer::now>(server);
  return before && slept && after && *after >= *before + 1000;
}

bool rtc(ThreadId server) {
  const auto date = mica::call<mica::Rtc::read>(server);
  return date.ok() || date.error() == Error::device;
}

bool pci(ThreadId server) {
  const auto first = mica::call<mica::Pci::function>(server, Word{0});
  return first.ok() || first.error() == Error::not_found;
}

// It reads its first sector, if there is a disk.
bool disk(ThreadId server) {
  using mica::Block;
  const auto buffer = mica::call<Block::buffer>(server, Block::sector_bytes);
  if (!buffer) return buffer.error() == Error::device;
  const bool read = mica::call<Block::read>(server, buffer->number, Word{0}, Word{0}, Word{1}).ok();
  const bool dropped = mica::call<Block::drop>(server, buffer->number).ok();
  return read && dropped && mica::call<Dataspace::close>(thread_of("pinned", 0), buffer->handle).ok();
}

bool map(ThreadId pager, Word handle, Word rights) {
  const mica::Window at{l4::Fpage::page(window)};
  return mica::map_call<Dataspace::map>(pager, at, handle, Word{0}, rights, Word{0}).ok();
}

// Memory is filled with zeros, keeps what is written, and is the caller's alone.
bool memory(ThreadId pager) {
  const auto handle = mica::call<Dataspace::create>(pager, page_size);
  if (!handle || !map(pager, *handle, 6)) return false;
  auto* const words = reinterpret_cast<volatile Word*>(window);
  bool good = true;
  for (unsigned i = 0; i < page_size / sizeof(Word); ++i) good = good && words[i] == 0;
  words[7] = 4711;
  good = good && words[7] == 4711;
  const auto size = mica::call<Dataspace::size>(pager, *handle);
  return good && size && *size == page_size && mica::call<Dataspace::close>(pager, *handle).ok();
}

bool files(ThreadId pager) {
  const auto handle = mica::call<Dataspace::open>(pager, mica::Text<100>("manifest"));
  if (!handle || !map(pager, *handle, 4)) return false;
  const bool good = *reinterpret_cast<const volatile char*>(window) == '#';
  return good && mica::call<Dataspace::close>(pager, *handle).ok();
}

constexpr Target table[] = {
    {"root", Root::id, shapes_of<Root>, root},
    {"echo", mica::Echo::id, shapes_of<mica::Echo>, echo},
    {"private", mica::Rtc::id, shapes_of<mica::Rtc>, denies},
    {"serial", mica::Terminal::id, shapes_of<mica::Terminal>, terminal},
    {"timer", mica::Timer::id, shapes_of<mica::Timer>, timer},
    {"rtc", mica::Rtc::id, shapes_of<mica::Rtc>, rtc},
    {"pci", mica::Pci::id, shapes_of<mica::Pci>, pci},
    {"disk", mica::Block::id, shapes_of<mica::Block>, disk},
    {"mapped", mica::Regions::id, shapes_of<mica::Regions>, regions},
    {"anonymous", Dataspace::id, dataspace_shapes, memory},
    {"copy_on_write", Dataspace::id, dataspace_shapes, memory},
    {"pinned", Dataspace::id, dataspace_shapes, memory},
    {"paging", Dataspace::id, dataspace_shapes, memory},
    {"files", Dataspace::id, dataspace_shapes, files},
};

}  // namespace

std::span<const Target> targets() { return table; }

ThreadId thread_of(std::string_view task, unsigned thread) {
  const mica::TaskId found = mica::task_named(task);
  return found.is_none() ? ThreadId::nil() : found.thread(thread);
}

ThreadId server_of(const Target& target) {
  return target.task == "root" ? mica::root_server() : thread_of(target.task, target.thread);
}

}  // namespace interfaces
