// SPDX-License-Identifier: MIT
// A task that tests the disk's driver, in the system systems/block. The first word of the disk, if
// there is one, says what: a program that boots this from outside writes it there. With the argument
// part=careless it is another driver.
#include "check.h"

using namespace block_test;

namespace {

constinit BlockClient client{"disk", window, buffer_bytes};

// The first sector: a word, and a number.
struct Order {
  char word[8];
  Word number;
};

void run(std::string_view order, Word number, Word sectors) {
  if (order == "bad") return test_bad_sectors(client, number);
  if (order == "reset") return await_reset(client);
  if (order == "driver") return test_careless();
  if (order == "readonly") {
    check(client.write(0, 1).error() == Error::denied, "a disk to read only is not written");
    check(client.flush().ok(), "but it can be flushed");
    return;
  }
  test_requests(client, sectors);
  test_refusals(client, sectors);
  test_many(1000);
  test_restart(client, 2000);
  // For whoever looks at the disk from outside.
  fill(words_of(client), 3000, 64, 42);
  check(client.write(3000, 64).ok() && client.flush().ok(), "the last writes are flushed");
}

}  // namespace

int main() {
  if (mica::argument("part") == "careless") return run_careless_driver();
  const auto opened = client.open();
  const auto info = client.info();
  if (!info) {
    runtime::print("disk: {}\n", mica::text(info.error()));
    return info.error() == Error::device ? 0 : 1;
  }
  runtime::print("sectors={}\nwritable={}\n", info->sectors, info->writable);
  if (!check(opened.ok() && client.read(0, 1).ok(), "the disk is there")) return 1;
  const Order order = *reinterpret_cast<const Order*>(client.data());
  Word size = 0;
  while (size < sizeof(order.word) && order.word[size] != 0) ++size;
  run({order.word, size}, order.number, info->sectors);
  return task_checks::report_checks();
}
