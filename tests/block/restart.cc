// SPDX-License-Identifier: MIT
// Several threads at a time, and a driver that ends in the midst of what they do.
#include "check.h"

namespace block_test {

namespace {

constexpr Word workers = 6, area = 64, stack_bytes = 0x2000;  // sectors of each
alignas(16) constinit std::byte stacks[workers][stack_bytes] = {};

struct Work {
  Word first = 0;
  Word rounds = 0;                        // 0: until `stop`
  volatile Word acknowledged[area] = {};  // of each sector: the round whose write was answered last
  volatile Word begun[area] = {};         // and the one that was begun
  volatile bool sound = true, done = false;
  volatile Word finished = 0;  // writes
};
constinit Work works[workers];
constinit volatile bool stop = false;
// Each worker has a client of its own, with a window of its own; the main thread has the fourth buffer.
constinit BlockClient clients[3] = {{"disk", window + (Word{1} << 32), 8 * sector_bytes},
                                    {"disk", window + (Word{2} << 32), 8 * sector_bytes},
                                    {"disk", window + (Word{3} << 32), 8 * sector_bytes}};

// Writes sectors one by one, and reads back what it wrote.
void work(Word n) {
  Work& own = works[n];
  BlockClient& client = clients[n % 3];
  volatile Word* const words = words_of(client);
  Word random = n * 977 + 5;
  for (Word round = 1; own.rounds == 0 ? !stop : round <= own.rounds; ++round) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    const Word place = (random >> 33) % area, sector = own.first + place;
    own.begun[place] = round;
    fill(words, sector, 1, round);
    if (!client.write(sector, 1)) {
      own.sound = false;
      break;
    }
    own.acknowledged[place] = round;
    own.finished = own.finished + 1;
    clear(words, 1);
    if (!client.read(sector, 1) || !filled(words, sector, 1, round)) own.sound = false;
  }
  own.done = true;
  for (;;) L4_Sleep(L4_Never);
}

// A thread that uses the first worker's buffer, at a place of its own, without a library.
void read_only(Word n) {
  Work& own = works[n];
  const l4::ThreadId to = disk();
  for (Word round = 0; round < own.rounds; ++round) {
    if (!mica::call<Block::read>(to, Word{0}, buffer_bytes / 2 + (n - 3) * sector_bytes,
                                 own.first + round % area, Word{1}))
      own.sound = false;
    own.finished = own.finished + 1;
  }
  own.done = true;
  for (;;) L4_Sleep(L4_Never);
}

bool start(Word n, void (*entry)(Word)) { return runtime::start_task_thread(entry, n, stacks[n]).ok(); }

bool await_all(Word first, Word last) {
  for (Word tries = 0; tries < 20'000; ++tries) {
    bool done = true;
    for (Word n = first; n < last; ++n) done = done && works[n].done;
    if (done) return true;
    L4_Sleep(L4_TimePeriod(1000));
  }
  return false;
}

// Are the sectors of the workers as they were told, or as a write says that was not answered?
bool as_answered(BlockClient& client, Word first, Word last) {
  for (Word n = first; n < last; ++n) {
    for (Word place = 0; place < area; ++place) {
      const Word round = works[n].acknowledged[place], begun = works[n].begun[place];
      if (round == 0) continue;
      const Word sector = works[n].first + place;
      if (!client.read(sector, 1)) return false;
      if (!filled(words_of(client), sector, 1, round) && !filled(words_of(client), sector, 1, begun))
        return false;
    }
  }
  return true;
}

mica::TaskId driver_task() { return mica::TaskId::of(disk()); }

}  // namespace

// Six threads at a time: three that write and read back, three that read.
void test_many(Word first_sector) {
  bool started = true;
  for (Word n = 0; n < workers; ++n) {
    works[n].first = first_sector + n % 3 * area;
    works[n].rounds = 60;
    if (n < 3) started = clients[n].open().ok() && started;
  }
  for (Word n = 0; n < workers; ++n) started = start(n, n < 3 ? work : read_only) && started;
  check(started, "six threads use the disk");
  check(await_all(0, workers), "all of them come to their ends");
  bool sound = true;
  for (const Work& own : works) sound = sound && own.sound && own.finished == 60;
  check(sound, "each has got what it asked for");
}

void test_restart(BlockClient& client, Word first_sector) {
  for (Word n = 1; n <= workers; ++n) (void)mica::call<Root::delete_thread>(mica::root_server(), n);
  for (Word n = 0; n < 3; ++n) {
    Work& own = works[n];
    own.first = first_sector + n * area;
    own.rounds = 0;
    own.finished = 0;
    own.done = false;
    for (Word place = 0; place < area; ++place) {
      own.acknowledged[place] = 0;
      own.begun[place] = 0;
    }
  }
  bool started = true;
  for (Word n = 0; n < 3; ++n) started = start(n, work) && started;
  bool killed = started, moved = true;
  for (unsigned i = 0; i < 8; ++i) {
    const Word before = works[0].finished + works[1].finished + works[2].finished;
    const mica::TaskId old = driver_task();
    killed = mica::call<Root::kill>(mica::root_server(), old).ok() && killed;
    for (Word k = 0; k < 4000 && works[0].finished + works[1].finished + works[2].finished < before + 12;
         ++k) {
      L4_Sleep(L4_TimePeriod(500));
    }
    moved = moved && works[0].finished + works[1].finished + works[2].finished >= before + 12 &&
            driver_task() != old;
  }
  check(killed, "the driver is killed eight times while three threads write");
  check(moved, "a new one has answered them each time");
  stop = true;
  check(await_all(0, 3) && works[0].sound && works[1].sound && works[2].sound,
        "each has read what it wrote last");
  check(as_answered(client, 0, 3), "no write that was answered is lost");
  runtime::print("writes={}\n", works[0].finished + works[1].finished + works[2].finished);
}

// The machine's operator resets the device behind the driver's back.
void await_reset(BlockClient& client) {
  const auto pci = mica::call<Root::find>(mica::root_server(), Name("pci"));
  for (Word n = 0; pci; ++n) {
    const auto function = mica::call<mica::Pci::function>(*pci, n);
    if (!function) break;
    const auto region = mica::call<mica::Pci::region>(*pci, n, Word{0});
    if (function->vendor == 0x1af4 && region && region->ports != 0)
      runtime::print("ports={}\n", region->address);
  }
  volatile Word* const words = words_of(client);
  bool sound = true;
  mica::Result<mica::DiskInfo> info = Error::none;
  Word round = 1;
  for (; round < 100'000; ++round) {
    fill(words, 500, 3, round);
    sound = client.write(500, 3).ok() && sound;
    clear(words, 3);
    sound = client.read(500, 3).ok() && filled(words, 500, 3, round) && sound;
    if (round == 3) runtime::print("now\n");
    if (round > 3) L4_Sleep(L4_TimePeriod(2000));
    info = client.info();
    if (!info || info->restarts != 0) break;
  }
  check(info && info->restarts == 1, "the device was reset and has been started again");
  check(sound, "no request was lost or failed");
  fill(words, 600, 2, 1);
  check(client.write(600, 2).ok() && client.flush().ok(), "and it goes on");
}

}  // namespace block_test
