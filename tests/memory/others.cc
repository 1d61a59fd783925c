// SPDX-License-Identifier: MIT
// The pagers besides the anonymous one.
#include "check.h"

namespace memory_test {

namespace {

constexpr Word pages = 12;

struct Space {
  Word handle = ~Word{0};
  volatile Word* memory = nullptr;
  bool good() const { return memory != nullptr; }
};

Space attached(std::string_view name, const Result<Word>& handle, Word bytes, Word rights = 6) {
  if (!handle) return {};
  return {*handle, attach(name, *handle, bytes, rights)};
}

void end(std::string_view name, const Space& space) {
  (void)detach(space.memory);
  (void)mica::call<Dataspace::close>(pager(name), space.handle);
}

bool same(std::string_view text, const volatile Word* memory) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (reinterpret_cast<const volatile char*>(memory)[i] != text[i]) return false;
  }
  return true;
}

}  // namespace

void test_copies() {
  constexpr std::string_view name = "copy_on_write";
  const l4::ThreadId from = pager(name);
  const Space first = attached(name, mica::call<Dataspace::create>(from, pages * page_size), pages * page_size);
  if (!check(first.good(), "a dataspace to copy is made")) return;
  fill(first.memory, pages, 10);
  const Space second = attached(name, mica::call<Dataspace::copy>(from, first.handle), pages * page_size);
  const Space third = attached(name, mica::call<Dataspace::copy>(from, second.handle), pages * page_size);
  check(second.good() && third.good() && filled(second.memory, pages, 10) && filled(third.memory, pages, 10),
        "a copy, and a copy of it, begin with the content");
  fill(first.memory, pages / 2, 20);
  check(filled(first.memory, pages / 2, 20) && filled(second.memory, pages, 10) && filled(third.memory, pages, 10),
        "what is written to the first is not seen in the copies");
  fill(third.memory, pages, 30);
  check(filled(first.memory, pages / 2, 20) && filled(second.memory, pages, 10) && filled(third.memory, pages, 30),
        "nor what is written to a copy elsewhere");
  end(name, first);
  check(filled(second.memory, pages, 10), "a copy stays when the first has gone");
  // Many copies need less than their pages: copies of what is not written cost tables only.
  constexpr unsigned many = 20;
  Space copies[many];
  bool all = true;
  for (Space& copy : copies) {
    copy = attached(name, mica::call<Dataspace::copy>(from, second.handle), pages * page_size);
    all = all && copy.good() && filled(copy.memory, pages, 10);
  }
  check(all, "copies share frames until they are written");
  for (const Space& copy : copies) end(name, copy);
  const auto large = mica::call<Dataspace::create>(from, Word{16} << 20);
  Word got = 0;
  while (large && map(from, *large, got * page_size, 6) == Error::none) ++got;
  check(got > 0 && map(from, *large, got * page_size, 6) == Error::no_memory, "its memory has an end");
  check(map(from, second.handle, 0, 6) == Error::none && map(from, *large, 0, 4) == Error::none,
        "and what is there already is still mapped");
  (void)mica::call<Dataspace::close>(from, *large);
  end(name, second);
  end(name, third);
}

