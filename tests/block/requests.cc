// SPDX-License-Identifier: MIT
// Reads, writes, and requests that are none.
#include "check.h"

namespace block_test {

void test_requests(BlockClient& client, Word sectors) {
  volatile Word* const words = words_of(client);
  bool done = true, same = true;
  for (const Word count : {Word{1}, Word{2}, Word{7}, Word{128}}) {
    for (const Word sector : {Word{0}, Word{77}, sectors - count}) {
      fill(words, sector, count, count);
      done = client.write(sector, count).ok() && done;
      clear(words, count);
      done = client.read(sector, count).ok() && done;
      same = filled(words, sector, count, count) && same;
    }
  }
  check(done, "reads and writes of 1 to 128 sectors, at the beginning and at the end of the disk");
  check(same, "what was written is what is read");
  fill(words, 40, 4, 9);
  done = client.write(40, 4).ok();
  clear(words, 8);
  done = client.read(42, 1, 3 * sector_bytes).ok() && done;
  check(done && filled(words + 3 * words_per_sector, 42, 1, 9) && words[0] == 0 &&
            words[4 * words_per_sector] == 0,
        "a read changes its part of the buffer and no other");
  check(client.flush().ok(), "a flush is answered");
}

void test_refusals(BlockClient& client, Word sectors) {
  const l4::ThreadId to = disk();
  const auto read = [to](Word buffer, Word offset, Word sector, Word count) {
    return mica::call<Block::read>(to, buffer, offset, sector, count).error();
  };
  bool refused = client.read(sectors, 1).error() == Error::bad_argument;
  refused = refused && client.read(sectors - 1, 2).error() == Error::bad_argument;
  refused = refused && client.read(~Word{0}, 2).error() == Error::bad_argument;
  refused = refused && client.write(0, ~Word{0} / 256).error() == Error::bad_argument;
  refused = refused && client.read(0, 0).error() == Error::bad_argument;
  check(refused, "sectors that the disk has not are refused");
  refused = client.read(0, 1, 100).error() == Error::bad_argument;
  refused = refused && client.read(0, 2, buffer_bytes - sector_bytes).error() == Error::bad_argument;
  refused = refused && client.read(0, 1, ~Word{511}).error() == Error::bad_argument;
  refused = refused && client.read(0, Word{1} << 55).error() == Error::bad_argument;
  check(refused, "and places that the buffer has not");
  refused = true;
  for (const Word forged : {Word{5}, Word{127}, Word{128}, ~Word{0}})
    refused = refused && read(forged, 0, 0, 1) == Error::not_found;
  check(refused, "forged buffers are not found");
  refused = mica::call<Block::buffer>(to, Word{0}).error() == Error::bad_argument;
  refused = refused && mica::call<Block::buffer>(to, (Word{4} << 20) + 1).error() == Error::bad_argument;
  Word made[4] = {}, count = 0;
  mica::Result<mica::DiskBuffer> more = Error::none;
  while (count < 4 && (more = mica::call<Block::buffer>(to, Word{1})).ok()) made[count++] = more->number;
  refused = refused && count == 3 && more.error() == Error::no_room;
  for (Word i = 0; i < count; ++i) refused = mica::call<Block::drop>(to, made[i]).ok() && refused;
  refused = refused && mica::call<Block::drop>(to, made[0]).error() == Error::not_found;
  more = mica::call<Block::buffer>(to, Word{1});
  check(refused && more.ok() && mica::call<Block::drop>(to, more->number).ok(),
        "a task has four buffers, and new ones when it drops some");
}

void test_bad_sectors(BlockClient& client, Word bad) {
  check(client.read(bad, 1).error() == Error::device,
        "a sector that cannot be read is an error of the device");
  check(client.read(bad + 8, 1).ok(), "and the next request is answered");
}

}  // namespace block_test
