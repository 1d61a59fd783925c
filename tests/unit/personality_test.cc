// SPDX-License-Identifier: MIT
// The personality's notes about a program's memory, and its system calls, without a machine.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <servers/personality/calls.h>

#include "elf_file.h"

using namespace personality;

namespace {

constexpr Word frame_count = 256;
constexpr Word image_at = 0x400000;

struct Memory {
  struct alignas(page_size) Page {
    unsigned char bytes[page_size];
  };
  std::unique_ptr<Page[]> pages{new Page[frame_count]()};
  paging::Frames frames{reinterpret_cast<Word>(pages.get())};
  Memory() { frames.add(frame_count); }
};

struct Outside {
  paging::Frames& frames;
  std::string text;
  Word fs = 0;
  void write(std::string_view part) { text += part; }
  Word microseconds() { return 12'345'678; }
  bool set_fs(Word base) { return base < Word{1} << 47 ? (fs = base, true) : false; }
  void drop(Frame frame) { frames.give(frame); }
};

// A program: a page of code that begins with a text, and two of data of which the file has half
// of the first.
struct World {
  Memory memory;
  std::vector<unsigned char> file = make_file();
  Program program{memory.frames};
  Outside outside{memory.frames, {}};
  Calls<Outside> calls{program, outside, 42};

  World() { REQUIRE(program.load(file) == nullptr); }

  static std::vector<unsigned char> make_file();
  Word call(Word number, Word a = 0, Word b = 0, Word c = 0, Word d = 0, Word e = 0, Word f = 0) {
    return calls.serve({number, {a, b, c, d, e, f}});
  }
};

// Text at image_at, the rest of the page 0xcc; two pages of data behind it.
std::vector<unsigned char> World::make_file() {
  mica::test::ElfFile file;
  file.set<mica::u64>(24, image_at);
  file.program(mica::test::load_type, mica::test::rx, 0x200, image_at, image_at, page_size, page_size);
  file.program(mica::test::load_type, mica::test::rw, 0x200 + page_size, image_at + page_size, image_at + page_size,
               page_size / 2, 2 * page_size);
  file.content(0x200 + 2 * page_size);
  std::vector<unsigned char> bytes(file.bytes().begin(), file.bytes().end());
  const std::string text = "in the image";
  std::copy(text.begin(), text.end(), bytes.begin() + 0x200);
  return bytes;
}

constexpr Word data_at = image_at + page_size, heap_at = image_at + 3 * page_size;

}  // namespace

TEST_CASE("personality: pages of the image have its bytes and their segments' rights, zeros behind them") {
  World world;
  char text[12];
  CHECK(world.program.copy_in(text, image_at, 12) == 12);
  CHECK(std::string(text, 12) == "in the image");
  CHECK(world.program.page(image_at, l4::execute).has_value());
  CHECK_FALSE(world.program.page(image_at, l4::write).has_value());
  CHECK_FALSE(world.program.page(data_at, l4::execute).has_value());
  CHECK(world.program.page(data_at, l4::write)->rights == l4::read_write);
  unsigned char byte = 1;
  CHECK(world.program.copy_in(&byte, data_at + page_size / 2 - 1, 1) == 1);
  CHECK(byte == 0xcc);
  CHECK(world.program.copy_in(&byte, data_at + page_size / 2, 1) == 1);
  CHECK(byte == 0);
  CHECK(world.program.copy_in(&byte, data_at + 2 * page_size, 1) == 0);
}

TEST_CASE("personality: a program that does not fit is none, and the reason is told") {
  Memory memory;
  mica::test::ElfFile far;
  far.set<mica::u64>(24, 0xb0000000).program(1, 5, 0x200, 0xb0000000, 0, 16, 16).content(0x300);
  CHECK(std::string(Program(memory.frames).load(far.bytes())) == "a segment lies where programs have no memory");
  mica::test::ElfFile low;
  low.set<mica::u64>(24, 0x1000).program(1, 5, 0x200, 0x1000, 0, 16, 16).content(0x300);
  CHECK(std::string(Program(memory.frames).load(low.bytes())) == "a segment lies where programs have no memory");
  mica::test::ElfFile on_stack;
  on_stack.set<mica::u64>(24, 0xaffff000).program(1, 5, 0x200, 0xaffff000, 0, 16, 16).content(0x300);
  CHECK(std::string(Program(memory.frames).load(on_stack.bytes())) == "its image lies where its stack has to be");
  CHECK(std::string(Program(memory.frames).load({})) == "empty file");
}

TEST_CASE("personality: the stack has the arguments as the System V ABI wants them") {
  World world;
  const Word sp = world.program.push_arguments("name", "  one  two ");
  REQUIRE(sp % 16 == 0);
  Word words[11];
  REQUIRE(world.program.copy_in(words, sp, sizeof(words)) == sizeof(words));
  CHECK(words[0] == 3);
  const std::string texts[3] = {"name", "one", "two"};
  for (int i = 0; i < 3; ++i) {
    char text[8] = {};
    CHECK(world.program.copy_in(text, words[1 + i], 5) == 5);
    CHECK(std::string(text) == texts[i]);
  }
  CHECK(words[4] == 0);                       // no more arguments
  CHECK(words[5] == 0);                       // no environment
  CHECK((words[6] == 6 && words[7] == page_size));
  CHECK((words[8] == 9 && words[9] == image_at));
  CHECK(words[10] == 0);
  CHECK(World().program.push_arguments("name", std::string(2000, 'x')) == 0);
  CHECK(World().program.push_arguments("name", "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 "
                                               "28 29 30 31 32") == 0);
}

