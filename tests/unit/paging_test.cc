// SPDX-License-Identifier: MIT
// What pagers keep notes in: frames, page tables, handles, dataspaces, and what of it a new
// incarnation of the anonymous pager makes of what it finds.
#include <doctest/doctest.h>

#include <memory>
#include <random>
#include <set>
#include <vector>

#include <servers/pager_anonymous/estate.h>
#include <servers/pager_copy_on_write/references.h>
#include <servers/pager_paging/eviction.h>
#include <servers/paging/shares.h>

using mica::Error;
using mica::TaskId;
using namespace paging;

namespace {

constexpr Word frame_count = 512;

struct Memory {
  Memory() : frames(reinterpret_cast<Word>(pages.get())) { frames.add(frame_count); }
  struct alignas(page_size) Page {
    Word words[words_per_page];
  };
  std::unique_ptr<Page[]> pages{new Page[frame_count]()};
  Frames frames;

  bool is_clear(Frame frame) const {
    for (const Word word : pages[frame].words) {
      if (word != 0) return false;
    }
    return true;
  }
  void spoil(Frame frame) { pages[frame].words[0] = pages[frame].words[77] = 0x1234; }
};

constexpr auto living = [](TaskId) { return true; };
constexpr auto nothing = [](unsigned) {};

// A dataspace with pages of its own at some numbers, as a pager makes it.
void make_pages(Spaces& spaces, Memory& memory, unsigned number, std::initializer_list<Word> pages) {
  for (const Word page : pages) {
    Frame* const entry = make_entry(memory.frames, spaces.at(number).root, page, [&] { return memory.frames.take(); });
    REQUIRE(entry != nullptr);
    *entry = memory.frames.take();
    memory.spoil(*entry);
  }
}

}  // namespace

TEST_CASE("frames: each is given once, cleared, never number 0, and all come back") {
  Memory memory;
  for (int round = 0; round < 2; ++round) {
    CHECK(memory.frames.free_count() == frame_count - 1);
    std::set<Frame> given;
    while (const Frame frame = memory.frames.take()) {
      REQUIRE(given.insert(frame).second);
      REQUIRE(memory.is_clear(frame));
      memory.spoil(frame);
    }
    CHECK(given.size() == frame_count - 1);
    CHECK(memory.frames.free_count() == 0);
    for (const Frame frame : given) memory.frames.give(frame);
  }
}

TEST_CASE("page table: entries far apart, tables as needed, none left") {
  Memory memory;
  Frame root = 0;
  const auto take = [&] { return memory.frames.take(); };
  CHECK(find_entry(memory.frames, root, 5) == nullptr);
  *make_entry(memory.frames, root, 5, take) = 77;
  *make_entry(memory.frames, root, 6, take) = 78;
  *make_entry(memory.frames, root, most_pages - 1, take) = 79;
  CHECK(memory.frames.free_count() == frame_count - 1 - 3);  // a directory, two tables
  CHECK(*find_entry(memory.frames, root, 5) == 77);
  CHECK(*find_entry(memory.frames, root, 7) == 0);
  CHECK(find_entry(memory.frames, root, 2000) == nullptr);
  std::set<std::pair<Word, Frame>> seen;
  for_each_entry(memory.frames, root, [&](Word page, Frame entry) { seen.insert({page, entry}); });
  CHECK(seen == std::set<std::pair<Word, Frame>>{{5, 77}, {6, 78}, {most_pages - 1, 79}});
  drop_tables(memory.frames, root, [&](Frame frame) { memory.frames.give(frame); });
  CHECK(root == 0);
  CHECK(memory.frames.free_count() == frame_count - 1);
  CHECK(make_entry(memory.frames, root, 5, [] { return Frame{0}; }) == nullptr);
  CHECK(root == 0);
}

TEST_CASE("handles: a table for each task; those of ended tasks are closed when a place is wanted") {
  const auto handles = std::make_unique<Handles>();
  const auto one = *handles->open(TaskId(16, 1), living, nothing), other = *handles->open(TaskId(17, 1), living, nothing);
  CHECK(one != other);
  CHECK(*handles->open(TaskId(16, 1), living, nothing) == one);
  const Word handle = *handles->add(one, {5, 6});
  CHECK(handles->find(one, handle)->space == 5);
  CHECK(handles->find(other, handle) == nullptr);
  CHECK(handles->find(one, handle + 1) == nullptr);
  CHECK(handles->find(one, ~Word{0}) == nullptr);
  for (Word i = 1; i < Handles::handles_per_client; ++i) REQUIRE(handles->add(one, {5, 6}).ok());
  CHECK(handles->add(one, {5, 6}).error() == Error::no_room);
  for (unsigned i = 2; i < Handles::most_clients; ++i) REQUIRE(handles->open(TaskId(100 + i, 1), living, nothing).ok());
  CHECK(handles->open(TaskId(18, 1), living, nothing).error() == Error::no_room);
  unsigned closed = 0;
  const auto alive = [](TaskId task) { return task != TaskId(16, 1); };
  CHECK(*handles->open(TaskId(18, 1), alive, [&](unsigned space) { closed += space; }) == one);
  CHECK(closed == 5 * Handles::handles_per_client);
  CHECK(handles->find(one, handle) == nullptr);
}

