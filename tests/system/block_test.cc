// SPDX-License-Identifier: MIT
// The disk: systems/block, whose test task uses the driver, ends it in the midst of requests, and
// says what must be on the disk then.
#include <doctest/doctest.h>

#include "files.h"
#include "machine.h"

namespace {

constexpr std::size_t sector = 512, sectors = 16384;

Machine machine() { return Machine().system("block"); }

// An image whose first sector tells the test task what to do.
std::string image(const TemporaryFolder& folder, const std::string& order = "", std::uint64_t number = 0) {
  std::string content(sectors * sector, 0);
  content.replace(0, order.size(), order);
  std::memcpy(&content[8], &number, sizeof(number));
  return folder.file("disk", content);
}

// Does the sector hold what the test task has written there in that round?
bool holds(const std::string& disk, std::size_t number, std::uint64_t round) {
  for (std::size_t i = 0; i < sector / 8; ++i) {
    std::uint64_t word = 0;
    std::memcpy(&word, &disk[number * sector + 8 * i], 8);
    if (word != (round << 40 | number << 8 | i)) return false;
  }
  return true;
}

void check_all(const Machine& machine, const TemporaryFolder& folder) {
  const Outcome outcome = machine.run(60);
  CAPTURE(outcome.output);
  CHECK(outcome.status == success);
  CHECK(outcome.number("sectors") == sectors);
  CHECK_FALSE(outcome.says("not ok"));
  CHECK(outcome.says("\n0 of "));
  CHECK_FALSE(outcome.says("crash:"));
  const std::string disk = read_file(folder.path("disk"));
  REQUIRE(disk.size() == sectors * sector);
  for (std::size_t n = 3000; n < 3064; ++n) CHECK(holds(disk, n, 42));
}

}  // namespace

TEST_CASE("disk: reads, writes, refusals, several threads, and a driver that is killed in mid-request") {
  for (const char* const options : {"", ",disable-legacy=on", ",queue-size=16"}) {
    CAPTURE(options);
    const TemporaryFolder folder;
    check_all(machine().disk(image(folder), options).real_time(), folder);
  }
}

TEST_CASE("disk: the same with the interrupt of its line, and under a clock that counts instructions") {
  const TemporaryFolder folder;
  check_all(machine().disk(image(folder), ",vectors=0"), folder);
}

TEST_CASE("disk: without a device, and with one of the time before virtio 1.0, each request is an error") {
  const Outcome without = machine().run();
  CHECK(without.status == success);
  CHECK(without.says("virtio_blk: there is no device"));
  CHECK(without.says("\ndisk: device error\n"));
  const TemporaryFolder folder;
  const Outcome legacy = machine().disk(image(folder), ",disable-modern=on").run();
  CHECK(legacy.status == success);
  CHECK(legacy.says("virtio_blk: it has no registers of virtio 1.0"));
  CHECK(legacy.says("\ndisk: device error\n"));
}

TEST_CASE("disk: one to read only is not written") {
  const TemporaryFolder folder;
  const Outcome outcome =
      machine()
          .add({"-drive", "file=" + image(folder, "readonly") + ",format=raw,if=none,id=disk,read-only=on",
                "-device", "virtio-blk-pci,drive=disk"})
          .run();
  CAPTURE(outcome.output);
  CHECK(outcome.status == success);
  CHECK(outcome.number("writable") == 0);
  CHECK(outcome.says("\n0 of 3 checks failed"));
}

TEST_CASE("disk: a sector that cannot be read is an error of the device, and the next one is read") {
  const TemporaryFolder folder;
  const std::string file = image(folder, "bad", 800);
  const Outcome outcome = machine().failing_disk(file, "read", "800").run();
  CAPTURE(outcome.output);
  CHECK(outcome.status == success);
  CHECK(outcome.says("\n0 of 3 checks failed"));
}

// The transitional device has the registers of before as well, at a port of its own: 18 bytes
// behind the first one is the status, and writing 0 there resets the device.
TEST_CASE("disk: a device that somebody else resets is started again, and no request is lost") {
  const TemporaryFolder folder;
  const Outcome outcome =
      machine().disk(image(folder, "reset")).real_time().run_on("\nnow\n", [](const Outcome& so_far) {
        return "o /b " + std::to_string(so_far.number("ports") + 18) + " 0";
      });
  CAPTURE(outcome.output);
  CHECK(outcome.status == success);
  CHECK(outcome.says("\n0 of 4 checks failed"));
  const std::string disk = read_file(folder.path("disk"));
  for (std::size_t n = 600; n < 602; ++n) CHECK(holds(disk, n, 1));
}

// The command register of the careless driver's device, by the ports of the configuration space.
TEST_CASE("disk: a driver has ended: its device is silent, before that its memory goes to nobody") {
  const TemporaryFolder folder;
  const Outcome outcome =
      machine().disk(image(folder, "driver")).real_time().run_on("\nnow\n", [](const Outcome& so_far) {
        constexpr std::uint32_t enable = 0x8000'0000, command_register = 4;
        const auto place = enable | static_cast<std::uint32_t>(so_far.number("function")) << 8 | command_register;
        return "o /w 0xcf8 " + std::to_string(place) + "\ni /w 0xcfc";
      });
  CAPTURE(outcome.output);
  CAPTURE(outcome.monitor);
  CHECK(outcome.status == success);
  CHECK(outcome.says("\n0 of 3 checks failed"));
  constexpr std::string_view answer = "portl[0x0cfc] = 0x";
  const std::size_t at = outcome.monitor.find(answer);
  REQUIRE(at != std::string::npos);
  constexpr unsigned long memory = 2, master = 4;
  const unsigned long command = std::stoul(outcome.monitor.substr(at + answer.size()), nullptr, 16);
  CHECK((command & memory) != 0);
  CHECK((command & master) == 0);
}
