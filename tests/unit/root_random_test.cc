// SPDX-License-Identifier: MIT
// Random mutations of a manifest and an archive: nothing is read beyond the end (which a
// sanitizer sees), and what is accepted keeps the promises of the types.
//
// MICA_FUZZ_STEPS: how many mutations of each; MICA_FUZZ_SEED: where the seeds begin.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <random>

#include "archive_maker.h"
#include "elf_file.h"
#include "manifest_fixture.h"
#include "servers/root/programs.h"

using namespace mica;
using namespace mica::test;

namespace {

u64 setting(const char* name, u64 otherwise) {
  const char* const text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 0) : otherwise;
}

class Random {
 public:
  explicit Random(u64 seed) : engine_(seed) {}
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(engine_() % n); }

 private:
  std::mt19937_64 engine_;
};

const std::string good_manifest =
    "system \"Random\" # x\nmemory 4M\ntask serial\nprogram serial.elf\narguments a b # c\npriority "
    "200\nmemory 256K\n"
    "threads 4\ntasks 2\nports 0x3f8 8\nports 0x60 1\ninterrupt 4\ninterrupt message 2\ndevice 0xfee00000 "
    "4K\ndma 64K\n"
    "provides console log\nuses console block\nrestart always at most 5 in 10s\nheartbeat 500ms\nessential\n"
    "task disk\nprogram disk.elf\nmemory 2M\ninterrupt 11 shared\nprovides block\nuses log\nholds "
    "memory\n"
    "privilege control\n";

// Words that mean something, and numbers at the ends of ranges.
const char* const pieces[] = {
    "task ", "program ",  "memory ", "0",       "0x",      "4294967296", "18446744073709551615",
    "4K",    "1G",        "ms",      "s",       " shared", "message ",   "# ",
    "\"",    "\n",        "\r\n",    "\t",      " always", " at most ",  " in ",
    "uses ", "provides ", "ports ",  "device ", "65535 1", "\x7f"};

template <class Bytes>
void mutate_bytes(Random& random, Bytes& bytes) {
  if (bytes.empty()) return;
  const std::size_t at = random.below(bytes.size());
  const auto where = bytes.begin() + static_cast<std::ptrdiff_t>(at);
  switch (random.below(4)) {
    case 0: bytes[at] = static_cast<typename Bytes::value_type>(random.below(256)); break;
    case 1: bytes[at] = static_cast<typename Bytes::value_type>(bytes[at] ^ (1 << random.below(8))); break;
    case 2:
      bytes.erase(where, where + static_cast<std::ptrdiff_t>(random.below(bytes.size() - at) % 16));
      break;
    default: bytes.resize(random.below(8) == 0 ? at : bytes.size()); break;
  }
}

void mutate_text(Random& random, std::string& text) {
  const auto line_at = [&] {
    const std::size_t end = text.find('\n', random.below(text.size() + 1));
    return end == std::string::npos ? text.size() : end + 1;
  };
  switch (random.below(4)) {
    case 0: text.insert(random.below(text.size() + 1), pieces[random.below(std::size(pieces))]); break;
    case 1: {  // a line once more, elsewhere
      const std::size_t from = line_at(), size = text.find('\n', from);
      const std::string line = text.substr(from, size == std::string::npos ? size : size - from + 1);
      text.insert(line_at(), line);
      break;
    }
    default: mutate_bytes(random, text);
  }
}

void check_view(const Parsed& parsed, std::string_view view) {
  if (view.empty()) return;
  REQUIRE(view.data() >= parsed.text.data());
  REQUIRE(view.data() + view.size() <= parsed.text.data() + parsed.text.size());
  for (const char c : view) REQUIRE((c < 0 || c >= ' ' || c == '\t'));
}