TEST_CASE("spaces: requests are checked against handle, size and rights") {
  const auto spaces = std::make_unique<Spaces>();
  const auto client = *spaces->handles().open(TaskId(16, 1), living, nothing);
  const auto other = *spaces->handles().open(TaskId(17, 1), living, nothing);
  CHECK(spaces->create(client, 0).error() == Error::bad_argument);
  CHECK(spaces->create(client, most_pages * page_size + 1).error() == Error::bad_argument);
  const Word handle = *spaces->create(client, 3 * page_size - 1);
  const auto page = spaces->find(client, handle, 2 * page_size + 8, 4, 7);
  REQUIRE(page.ok());
  CHECK(page->number == 2);
  CHECK(page->rights.raw == 6);
  CHECK(spaces->find(client, handle, 3 * page_size, 4, 0).error() == Error::bad_argument);
  CHECK(spaces->find(client, handle, 0, 1, 0).error() == Error::denied);
  CHECK(spaces->find(client, handle, 0, 0, 6).error() == Error::denied);
  CHECK(spaces->find(other, handle, 0, 4, 0).error() == Error::not_found);
  const Word shared = *spaces->share(client, handle, other, 4);
  CHECK(spaces->find(other, shared, 0, 6, 0).error() == Error::denied);
  CHECK(spaces->find(other, shared, 0, 4, 6)->rights.raw == 4);
  CHECK(spaces->share(other, shared + 1, client, 4).error() == Error::not_found);
  CHECK_FALSE(spaces->release(page->space));
  CHECK(spaces->release(page->space));
}

TEST_CASE("estate: a new incarnation finds the pages, and frees what was being taken or given") {
  Memory memory;
  const auto spaces = std::make_unique<Spaces>();
  const auto client = *spaces->handles().open(TaskId(16, 1), living, nothing);
  const Word one = *spaces->create(client, 3000 * page_size), two = *spaces->create(client, page_size);
  const unsigned first = *spaces->find(client, one), second = *spaces->find(client, two);
  make_pages(*spaces, memory, first, {0, 1, 2500});
  make_pages(*spaces, memory, second, {0});
  const Frame kept = *find_entry(memory.frames, spaces->at(first).root, 2500);
  const Word free_before = memory.frames.free_count();
  // Taken, and not yet in a table; a dataspace whose last handle was closed a moment ago.
  memory.spoil(memory.frames.take());
  spaces->handles().remove(client, two);

  Frames frames(reinterpret_cast<Word>(memory.pages.get()));
  frames.add(frame_count);
  const auto used = std::make_unique<anonymous::Used>();
  anonymous::recover(*spaces, frames, *used);
  CHECK(spaces->at(first).handles == 1);
  CHECK(spaces->at(second).handles == 0);
  CHECK(*find_entry(frames, spaces->at(first).root, 2500) == kept);
  CHECK_FALSE(memory.is_clear(kept));
  CHECK(frames.free_count() == free_before + 3);  // of the second: a page, a table, a directory
  while (const Frame frame = frames.take()) {
    REQUIRE(memory.is_clear(frame));
    REQUIRE_FALSE(used->has(frame));
  }
}

TEST_CASE("estate: notes that make no sense are left out, whatever they are") {
  std::mt19937 random(3);
  for (int round = 0; round < 40; ++round) {
    Memory memory;
    const auto spaces = std::make_unique<Spaces>();
    const auto client = *spaces->handles().open(TaskId(16, 1), living, nothing);
    for (unsigned i = 0; i < 3; ++i) {
      make_pages(*spaces, memory, *spaces->find(client, *spaces->create(client, 64 * page_size)), {i, 5, 60});
    }
    auto* const words = reinterpret_cast<std::uint32_t*>(spaces.get());
    for (int i = 0; i < 200; ++i) words[random() % (sizeof(Spaces) / 4)] = static_cast<std::uint32_t>(random());
    for (Frame frame = 1; frame < 16; ++frame) memory.pages[frame].words[random() % words_per_page] = random();
    Frames frames(reinterpret_cast<Word>(memory.pages.get()));
    frames.add(frame_count);
    const auto used = std::make_unique<anonymous::Used>();
    anonymous::recover(*spaces, frames, *used);
    // Every frame is in one place at most.
    std::set<Frame> seen;
    for (unsigned number = 1; number < Spaces::most; ++number) {
      if (spaces->at(number).handles == 0) CHECK(spaces->at(number).root == 0);
      for_each_entry(frames, spaces->at(number).root, [&](Word, Frame entry) {
        REQUIRE(entry < frame_count);
        REQUIRE(seen.insert(entry).second);
      });
    }
    while (const Frame frame = frames.take()) REQUIRE(seen.count(frame) == 0);
  }
}