void test_files() {
  constexpr std::string_view name = "files", begin = "# Pagers, and a task that tests them.\nsystem memory\n";
  const l4::ThreadId from = pager(name);
  const auto handle = mica::call<Dataspace::open>(from, mica::Text<100>("manifest"));
  if (!check(handle.ok(), "a file is opened")) return;
  const Word bytes = mica::call<Dataspace::size>(from, *handle).value_or(0);
  const Space manifest = attached(name, handle, bytes, 4);
  check(same(begin, manifest.memory), "it has the content of the file");
  const auto info = mica::call<Root::file>(mica::root_server(), mica::Text<100>("manifest"));
  bool zeros = bytes != 0;
  for (Word i = info->size; i < bytes; ++i) zeros = zeros && reinterpret_cast<volatile char*>(manifest.memory)[i] == 0;
  check(zeros, "and zeros behind its end");
  const auto again = mica::call<Dataspace::open>(from, mica::Text<100>("manifest"));
  check(again.ok() && *again != *handle && map(from, *again, 0, 4) == Error::none, "it is opened twice");
  check(map(from, *handle, 0, 6) == Error::denied, "a file is not written to");
  check(mica::call<Dataspace::open>(from, mica::Text<100>("nothing")).error() == Error::not_found,
        "a file that is not there is not found");
  const auto program = mica::call<Dataspace::open>(from, mica::Text<100>("memory_test.elf"));
  const Word program_bytes = program ? mica::call<Dataspace::size>(from, *program).value_or(0) : 0;
  const Space elf = attached(name, program, program_bytes, 4);
  check(elf.good() && same("\x7f" "ELF", elf.memory), "a program is a file");
  // This program's own constants are in it somewhere.
  bool found = false;
  for (Word i = 0; elf.good() && !found && i + begin.size() < program_bytes; ++i) {
    found = reinterpret_cast<volatile char*>(elf.memory)[i] == begin[0] &&
            reinterpret_cast<volatile char*>(elf.memory)[i + 1] == begin[1] &&
            reinterpret_cast<volatile char*>(elf.memory)[i + 30] == begin[30] &&
            reinterpret_cast<volatile char*>(elf.memory)[i + 40] == begin[40];
  }
  check(found, "with all its pages");
  end(name, elf);
  end(name, manifest);
  check(mica::call<Dataspace::close>(from, *again).ok(), "and both are closed");
}

void test_pinned() {
  constexpr std::string_view name = "pinned";
  const l4::ThreadId from = pager(name);
  const Space one = attached(name, mica::call<Dataspace::create>(from, 5 * page_size), 5 * page_size);
  const Space two = attached(name, mica::call<Dataspace::create>(from, 5 * page_size), 5 * page_size);
  const auto physical = mica::call<Dataspace::physical>(from, one.handle);
  const auto other = mica::call<Dataspace::physical>(from, two.handle);
  check(physical.ok() && other.ok() && *physical != 0 && *physical % page_size == 0 && *physical != *other,
        "pinned memory has a physical address");
  fill(one.memory, 5, 50);
  fill(two.memory, 5, 60);
  check(filled(one.memory, 5, 50) && filled(two.memory, 5, 60), "and is memory");
  check(mica::call<Dataspace::create>(from, Word{5} << 20).error() == Error::bad_argument &&
            mica::call<Dataspace::create>(from, Word{4} << 20).error() == Error::no_memory,
        "it is not more than there is");
  end(name, one);
  end(name, two);
  bool all = true;
  for (unsigned i = 0; i < 40; ++i) {
    const auto handle = mica::call<Dataspace::create>(from, Word{64} << 10);
    all = all && handle.ok() && mica::call<Dataspace::close>(from, *handle).ok();
  }
  check(all, "what is closed can be had again");
}

void test_paging() {
  constexpr std::string_view name = "paging";
  constexpr Word many = 160;
  const l4::ThreadId from = pager(name);
  const Space one = attached(name, mica::call<Dataspace::create>(from, many * page_size), many * page_size);
  if (!check(one.good(), "a dataspace larger than the pager's memory is made")) return;
  bool all = true;
  for (Word round = 0; round < 3; ++round) {
    fill(one.memory, many, round * 1000);
    all = filled(one.memory, many, round * 1000) && all;
  }
  check(all, "pages that went to the store come back as they were");
  const auto large = mica::call<Dataspace::create>(from, Word{16} << 20);
  Word got = 0;
  while (large && map(from, *large, got * page_size, 6) == Error::none) ++got;
  check(got > 0 && map(from, *large, got * page_size, 6) == Error::no_memory, "frames and store have an end");
  check(filled(one.memory, many, 2000), "the pages are there then, too");
  (void)mica::call<Dataspace::close>(from, *large);
  end(name, one);
  const Space next = attached(name, mica::call<Dataspace::create>(from, many * page_size), many * page_size);
  fill(next.memory, many, 5);
  check(filled(next.memory, many, 5), "and what was closed can be had again");
  end(name, next);
}

}  // namespace memory_test