TEST_CASE("personality: addresses where nothing is are -EFAULT, whatever the call") {
  World world;
  const Word wild[] = {0, 8, 0xfff, 0x90000000, program_range.high, 0xbff00000, Word{1} << 47, 0xffffffff80000000,
                       ~Word{0} - 7, ~Word{0}};
  for (const Word at : wild) {
    CAPTURE(at);
    CHECK(world.call(1, 1, at, 8) == failed(bad_address));
    CHECK(world.call(20, 1, at, 1) == failed(bad_address));
    CHECK(world.call(63, at) == failed(bad_address));
    CHECK(world.call(228, 0, at) == failed(bad_address));
    CHECK(world.call(158, 0x1003, at) == failed(bad_address));
  }
  CHECK(world.call(63, image_at) == failed(bad_address));              // not to be written
  CHECK(world.call(63, heap_at - 10) == failed(bad_address));          // half of it is behind the end
  CHECK(world.outside.text.empty());
  CHECK(world.call(1, 1, heap_at - 3, 10) == 3);                       // as much as there is
  CHECK(world.call(1, 1, image_at, 12) == 12);
  CHECK(world.outside.text == std::string(3, 0) + "in the image");
  CHECK(world.call(1, 1, image_at, 1 << 20) == 4096);                  // not all at once
}

TEST_CASE("personality: numbers that are no call of its, and arguments that are none") {
  World world;
  for (const Word number : {2ul, 3ul, 57ul, 59ul, 999ul, ~0ul}) CHECK(world.call(number) == failed(no_call));
  CHECK(world.call(1, 3, image_at, 1) == failed(bad_file));
  CHECK(world.call(228, 7, data_at) == failed(invalid));
  CHECK(world.call(158, 0x1002, ~Word{0}) == failed(invalid));
  CHECK(world.call(9, 0, page_size, 3, 0x22 | 0x10, ~0ul, 0) == failed(invalid));  // a fixed place
  CHECK(world.call(9, 0, page_size, 8, 0x22, ~0ul, 0) == failed(invalid));
  CHECK(world.call(39) == 42);
  CHECK_FALSE(world.calls.ended());
  (void)world.call(231, 0x1ff);
  CHECK(world.calls.ended());
  CHECK(world.calls.status() == 0xff);
}

TEST_CASE("personality: without a frame left a page is not there, and nothing breaks") {
  World world;
  const Word at = world.call(9, 0, 1000 * page_size, 3, 0x22, ~0ul, 0);
  REQUIRE(at % page_size == 0);
  const std::vector<unsigned char> bytes(1000 * page_size, 7);
  const Word got = world.program.copy_out(at, bytes.data(), bytes.size());
  CHECK(got < frame_count * page_size);
  CHECK(got > 200 * page_size);
  CHECK(world.call(63, at + got) == failed(bad_address));
  CHECK(world.call(11, at, 1000 * page_size) == 0);
  CHECK(world.call(63, data_at) == 0);
}

TEST_CASE("personality: all frames of a program that ends are free again") {
  World world;
  const Word before = world.memory.frames.free_count();
  REQUIRE(world.program.push_arguments("a", "b") != 0);
  CHECK(world.call(12, heap_at + 20 * page_size) == heap_at + 20 * page_size);
  CHECK(world.call(63, heap_at + 19 * page_size) == 0);
  const Word at = world.call(9, 0, 3 * page_size, 3, 0x22, ~0ul, 0);
  CHECK(world.call(63, at) == 0);
  world.program.drop_everything([&](Frame frame) { world.memory.frames.give(frame); });
  CHECK(world.memory.frames.free_count() == before);
}

TEST_CASE("personality: random mappings and heaps, against a model of which pages there are") {
  std::mt19937 random(7);
  World world;
  std::map<Word, unsigned char> model;  // the first byte of each page that was mapped
  for (int step = 0; step < 4000; ++step) {
    const Word pages = random() % 6 + 1;
    if (random() % 2 == 0) {
      const Word at = world.call(9, 0, pages * page_size, 3, 0x22, ~0ul, 0);
      if (at > ~Word{0} - 4096) continue;  // no room
      for (Word i = 0; i < pages; ++i) {
        REQUIRE(model.count(at + i * page_size) == 0);
        const auto byte = static_cast<unsigned char>(random());
        if (world.program.copy_out(at + i * page_size, &byte, 1) == 1) model[at + i * page_size] = byte;
        else model[at + i * page_size] = 0;
      }
    } else if (!model.empty()) {
      auto place = model.begin();
      std::advance(place, random() % model.size());
      const Word at = place->first;
      if (world.call(11, at, pages * page_size) != 0) continue;
      for (Word i = 0; i < pages; ++i) model.erase(at + i * page_size);
    }
    for (const auto& [at, byte] : model) {
      unsigned char found = 1;
      if (world.program.copy_in(&found, at, 1) != 1) continue;  // no frame for it
      REQUIRE(found == byte);
    }
    if (!model.empty()) {
      const Word behind = model.rbegin()->first + page_size;
      unsigned char byte;
      CHECK(world.program.copy_in(&byte, behind, 1) == (behind >= Program::stack_top - Program::stack_bytes ? 1 : 0));
    }
  }
}
