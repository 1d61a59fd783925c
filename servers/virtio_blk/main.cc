// SPDX-License-Identifier: MIT
// The driver of a disk of virtio 1.0.
//
// Owns: one PCI device, 1af4:1042 or 1af4:1001, that the PCI server gives it; the memory of
// its ring, of the manifest's `dma`, which its next incarnation finds again (`holds memory`) so that
// nobody else has it while the device may still write there; its part of clients' buffers.
// Serves: mica::Block under the name `disk` (argument name=). Without a device that it can drive,
// every operation answers Error::device.
// Trusts: the root server, the PCI server, and the pager `pinned` with where memory is. Of the
// device it believes nothing that the ring's own books do not bear out (request_queue.h).
#include <mica/block.h>
#include <mica/dataspace.h>
#include <mica/server.h>
#include <runtime/program.h>
#include <runtime/ring.h>
#include <virtio/pci_transport.h>

#include "buffers.h"
#include "disk.h"

namespace virtio {

namespace {

using mica::Block;
using mica::Dataspace;
using mica::Result;
using mica::Root;

constexpr Word ring_window = (Word{1} << 41) + (Word{1} << 30);
constexpr unsigned ring_order = 13;
static_assert(RequestQueue::bytes == 1 << ring_order);
constexpr Word largest_buffer = Word{4} << 20;

// What an earlier incarnation has left, else new memory.
Result<Word> ring_memory() {
  const mica::Window window{l4::Fpage::memory(ring_window, ring_order)};
  auto block = mica::map_call<Root::held_memory>(mica::root_server(), window, Word{0});
  if (!block) block = mica::map_call<Root::dma_memory>(mica::root_server(), window, Word{ring_order});
  if (!block) return block.error();
  return block->page.base();
}

class Driver {
 public:
  using Interface = Block;
  struct Session {
    TaskId task;
  };
  using Client = mica::Client<Session>;

  // Null, or why there is no disk.
  const char* begin() {
    PciTransport& transport = disk_.transport();
    if (const char* const fault = transport.find({0x1042, 0x1001})) return fault;
    transport.set_status(0);
    const auto ring = ring_memory();
    if (!ring) return "there is no memory for its ring";
    disk_.set_memory(reinterpret_cast<void*>(ring_window), *ring);
    if (!transport.attach_interrupt()) return "it has no interrupt";
    transport.set_master();
    present_ = true;
    return disk_.start();
  }

  const Disk<PciTransport>& disk() const { return disk_; }

  Result<mica::DiskInfo> handle(Block::info, Client&) {
    if (!works()) return Error::device;
    return mica::DiskInfo{disk_.sectors(), disk_.read_only() ? 0u : 1u, disk_.restarts()};
  }

  Result<mica::DiskBuffer> handle(Block::buffer, Client& client, Word bytes) {
    if (!works()) return Error::device;
    if (bytes == 0 || bytes > largest_buffer) return Error::bad_argument;
    client.session->task = client.task;
    const auto place = buffers_.place_for(client.task);
    if (!place) return Error::no_room;
    const auto handle = pinned_.call_again<Dataspace::create>(bytes);
    if (!handle) return handle.error();
    const auto physical = pinned_.call<Dataspace::physical>(*handle);
    const auto shared = pinned_.call<Dataspace::share>(*handle, client.task, l4::read_write.raw);
    if (!physical || !shared) {
      close_handle(*handle);
      return physical ? shared.error() : physical.error();
    }
    buffers_.at(*place) = {client.task, *handle, *physical, bytes, 0, false};
    return mica::DiskBuffer{*place, *shared};
  }

  Result<void> handle(Block::drop, Client& client, Word number) {
    if (buffers_.find(number, client.task) == nullptr) return Error::not_found;
    buffers_.drop(static_cast<unsigned>(number), close_handle_);
    return {};
  }

  Result<void> handle(Block::read, Client& client, Word buffer, Word offset, Word sector, Word sectors) {
    return move(Kind::read, client, buffer, offset, sector, sectors);
  }

