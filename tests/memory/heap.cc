// SPDX-License-Identifier: MIT
// The heap, used by several threads.
#include <new>

#include "check.h"

namespace memory_test {

namespace {

constexpr Word workers = 3, blocks = 40, rounds = 400;

constinit volatile bool sound[workers] = {};
constinit volatile bool done[workers] = {};

// Blocks of many sizes, each filled with its own byte, which has to be there when it is freed.
void work(Word number) {
  unsigned char* block[blocks] = {};
  Word size[blocks] = {};
  bool good = true;
  Word random = number * 77 + 1;
  for (Word i = 0; i < rounds; ++i) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    const Word k = (random >> 33) % blocks;
    const auto mark = static_cast<unsigned char>(k + number * blocks);
    for (Word b = 0; b < size[k]; ++b) good = good && block[k][b] == mark;
    free(block[k]);
    size[k] = (random >> 40) % 700;
    block[k] = static_cast<unsigned char*>(malloc(size[k]));
    good = good && block[k] != nullptr && reinterpret_cast<Word>(block[k]) % 16 == 0;
    for (Word b = 0; b < size[k]; ++b) block[k][b] = mark;
  }
  for (unsigned char* const left : block) free(left);
  sound[number] = good;
  done[number] = true;
}

}  // namespace

void test_heap() {
  bool all = true;
  for (Word i = 0; i < workers; ++i) all = mica::start_thread(work, i).ok() && all;
  for (Word i = 0; i < workers; ++i) {
    while (!done[i]) L4_Sleep(L4_TimePeriod(1000));
    all = sound[i] && all;
  }
  check(all, "threads have blocks of the heap for themselves");
  auto* const text = static_cast<char*>(calloc(10, 1000));
  bool zeros = true;
  for (unsigned i = 0; i < 10000; ++i) zeros = zeros && text[i] == 0;
  text[9999] = 'x';
  auto* const longer = static_cast<char*>(realloc(text, 50000));
  check(zeros && longer[9999] == 'x' && longer != text, "calloc clears, realloc keeps");
  free(longer);
  check(malloc(Word{1} << 40) == nullptr && calloc(Word{1} << 40, Word{1} << 40) == nullptr,
        "there is no block larger than the heap");
  auto* const number = new (std::nothrow) Word(5);
  check(number != nullptr && *number == 5, "new makes objects");
  delete number;
  bool ended = true;
  for (unsigned i = 0; i < 100; ++i) {
    done[0] = false;
    const auto thread = mica::start_thread([](Word) { done[0] = true; }, 0);
    ended = thread.ok() && ended;
    while (thread && !done[0]) L4_Sleep(L4_TimePeriod(100));
  }
  check(ended, "a hundred threads come and go");
}

}  // namespace memory_test
