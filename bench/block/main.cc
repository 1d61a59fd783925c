// SPDX-License-Identifier: MIT
// A task that measures what a disk costs through its driver (servers/virtio_blk).
//
// Counted: instructions of the machine from one pass of the client's loop to the next: the client's
// stub, the driver, the kernel with its interrupt, the check of the answer. The disk has no content
// and is QEMU's null-co, which answers within the write that tells it of a request: what a disk
// takes for itself is not in a figure. The interrupt comes a few instructions sooner or later all the
// same, so each limit is one for the greatest sample, and the baseline has no figure. Data is not
// copied: a large read costs what a small one does.
#include <mica/block_client.h>
#include <runtime/program.h>

#include "../lib/measure.h"
#include "../lib/repeat.h"

namespace bench {

namespace {

using mica::BlockClient;
using mica::Word;

constexpr Word window = Word{1} << 40, largest = 0x100000, sector_bytes = 512;
constexpr Word request_limit = 5000, kib_limit = 1024;  // of a KiB: an instruction a byte
constexpr Word restart_limit = 2'000'000;

constinit BlockClient disk{"disk", window, largest};

[[noreturn]] void wrong_answer() { runtime::panic("the disk does not do what it should"); }

// A place of so many sectors of the disk, another one each time.
class Places {
 public:
  Places(Word sectors, Word count) : last_(sectors - count) {}
  Word random() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return (state_ >> 33) % last_;
  }
  Word next(Word count) {
    at_ = at_ + count < last_ ? at_ + count : 0;
    return at_;
  }

 private:
  Word last_, at_ = 0, state_ = 1;
};

auto random_reads(Places places) {
  return repeat([places]() mutable {
    if (!disk.read(places.random(), 1)) [[unlikely]]
      wrong_answer();
  });
}

auto random_writes(Places places) {
  return repeat([places]() mutable {
    if (!disk.write(places.random(), 1)) [[unlikely]]
      wrong_answer();
  });
}

auto sequential_reads(Places places, Word sectors) {
  return repeat([places, sectors]() mutable {
    if (!disk.read(places.next(sectors), sectors)) [[unlikely]]
      wrong_answer();
  });
}

// A whole batch divided by the KiB that it reads.
template <typename Rounds>
void measure_kib(const Row& row, Rounds rounds, Word bytes) {
  Samples samples;
  for (unsigned i = 0; i < batches; ++i)
    samples.add(run_batch(rounds, batch_rounds), batch_rounds * bytes / 1024);
  add_row(row, 0, samples);
}

// From the end of the driver to the first sector that the next one has read: the root server's work, the
// PCI server's, the start of the device, and a new buffer for the client. A nanosecond is an instruction.
void measure_restart() {
  static constinit BlockClient small{"disk", window + (Word{1} << 32), sector_bytes};
  if (!small.open()) wrong_answer();
  measure_once(
      {"block", "restart/first-read", restart_limit, 0, true}, 0,
      [] {
        const auto driver = mica::call<mica::Root::find>(mica::root_server(), mica::Name("disk"));
        if (!driver) wrong_answer();
        const Word start = ticks();
        if (!mica::call<mica::Root::kill>(mica::root_server(), mica::TaskId::of(*driver))) wrong_answer();
        if (!small.read(1, 1)) wrong_answer();
        return ticks() - start;
      },
      1, Samples::capacity);
}

void measure(Word sectors) {
  measure_rounds<1>({"block", "read/512/random", request_limit, 0, true}, random_reads({sectors, 1}));
  measure_rounds<2>({"block", "write/512/random", request_limit, 0, true}, random_writes({sectors, 1}));
  measure_rounds<3>({"block", "flush", request_limit, 0, true}, repeat([] {
                      if (!disk.flush()) [[unlikely]]
                        wrong_answer();
                    }));
  for (const auto& [name, bytes] : {std::pair{"read/sequential/4KiB/per-KiB", Word{0x1000}},
                                    std::pair{"read/sequential/64KiB/per-KiB", Word{0x10000}},
                                    std::pair{"read/sequential/1MiB/per-KiB", Word{0x100000}}}) {
    const Word count = bytes / sector_bytes;
    measure_kib({"block", name, kib_limit, 0, true}, sequential_reads({sectors, count}, count), bytes);
  }
  measure_restart();
}

}  // namespace

}  // namespace bench

int main() {
  const auto opened = bench::disk.open();
  const auto info = bench::disk.info();
  if (!opened || !info) runtime::panic("there is no disk");
  bench::measure(info->sectors);
  bench::print_report();
  return 0;
}