  Result<void> handle(Block::write, Client& client, Word buffer, Word offset, Word sector, Word sectors) {
    if (works() && disk_.read_only()) return Error::denied;
    return move(Kind::write, client, buffer, offset, sector, sectors);
  }

  Result<void> handle(Block::flush, Client& client) {
    if (!works()) return Error::device;
    if (!disk_.has_cache()) return {};
    return begin_request({Kind::flush, 0, 0, 0, client.thread.raw, 0});
  }

  void interrupt(l4::ThreadId) {
    disk_.transport().acknowledge();
    if (!disk_.poll(done_)) disk_.check(done_);
    pass_on_waiting();
  }

  // While the device works it is looked at now and then: one that was reset sends nothing.
  l4::Timeouts next_timeout() {
    if (disk_.in_flight() == 0) return l4::Timeouts::reply();
    return l4::Timeouts{l4::Timeouts::reply().raw | L4_TimePeriod(look_every).raw};
  }
  void timeout() {
    if (!disk_.poll(done_)) disk_.check(done_);
    pass_on_waiting();
  }

  void close(Session& session) { buffers_.drop_all(session.task, close_handle_); }

 private:
  static constexpr Word look_every = 1'000'000;

  // A device that was given up is tried again.
  bool works() {
    if (disk_.working()) [[likely]]
      return true;
    return present_ && disk_.start() == nullptr;
  }

  [[gnu::always_inline]] Result<void> move(Kind kind, Client& client, Word number, Word offset, Word sector,
                                           Word sectors) {
    if (!works()) return Error::device;
    const Buffer* const buffer = buffers_.find(number, client.task);
    if (buffer == nullptr) return Error::not_found;
    if (sectors == 0 || sector > disk_.sectors() || sectors > disk_.sectors() - sector)
      return Error::bad_argument;
    const Word bytes = sectors * Block::sector_bytes;
    if (offset % Block::sector_bytes != 0 || offset > buffer->bytes || sectors > largest_buffer ||
        bytes > buffer->bytes - offset) {
      return Error::bad_argument;
    }
    return begin_request({kind, sector, buffer->physical + offset, static_cast<std::uint32_t>(bytes),
                          client.thread.raw, static_cast<std::uint32_t>(number)});
  }

  [[gnu::always_inline]] Result<void> begin_request(const Request& request) {
    if (disk_.has_room() && waiting_.empty()) [[likely]]
      disk_.submit(request);
    else if (!waiting_.push(request)) return Error::busy;
    if (request.kind != Kind::flush) ++buffers_.at(request.buffer).in_use;
    return Result<void>::later();
  }

  void pass_on_waiting() {
    while (!waiting_.empty() && (disk_.has_room() || !disk_.working())) {
      const Request request = waiting_.pop();
      if (disk_.has_room()) disk_.submit(request);
      else finish(request, Error::device);
    }
  }

  void finish(const Request& request, Error error) {
    if (request.kind != Kind::flush) buffers_.done(request.buffer, close_handle_);
    (void)mica::answer<Block::read>(l4::ThreadId(request.client), Result<void>(error));
  }

  static void close_handle(Word handle);

  static constexpr auto close_handle_ = [](Word handle) { close_handle(handle); };
  struct Done {
    Driver* driver;
    void operator()(const Request& request, Error error) const { driver->finish(request, error); }
  };
  const Done done_{this};

  static mica::Connection<Dataspace> pinned_;
  Disk<PciTransport> disk_{PciTransport{}};
  Buffers buffers_;
  runtime::Ring<Request, 64> waiting_;
  bool present_ = false;
};

constinit mica::Connection<Dataspace> Driver::pinned_{"pinned"};
constinit Driver driver;

void Driver::close_handle(Word handle) { (void)pinned_.call<Dataspace::close>(handle); }

}  // namespace

}  // namespace virtio

int main() {
  if (const char* const fault = virtio::driver.begin()) {
    runtime::print("virtio_blk: {}\n", fault);
  } else {
    const auto& disk = virtio::driver.disk();
    runtime::print("virtio_blk: {} sectors{}\n", disk.sectors(), disk.read_only() ? ", read only" : "");
  }
  mica::serve(virtio::driver, mica::argument("name", "disk"));
}
