// SPDX-License-Identifier: MIT
// The trace server. The root server has the memory of the trace and switches it; here the
// records are read, by two readers: one counts, one gives them away.
#include <mica/server.h>
#include <mica/trace_server.h>

#include "usage.h"

namespace trace_server {

namespace {

using mica::Error;
using mica::Result;
using mica::Root;
using mica::TraceServer;
using mica::Word;
using mica::trace::Reader;
using mica::trace::Record;

constexpr Word buffer_at = 0x40000000;
const Record* buffer() { return reinterpret_cast<const Record*>(buffer_at); }

class Server {
 public:
  using Interface = TraceServer;

  Result<void> handle(TraceServer::set, mica::Client<>&, Word on) {
    if (on == 0) count();
    const mica::Window window{l4::Fpage::memory(buffer_at, 21)};
    const auto block = mica::map_call<Root::trace>(mica::root_server(), window, Word{on != 0});
    if (!block) return block.error();
    if (on != 0) {
      to_give_ = to_count_ = Reader(buffer());
      usage_ = Usage();
      usage_.begin(__builtin_ia32_rdtsc());
    }
    known_ = true;
    on_ = on != 0;
    return {};
  }
  Result<mica::TraceLine> handle(TraceServer::next, mica::Client<>&) {
    Record r;
    if (!known_ || !to_give_.next(r)) return Error::not_found;
    const Word head = Word{r.number} | Word{static_cast<std::uint8_t>(r.event)} << 32 |
                      Word{static_cast<std::uint8_t>(r.state)} << 40 |
                      Word{static_cast<std::uint8_t>(r.protocol)} << 48 | Word{r.stopped} << 56;
    const bool call = r.event == mica::trace::Event::call, own = r.protocol == mica::trace::Protocol::user;
    return mica::TraceLine{head, r.time, r.thread, r.partner, r.awaited,
                           call ? r.rdi : own ? r.r9 : r.words[0],
                           call ? r.rsi : own ? r.rax : r.words[1],
                           call ? r.r8 : own ? r.rbx : r.words[2]};
  }
  Result<Word> handle(TraceServer::lost, mica::Client<>&) { return to_give_.lost(); }
  Result<mica::ThreadUse> handle(TraceServer::thread_use, mica::Client<>&, Word n) {
    if (n == 0) count();
    if (n >= usage_.threads()) return Error::not_found;
    return usage_[static_cast<unsigned>(n)];
  }
  Result<mica::TraceCounted> handle(TraceServer::counted, mica::Client<>&) {
    count();
    return mica::TraceCounted{Word{on_}, usage_.covered()};
  }

 private:
  void count() {
    if (!known_) return;
    const Word now = __builtin_ia32_rdtsc();
    Record r;
    for (Word lost = to_count_.lost(); to_count_.next(r); usage_.add(r)) {
      if (to_count_.lost() == lost) continue;
      lost = to_count_.lost();
      usage_.gap();
    }
    if (on_) usage_.end(now);
  }

  Reader to_give_, to_count_;
  Usage usage_;
  bool known_ = false;  // the memory is here
  bool on_ = false;
};

constinit Server server;

}  // namespace

}  // namespace trace_server

extern "C" int main();
int main() { mica::serve(trace_server::server, "trace"); }
