// SPDX-License-Identifier: MIT
// A client's disk: one buffer, mapped at a window of its space, and a driver that is found again
// when it was restarted. Reads, writes and flushes that were under way then are done again.
#pragma once

#include "block.h"
#include "connection.h"
#include "dataspace.h"

namespace mica {

class BlockClient {
 public:
  static constexpr Word page_size = Dataspace::page_size;

  // The driver's name; the buffer is at address window, and as many bytes behind it are
  // used now and then. Both are multiples of 4 KiB, and nothing else is there.
  constexpr BlockClient(std::string_view name, Word window, Word bytes)
      : driver_(name), window_(window), bytes_(bytes) {}

  // Once, before the others. Errors: as Root::find for the driver and `pinned`, as Block::buffer.
  Result<void> open() { return renew(false); }

  std::byte* data() const { return reinterpret_cast<std::byte*>(window_); }
  Word bytes() const { return bytes_; }

  Result<DiskInfo> info() { return driver_.call_again<Block::info>(); }
  // As the operations; gone: the driver was restarted again and again, or is not any more.
  Result<void> read(Word sector, Word sectors, Word offset = 0) {
    return move<Block::read>(sector, sectors, offset);
  }
  Result<void> write(Word sector, Word sectors, Word offset = 0) {
    return move<Block::write>(sector, sectors, offset);
  }
  // A driver that ended while writes were not yet flushed has lost none of them: they are the
  // device's, and the new driver's flush is for them, too.
  Result<void> flush() { return driver_.call_again<Block::flush>(); }

 private:
  static constexpr unsigned most_tries = 8;

  template <typename Op>
  [[gnu::always_inline]] Result<void> move(Word sector, Word sectors, Word offset) {
    const auto result = driver_.call<Op>(number_, offset, sector, sectors);
    if (result.error() != Error::gone) [[likely]]
      return result;
    return move_again<Op>(sector, sectors, offset);
  }

  template <typename Op>
  [[gnu::noinline]] Result<void> move_again(Word sector, Word sectors, Word offset) {
    for (unsigned tries = 0; tries < most_tries; ++tries) {
      const auto renewed = renew(true);
      if (renewed.error() == Error::gone) continue;
      if (!renewed) return renewed;
      const auto result = driver_.call<Op>(number_, offset, sector, sectors);
      if (result.error() != Error::gone) return result;
    }
    return Error::gone;
  }

  // A buffer of the driver that there is now, with what the old one holds.
  Result<void> renew(bool keep) {
    const auto buffer = driver_.call<Block::buffer>(bytes_);
    if (!buffer) return buffer.error();
    const Word fresh = keep ? window_ + bytes_ : window_;
    if (const auto mapped = map(buffer->handle, fresh); !mapped) return mapped;
    if (keep) {
      for (Word i = 0; i < bytes_ / sizeof(Word); ++i) word(fresh, i) = word(window_, i);
      forget(fresh);
      forget(window_);
      (void)pinned_.call<Dataspace::close>(handle_);
      if (const auto mapped = map(buffer->handle, window_); !mapped) return mapped;
    }
    number_ = buffer->number;
    handle_ = buffer->handle;
    return {};
  }

  static volatile Word& word(Word window, Word i) { return reinterpret_cast<volatile Word*>(window)[i]; }

  Result<void> map(Word handle, Word address) {
    const auto server = pinned_.server();
    if (!server) return server.error();
    for (Word offset = 0; offset < bytes_; offset += page_size) {
      const auto mapped = pinned_.note(map_call<Dataspace::map>(
          *server, Window{l4::Fpage::page(address + offset)}, handle, offset, l4::read_write.raw, Word{0}));
      if (!mapped) return mapped.error();
    }
    return {};
  }

  void forget(Word address) {
    for (Word offset = 0; offset < bytes_; offset += page_size) {
      L4_FlushFpage(l4::Fpage::page(address + offset, l4::full_access));
    }
  }

  Connection<Block> driver_;
  Connection<Dataspace> pinned_{"pinned"};
  Word window_, bytes_;
  Word number_ = 0, handle_ = 0;
};

}  // namespace mica