TEST_CASE("references: shared while there are two, at most as many as there may be") {
  const auto references = std::make_unique<copy_on_write::References>();
  references->begin(9);
  CHECK_FALSE(references->shared(9));
  for (unsigned i = 1; i < copy_on_write::References::most; ++i) REQUIRE(references->add(9));
  CHECK_FALSE(references->add(9));
  for (unsigned i = 1; i < copy_on_write::References::most; ++i) {
    REQUIRE(references->shared(9));
    REQUIRE_FALSE(references->drop(9));
  }
  CHECK_FALSE(references->shared(9));
  CHECK(references->drop(9));
}

TEST_CASE("slots: each is given once; entries tell them from frames") {
  const auto slots = std::make_unique<Slots>();
  slots->init(100);
  std::set<Word> given;
  while (const auto slot = slots->take()) REQUIRE(given.insert(*slot).second);
  CHECK(given.size() == 100);
  CHECK(slots->free() == 0);
  slots->give(41);
  CHECK(slots->free() == 1);
  CHECK(*slots->take() == 41);
  CHECK(Entry::is_slot(Entry::of_slot(41)));
  CHECK(Entry::slot(Entry::of_slot(41)) == 41);
  CHECK_FALSE(Entry::is_slot(41));
}

TEST_CASE("clock: pages in use are left alone once, others go in turn") {
  const auto clock = std::make_unique<Clock>();
  const auto unused = [](Frame) { return false; };
  CHECK_FALSE(std::make_unique<Clock>()->next(8, unused).has_value());
  for (const Frame frame : {2u, 3u, 5u}) clock->set(frame, {7, 1000u + frame, {}});
  CHECK(clock->owner(5).space == 7);
  CHECK(clock->owner(5).number == 1005);
  CHECK(*clock->next(8, unused) == 2);
  CHECK(*clock->next(8, unused) == 3);
  CHECK(*clock->next(8, unused) == 5);
  std::set<Frame> used = {2, 3};
  CHECK(*clock->next(8, [&](Frame frame) { return used.erase(frame) != 0; }) == 5);
  CHECK(used.empty());
  // All are used all the time: somebody has to go.
  CHECK(clock->next(8, [](Frame) { return true; }).has_value());
  clock->clear(2);
  clock->clear(3);
  CHECK(*clock->next(8, unused) == 5);
  CHECK(*clock->next(8, unused) == 5);
}

TEST_CASE("shares: a client is charged for its dataspaces, up to the limit, and others are not") {
  Shares shares;
  shares.set_limit(10);
  shares.give(1, 1);
  shares.give(2, 1);
  shares.give(3, 2);
  for (unsigned i = 0; i < 10; ++i) CHECK(shares.charge(i % 2 == 0 ? 1 : 2));
  CHECK_FALSE(shares.charge(1));
  CHECK(shares.charge(3));
  CHECK(shares.charged(1) == 10);
  shares.take_back(1);
  CHECK(shares.charge(2));
  // The other one has a handle to the dataspace, and is the last: its frames are that one's now.
  for (unsigned i = 0; i < 8; ++i) CHECK(shares.charge(3));
  shares.give(1, 2);
  CHECK(shares.charged(1) == 6);
  CHECK(shares.charged(2) == 13);
  CHECK_FALSE(shares.charge(3));
  shares.end(1);
  CHECK(shares.charged(2) == 9);
  CHECK(shares.charge(3));
  shares.end(2);
  CHECK(shares.charged(1) == 0);
  // What an earlier incarnation had given is charged as well.
  shares.give(4, 3);
  shares.note(4, 12);
  CHECK_FALSE(shares.charge(4));
}

TEST_CASE("shares: the frames of a dataspace and its tables are counted") {
  Memory memory;
  const auto spaces = std::make_unique<Spaces>();
  const auto client = *spaces->handles().open(TaskId(16, 1), living, nothing);
  const auto other = *spaces->handles().open(TaskId(17, 1), living, nothing);
  const Word handle = *spaces->create(client, 3000 * page_size);
  const unsigned space = *spaces->find(client, handle);
  CHECK(count_frames(memory.frames, spaces->at(space).root) == 0);
  const Word before = memory.frames.free_count();
  make_pages(*spaces, memory, space, {0, 1, 2500});
  CHECK(count_frames(memory.frames, spaces->at(space).root) == before - memory.frames.free_count());
  CHECK(spaces->handles().holder_of(space) == client);
  CHECK(spaces->share(client, handle, other, 6).ok());
  CHECK(spaces->handles().holder_of(space, other) == other);
  spaces->handles().remove(client, handle);
  CHECK(spaces->handles().holder_of(space, client) == other);
  spaces->handles().remove(other, 0);
  CHECK(spaces->handles().holder_of(space, client) == 0);
}