// What a manifest promises that is not wrong.
void check_good(const Parsed& parsed) {
  REQUIRE_FALSE(parsed.manifest->tasks.empty());
  root::Word memory = 0;
  for (const root::TaskSpec& task : parsed.manifest->tasks) {
    REQUIRE((!task.name.empty() && task.name.size() < 32));
    REQUIRE((!task.program.empty() && task.program.size() < 64));
    REQUIRE(task.arguments.size() < 512);
    REQUIRE((task.priority >= 1 && task.priority <= 254 && task.threads >= 1 && task.threads <= 64));
    REQUIRE((task.memory >= 4096 && task.memory % 4096 == 0 && task.dma <= task.memory && task.tasks <= 64));
    memory += task.memory;
    for (const root::Region& r : task.ports) REQUIRE((r.size >= 1 && r.first + r.size <= 0x10000));
    for (const root::Region& r : task.devices)
      REQUIRE((r.size >= 4096 && r.first + r.size <= root::Word{1} << 46));
    for (const root::Interrupt& i : task.interrupts) REQUIRE((i.number >= 1 && i.number <= 255));
    REQUIRE((task.restart.limit <= 8 && (task.restart.limit != 0) == (task.restart.window != 0)));
  }
  REQUIRE((parsed.manifest->memory == 0 || memory <= parsed.manifest->memory));
}

}  // namespace

TEST_CASE("random manifests are read to their end, and accepted only if they are right") {
  REQUIRE(Parsed(good_manifest).faults().empty());
  u64 accepted = 0;
  const u64 steps = setting("MICA_FUZZ_STEPS", 4000), first = setting("MICA_FUZZ_SEED", 1);
  for (u64 seed = first; seed < first + steps; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    std::string text = good_manifest;
    for (std::size_t n = random.below(6) + 1; n-- > 0;) mutate_text(random, text);
    text.shrink_to_fit();
    const Parsed parsed(text);
    CAPTURE(text);
    unsigned line = 0;
    const auto lines = static_cast<unsigned>(std::count(text.begin(), text.end(), '\n')) + 1;
    for (const root::Complaint& complaint : parsed.complaints) {
      REQUIRE((complaint.line >= 1 && complaint.line >= line && complaint.line <= lines));
      line = complaint.line;
      for (const char* c = complaint.text; *c != 0; ++c) REQUIRE((*c >= ' ' && *c <= '~'));
    }
    check_view(parsed, parsed.manifest->system);
    for (const root::TaskSpec& task : parsed.manifest->tasks) {
      for (const std::string_view view : {task.name, task.program, task.arguments}) check_view(parsed, view);
      for (const std::string_view name : task.provides) check_view(parsed, name);
      for (const std::string_view name : task.uses) check_view(parsed, name);
    }
    if (!parsed.complaints.empty()) continue;
    check_good(parsed);
    ++accepted;
  }
  CHECK(accepted > steps / 50);
  CHECK(accepted < steps);
}

TEST_CASE("random archives are never read beyond their end") {
  const ElfFile program = good_elf();
  const std::string elf(program.bytes().begin(), program.bytes().end());
  const ArchiveBytes whole = ArchiveMaker()
                                 .add("./", "", '5')
                                 .add("./serial.elf", elf)
                                 .add("disk.elf", elf)
                                 .add("m", "x")
                                 .end()
                                 .bytes();
  const Parsed parsed(good_manifest);
  u64 accepted = 0;
  const u64 steps = setting("MICA_FUZZ_STEPS", 4000), first = setting("MICA_FUZZ_SEED", 1);
  for (u64 seed = first; seed < first + steps; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    ArchiveBytes mutated = whole;
    for (std::size_t n = random.below(4) + 1; n-- > 0;) mutate_bytes(random, mutated);
    // Of exactly this size, so that a sanitizer sees each byte behind it.
    const std::size_t size = mutated.size();
    const auto bytes = std::make_unique<unsigned char[]>(size);
    std::copy(mutated.begin(), mutated.end(), bytes.get());
    const root::Archive archive(std::span(bytes.get(), size));
    std::size_t files = 0;
    for (const root::File& file : archive) {
      REQUIRE((!file.name.empty() && file.name.size() <= 100));
      REQUIRE(file.data.data() >= bytes.get());
      REQUIRE(file.data.data() + file.data.size() <= bytes.get() + size);
      REQUIRE(archive.find(file.name));
      ++files;
    }
    REQUIRE(files <= 3);
    root::Complaints complaints;
    check_programs(*parsed.manifest, archive, complaints);
    if (archive.check() == nullptr) ++accepted;
  }
  CHECK(accepted > steps / 50);
  CHECK(accepted < steps);
}
