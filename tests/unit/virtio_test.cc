// SPDX-License-Identifier: MIT
// The driver of disks against a device that is made up here: a good one, and ones that are not.
#include <doctest/doctest.h>

#include <servers/runtime/ring.h>
#include <servers/virtio_blk/buffers.h>
#include <servers/virtio_blk/disk.h>

#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <vector>

using namespace virtio;

namespace {

constexpr unsigned sectors = 64, sector = 512;

// The ring as a device sees it, at the addresses that it is told.
struct Descriptor {
  std::uint64_t address;
  std::uint32_t length;
  std::uint16_t flags, next;
};

struct alignas(4096) Ring {
  std::uint8_t bytes[RequestQueue::bytes];
};

// A device with a disk of its own. Its driver's addresses are those of the host.
struct Device {
  std::vector<std::uint8_t> medium = std::vector<std::uint8_t>(sectors * sector);
  std::uint64_t offered = feature::version_1 | 1 << 9;
  std::uint64_t accepted = 0;
  unsigned most_descriptors = 256;
  bool resets = true, takes_features = true, takes_queue = true;
  std::uint8_t status = 0;
  unsigned size = 0;
  RequestQueue::Rings rings{};
  std::uint16_t next_available = 0, used_index = 0;
  unsigned notices = 0, starts = 0;
  std::deque<unsigned> taken;  // heads that it has and has not answered

  void reset() {
    status = 0;
    size = 0;
    next_available = used_index = 0;
    taken.clear();
  }
  template <typename T>
  static T& at(std::uint64_t address) {
    return *reinterpret_cast<T*>(address);
  }
  const Descriptor& descriptor(unsigned n) const {
    REQUIRE(n < size);
    return at<Descriptor>(rings.descriptors + 16 * n);
  }

  // Takes what is available; false: it is off.
  bool take() {
    if ((status & status::driver_ok) == 0 || (status & status::needs_reset) != 0) return false;
    const auto index = at<std::uint16_t>(rings.available + 2);
    for (; next_available != index; ++next_available) {
      taken.push_back(at<std::uint16_t>(rings.available + 4 + 2 * (next_available % size)));
    }
    return true;
  }
  std::vector<Descriptor> chain(unsigned head) const {
    std::vector<Descriptor> all{descriptor(head)};
    while ((all.back().flags & 1) != 0) {
      REQUIRE(all.size() < 4);
      all.push_back(descriptor(all.back().next));
    }
    return all;
  }
  void put_used(std::uint32_t id, std::uint32_t length) {
    at<std::uint32_t>(rings.used + 4 + 8 * (used_index % size)) = id;
    at<std::uint32_t>(rings.used + 8 + 8 * (used_index % size)) = length;
    at<std::uint16_t>(rings.used + 2) = ++used_index;
  }
  // Does the n-th of those that it has, and says so.
  void answer(std::size_t n = 0, std::uint8_t result = 0) {
    REQUIRE(n < taken.size());
    const unsigned head = taken[n];
    taken.erase(taken.begin() + static_cast<long>(n));
    const std::vector<Descriptor> parts = chain(head);
    REQUIRE(parts.size() >= 2);
    const auto kind = at<std::uint32_t>(parts[0].address);
    const auto first = at<std::uint64_t>(parts[0].address + 8);
    CHECK(parts[0].length == 16);
    CHECK(parts[0].flags == 1);
    CHECK(parts.back().length == 1);
    CHECK(parts.back().flags == 2);
    std::uint32_t written = 1;
    if (kind == 4) {
      CHECK(parts.size() == 2);
    } else {
      REQUIRE(parts.size() == 3);
      CHECK(parts[1].flags == (kind == 0 ? 3 : 1));
      REQUIRE(first * sector + parts[1].length <= medium.size());
      auto* const data = reinterpret_cast<std::uint8_t*>(parts[1].address);
      if (result == 0 && kind == 0) std::memcpy(data, &medium[first * sector], parts[1].length);
      if (result == 0 && kind == 1) std::memcpy(&medium[first * sector], data, parts[1].length);
      if (kind == 0) written += parts[1].length;
    }
    at<std::uint8_t>(parts.back().address) = result;
    put_used(head, written);
  }
};

struct Transport {
  Device* device;
  std::uint8_t status() { return device->status; }
  void set_status(std::uint8_t value) {
    if (value == 0) {
      if (device->resets) device->reset();
      return;
    }
    device->status = value;
    if ((value & status::features_ok) != 0 && !device->takes_features)
      device->status &= static_cast<std::uint8_t>(~status::features_ok);
    if ((value & status::driver_ok) != 0) ++device->starts;
  }
  std::uint64_t features() { return device->offered; }
  void accept(std::uint64_t features) {
    CHECK((features & ~device->offered) == 0);
    device->accepted = features;
  }
  unsigned queue_size() { return device->most_descriptors; }
  bool start_queue(unsigned size, const RequestQueue::Rings& rings) {
    CHECK(rings.descriptors % 16 == 0);
    CHECK(rings.available % 2 == 0);
    CHECK(rings.used % 4 == 0);
    device->size = size;
    device->rings = rings;
    return device->takes_queue;
  }
  void notify() { ++device->notices; }
  std::uint64_t sectors() { return device->medium.size() / sector; }
};

struct Setup {
  Device device;
  std::unique_ptr<Ring> ring{new Ring()};
  Disk<Transport> disk{Transport{&device}};
  std::map<std::uint64_t, Error> answers;  // by client
  std::vector<std::uint8_t> data = std::vector<std::uint8_t>(64 * sector);
  std::uint64_t next_client = 1;

  Setup() { disk.set_memory(ring.get(), reinterpret_cast<std::uint64_t>(ring.get())); }

  auto done() {
    return [this](const Request& request, Error error) {
      CHECK(answers.count(request.client) == 0);
      answers[request.client] = error;
    };
  }
  // The request's number.
  std::uint64_t submit(Kind kind, std::uint64_t first = 0, unsigned count = 1, unsigned place = 0) {
    REQUIRE(disk.has_room());
    Request request{kind,           first,       reinterpret_cast<std::uint64_t>(&data[place * sector]),
                    count * sector, next_client, 0};
    if (kind == Kind::flush) request.data = request.bytes = 0;
    disk.submit(request);
    return next_client++;
  }
  bool poll() { return disk.poll(done()); }
  void check() { disk.check(done()); }
  // What became of it.
  Error outcome(std::uint64_t client) {
    REQUIRE(answers.count(client) == 1);
    return answers[client];
  }
  bool open(std::uint64_t client) const { return answers.count(client) == 0; }
  // The device does all that it has been given.
  void serve() {
    REQUIRE(device.take());
    while (!device.taken.empty()) device.answer();
  }
};

bool is_filled(const std::uint8_t* from, std::size_t bytes, std::uint8_t with) {
  for (std::size_t i = 0; i < bytes; ++i) {
    if (from[i] != with) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("virtio disk: the features that it wants and is offered, a queue that fits, and then it runs") {
  for (const unsigned most : {4u, 8u, 128u, 256u, 1024u}) {
    Setup t;
    t.device.most_descriptors = most;
    t.device.offered = feature::version_1 | 1 << 5 | 1 << 6 | 1 << 9 | 1 << 29;
    REQUIRE(t.disk.start() == nullptr);
    CHECK(t.device.accepted == (feature::version_1 | 1 << 5 | 1 << 9));
    CHECK(t.device.status == (1 | 2 | 4 | 8));
    CHECK(t.device.size == (most < 128 ? most : 128));
    CHECK(t.disk.read_only());
    CHECK(t.disk.has_cache());
    CHECK(t.disk.sectors() == sectors);
  }
}

TEST_CASE("virtio disk: a device that cannot be used is left alone, and a reason is given") {
  const auto refused = [](auto&& spoil) {
    Setup t;
    spoil(t.device);
    CHECK(t.disk.start() != nullptr);
    CHECK(!t.disk.working());
    CHECK(!t.disk.has_room());
    CHECK((t.device.status & status::driver_ok) == 0);
    return t.device.status;
  };
  CHECK(refused([](Device& d) { d.offered = 1 << 9; }) == status::failed);
  CHECK(refused([](Device& d) { d.takes_features = false; }) == status::failed);
  CHECK(refused([](Device& d) { d.most_descriptors = 0; }) == status::failed);
  CHECK(refused([](Device& d) { d.most_descriptors = 2; }) == status::failed);
  CHECK(refused([](Device& d) { d.takes_queue = false; }) == status::failed);
  refused([](Device& d) {
    d.resets = false;
    d.status = 1;
  });
}

TEST_CASE("virtio disk: what is written is read, and a flush has no data") {
  Setup t;
  REQUIRE(t.disk.start() == nullptr);
  std::memset(t.data.data(), 0x5a, 4 * sector);
  const auto write = t.submit(Kind::write, 10, 4);
  t.serve();
  CHECK(t.poll());
  CHECK(t.outcome(write) == Error::none);
  CHECK(is_filled(&t.device.medium[10 * sector], 4 * sector, 0x5a));
  const auto read = t.submit(Kind::read, 11, 2, 8), flush = t.submit(Kind::flush);
  CHECK(!t.poll());
  CHECK(t.disk.in_flight() == 2);
  t.serve();
  CHECK(t.poll());
  CHECK(!t.poll());
  CHECK(t.outcome(read) == Error::none);
  CHECK(t.outcome(flush) == Error::none);
  CHECK(is_filled(&t.data[8 * sector], 2 * sector, 0x5a));
  CHECK(t.disk.in_flight() == 0);
}

TEST_CASE("virtio disk: as many requests as the ring has room for, answered in any order, over and over") {
  std::mt19937 source(3);
  const auto random = [&source] { return static_cast<std::uint32_t>(source()); };
  Setup t;
  REQUIRE(t.disk.start() == nullptr);
  std::vector<std::uint64_t> all;
  for (int round = 0; round < 25'000; ++round) {
    while (t.disk.has_room() && random() % 4 != 0)
      all.push_back(t.submit(random() % 2 == 0 ? Kind::read : Kind::flush, random() % sectors));
    t.device.take();
    while (!t.device.taken.empty() && random() % 5 != 0) t.device.answer(random() % t.device.taken.size());
    t.poll();
  }
  while (t.disk.has_room()) all.push_back(t.submit(Kind::read));
  CHECK(t.disk.in_flight() == 42);
  t.serve();
  t.poll();
  bool done = true;
  for (const std::uint64_t client : all) done = done && t.answers.count(client) == 1 && t.answers[client] == Error::none;
  CHECK(done);
  CHECK(all.size() > 70'000);  // the ring's indices have gone round
  CHECK(t.disk.restarts() == 0);
}

TEST_CASE("virtio disk: a device that asks not to be told is not told") {
  Setup t;
  REQUIRE(t.disk.start() == nullptr);
  (void)t.submit(Kind::flush);
  CHECK(t.device.notices == 1);
  Device::at<std::uint16_t>(t.device.rings.used) = 1;
  (void)t.submit(Kind::flush);
  CHECK(t.device.notices == 1);
}

TEST_CASE("virtio disk: an error of the device is one for that request alone") {
  Setup t;
  REQUIRE(t.disk.start() == nullptr);
  for (const std::uint8_t result : {std::uint8_t{1}, std::uint8_t{2}, std::uint8_t{3}, std::uint8_t{0xff}}) {
    const auto bad = t.submit(Kind::read, 1), good = t.submit(Kind::read, 2);
    t.device.take();
    t.device.answer(0, result);
    t.device.answer();
    t.poll();
    CHECK(t.outcome(bad) == Error::device);
    CHECK(t.outcome(good) == Error::none);
  }
  CHECK(t.disk.restarts() == 0);
}

TEST_CASE("virtio disk: a read of which less was written than asked for has failed") {
  Setup t;
  REQUIRE(t.disk.start() == nullptr);
  for (const std::uint32_t length : {0u, 1u, 512u}) {
    const auto read = t.submit(Kind::read);
    t.device.take();
    const unsigned head = t.device.taken[0];
    Device::at<std::uint8_t>(t.device.chain(head).back().address) = 0;
    t.device.taken.clear();
    t.device.put_used(head, length);
    t.poll();
    CHECK(t.outcome(read) == Error::device);
  }
}

TEST_CASE(
    "virtio disk: nonsense in the used ring restarts the device, and open requests are done by the new one") {
  struct Nonsense {
    const char* what;
    std::function<void(Setup&)> put;
  };
  const Nonsense cases[] = {
      {"an id behind the ring", [](Setup& t) { t.device.put_used(128, 1); }},
      {"a very large id", [](Setup& t) { t.device.put_used(0xffff'fffd, 1); }},
      {"the middle of a chain", [](Setup& t) { t.device.put_used(t.device.taken[0] + 1, 1); }},
      {"a slot that is not in flight", [](Setup& t) { t.device.put_used(9, 1); }},
      {"more bytes than there is room for",
       [](Setup& t) { t.device.put_used(t.device.taken[0], 2 * sector); }},
      {"more answers than requests",
       [](Setup& t) { Device::at<std::uint16_t>(t.device.rings.used + 2) = 7; }},
      {"an index that goes back",
       [](Setup& t) { Device::at<std::uint16_t>(t.device.rings.used + 2) = 0xffff; }},
  };
  for (const Nonsense& nonsense : cases) {
    CAPTURE(nonsense.what);
    Setup t;
    REQUIRE(t.disk.start() == nullptr);
    std::memset(t.data.data(), 0x77, sector);
    const auto write = t.submit(Kind::write, 5), read = t.submit(Kind::read, 6);
    t.device.take();
    nonsense.put(t);
    t.poll();
    CHECK(t.open(write));
    CHECK(t.open(read));
    CHECK(t.disk.restarts() == 1);
    CHECK(t.device.starts == 2);
    CHECK(t.disk.in_flight() == 2);
    t.serve();
    t.poll();
    CHECK(t.outcome(write) == Error::none);
    CHECK(t.outcome(read) == Error::none);
    CHECK(is_filled(&t.device.medium[5 * sector], sector, 0x77));
  }
}

TEST_CASE("virtio disk: a request is answered once though the device names it twice") {
  Setup t;
  REQUIRE(t.disk.start() == nullptr);
  const auto first = t.submit(Kind::flush), second = t.submit(Kind::flush);
  t.device.take();
  const unsigned head = t.device.taken[0];
  t.device.answer();
  t.device.put_used(head, 1);
  t.poll();
  CHECK(t.outcome(first) == Error::none);
  CHECK(t.open(second));
  CHECK(t.disk.restarts() == 1);
  t.serve();
  t.poll();
  CHECK(t.outcome(second) == Error::none);
}

TEST_CASE("virtio disk: a reset that nobody asked for, a device that wants one, and one that has failed") {
  for (const std::uint8_t now :
       {std::uint8_t{0}, std::uint8_t{0x4f}, std::uint8_t{0x8f}, std::uint8_t{0xff}}) {
    CAPTURE(int{now});
    Setup t;
    REQUIRE(t.disk.start() == nullptr);
    t.check();
    CHECK(t.disk.restarts() == 0);
    std::memset(t.data.data(), 0x33, 2 * sector);
    const auto done = t.submit(Kind::write, 0), lost = t.submit(Kind::write, 1, 1, 1);
    t.device.take();
    t.device.answer();
    t.poll();
    if (now == 0) t.device.reset();
    t.device.status = now;
    CHECK(!t.poll());
    t.check();
    CHECK(t.outcome(done) == Error::none);
    CHECK(t.open(lost));
    CHECK(t.disk.restarts() == 1);
    t.serve();
    t.poll();
    CHECK(t.outcome(lost) == Error::none);
    CHECK(is_filled(&t.device.medium[0], 2 * sector, 0x33));
  }
}

TEST_CASE(
    "virtio disk: a device that does not come back is an error for all, and works again when it is back") {
  Setup t;
  REQUIRE(t.disk.start() == nullptr);
  const auto one = t.submit(Kind::read, 1), two = t.submit(Kind::write, 2);
  t.device.status = 0x4f;
  t.device.takes_features = false;
  t.check();
  CHECK(t.outcome(one) == Error::device);
  CHECK(t.outcome(two) == Error::device);
  CHECK(!t.disk.working());
  CHECK(!t.disk.has_room());
  CHECK(t.disk.in_flight() == 0);
  t.device.takes_features = true;
  REQUIRE(t.disk.start() == nullptr);
  const auto three = t.submit(Kind::read, 1);
  t.serve();
  t.poll();
  CHECK(t.outcome(three) == Error::none);
}

TEST_CASE("virtio disk: a disk that has become smaller does not get requests that are beyond its end") {
  Setup t;
  REQUIRE(t.disk.start() == nullptr);
  const auto inside = t.submit(Kind::read, 1), beyond = t.submit(Kind::read, 60, 4);
  t.device.medium.resize(62 * sector);
  t.device.reset();
  t.check();
  CHECK(t.outcome(beyond) == Error::device);
  t.serve();
  t.poll();
  CHECK(t.outcome(inside) == Error::none);
}

TEST_CASE("virtio disk: a device that answers nothing but nonsense ends in an error") {
  Setup t;
  REQUIRE(t.disk.start() == nullptr);
  const auto request = t.submit(Kind::read);
  for (int i = 0; i < 10 && t.open(request); ++i) {
    t.device.take();
    t.device.put_used(77, 5);
    t.poll();
  }
  CHECK(t.outcome(request) == Error::device);
  CHECK(t.disk.restarts() == 3);
}

TEST_CASE(
    "virtio disk: whatever the device does, each request is answered once, and no answered write is lost") {
  for (unsigned seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    std::mt19937 source(seed);
    const auto random = [&source] { return static_cast<std::uint32_t>(source()); };
    Setup t;
    t.device.most_descriptors = 4u << random() % 6;
    REQUIRE(t.disk.start() == nullptr);
    struct Open {
      std::uint64_t client;
      unsigned sector;
      std::uint8_t value;
    };
    std::vector<Open> writes;               // not answered, each to a sector of its own
    std::map<unsigned, std::uint8_t> kept;  // sectors by answered writes
    const auto settle = [&] {
      for (std::size_t i = writes.size(); i-- > 0;) {
        const auto found = t.answers.find(writes[i].client);
        if (found == t.answers.end()) continue;
        if (found->second == Error::none) {
          CHECK(is_filled(&t.device.medium[writes[i].sector * sector], sector, writes[i].value));
          kept[writes[i].sector] = writes[i].value;
        } else {
          kept.erase(writes[i].sector);
        }
        writes.erase(writes.begin() + static_cast<long>(i));
      }
    };
    for (int step = 0; step < 400; ++step) {
      if (!t.disk.working()) (void)t.disk.start();
      const auto place = static_cast<unsigned>(random() % sectors);
      bool used = false;
      for (const Open& write : writes) used = used || write.sector == place;
      if (t.disk.has_room() && !used) {
        const auto value = static_cast<std::uint8_t>(random());
        std::memset(&t.data[place * sector], value, sector);
        kept.erase(place);
        writes.push_back({t.submit(Kind::write, place, 1, place), place, value});
      }
      t.device.take();
      switch (random() % 12) {
        case 0: t.device.reset(); break;
        case 1: t.device.status |= status::needs_reset; break;
        case 2:
          if (t.device.size != 0) t.device.put_used(random(), random());
          break;
        case 3:
          if (t.device.size != 0)
            Device::at<std::uint16_t>(t.device.rings.used + 2) = static_cast<std::uint16_t>(random());
          break;
        case 4:
          // Anything anywhere in the used ring.
          if (t.device.size != 0)
            Device::at<std::uint32_t>(t.device.rings.used + 4 * (random() % (2 * t.device.size))) = random();
          break;
        default:
          while (t.device.size != 0 && !t.device.taken.empty() && random() % 3 != 0) {
            t.device.answer(random() % t.device.taken.size(), random() % 9 == 0 ? 1 : 0);
          }
      }
      if (!t.poll()) t.check();
      settle();
    }
    // A device that is good again.
    for (int i = 0; i < 5; ++i) {
      t.device.reset();
      t.check();
      if (t.device.take()) t.serve();
      t.poll();
    }
    settle();
    CHECK(writes.empty());
    for (const auto& [place, value] : kept) CHECK(is_filled(&t.device.medium[place * sector], sector, value));
  }
}

TEST_CASE("virtio: where a capability says that a structure is") {
  const auto words = [](std::uint8_t kind, std::uint8_t size, std::uint32_t region, std::uint32_t offset,
                        std::uint32_t bytes, std::uint32_t multiplier = 4) {
    const std::uint32_t all[5] = {std::uint32_t{kind} << 24 | std::uint32_t{size} << 16 | 9, region, offset,
                                  bytes, multiplier};
    return place_of(all);
  };
  CHECK(words(1, 16, 4, 0x1000, 56).kind == Place::common);
  CHECK(words(1, 16, 4, 0x1000, 56).region == 4);
  CHECK(words(1, 16, 4, 0x1000, 56).multiplier == 0);
  CHECK(words(2, 20, 4, 0x3000, 0x1000).multiplier == 4);
  CHECK(words(2, 16, 4, 0x3000, 0x1000).kind == 0);  // without its multiplier
  CHECK(words(1, 12, 4, 0, 56).kind == 0);           // too short
  CHECK(words(1, 16, 6, 0, 56).kind == 0);           // no such region
  CHECK(words(0, 16, 4, 0, 56).kind == 0);
  CHECK(words(5, 20, 4, 0, 4).kind == 0);  // the other way to the registers
  CHECK(words(1, 16, 4, 0xffff'ff00, 0x200).kind == 0);
  const Place place = words(1, 16, 4, 0x1000, 56);
  CHECK(place.has(0, 56));
  CHECK(!place.has(0, 57));
  CHECK(!place.has(57, 0));
  CHECK(!place.has(~std::uint64_t{0}, 2));
}

TEST_CASE("virtio disk: buffers belong to one task, and stay while the device uses them") {
  Buffers buffers;
  std::vector<Word> closed;
  const auto close = [&closed](Word handle) { closed.push_back(handle); };
  const TaskId one(7, 1), other(8, 1);
  for (Word i = 0; i < Buffers::most_per_task; ++i) {
    const auto place = buffers.place_for(one);
    REQUIRE(place);
    buffers.at(*place) = {one, 100 + i, 0x1000 * i, 512, 0, false};
  }
  CHECK(!buffers.place_for(one));
  CHECK(buffers.place_for(other));
  CHECK(buffers.find(0, one) != nullptr);
  CHECK(buffers.find(0, other) == nullptr);
  CHECK(buffers.find(Buffers::most_per_task, one) == nullptr);
  CHECK(buffers.find(~Word{0}, one) == nullptr);
  ++buffers.at(0).in_use;
  buffers.drop(0, close);
  CHECK(closed.empty());
  CHECK(buffers.find(0, one) == nullptr);
  buffers.done(0, close);
  CHECK(closed == std::vector<Word>{100});
  ++buffers.at(2).in_use;
  buffers.drop_all(one, close);
  CHECK(closed == std::vector<Word>{100, 101, 103});
  buffers.done(2, close);
  CHECK(closed.size() == 4);
  CHECK(*buffers.place_for(one) == 0);
}

TEST_CASE("virtio disk: what waits keeps its order and has an end") {
  runtime::Ring<Request, 4> waiting;
  for (std::uint64_t round = 0; round < 10; ++round) {
    for (std::uint64_t i = 0; i < 4; ++i) CHECK(waiting.push({Kind::flush, 0, 0, 0, round * 4 + i, 0}));
    CHECK(!waiting.push({}));
    for (std::uint64_t i = 0; i < 4; ++i) CHECK(waiting.pop().client == round * 4 + i);
    CHECK(waiting.empty());
  }
}
