// SPDX-License-Identifier: MIT
// A root task that measures calls through include/mica: the client's stub, and the server's loop
// with a handler, in another space.
//
// Counted: as at the head of ../lib/loops.h, rounds from one pass of the client's loop to the next.
// `raw` is the same exchange by plain Ipc: the same label and words, the same sum, and a check
// of the answer's tag and of the sum. `added` is the difference between a batch of calls and a
// batch of those: the client's stub makes a Result; the server's loop finds the operation and the
// session of the task that asks, and checks the request's length and items. `call` is a server as most are, which only
// knows that the task is admitted; `session` counts in a session; `open` admits everybody. A handler
// of `fiber` runs on one, of `fiber-waits` it waits for an event there, which is signalled at once. Those
// servers have FPU state, so their messages go by the kernel's C++ path.
#include <mica/echo.h>
#include <mica/server.h>
#include <runtime/fibers.h>

#include "../lib/loops.h"
#include "../lib/repeat.h"
#include "../lib/report.h"
#include "../lib/world.h"

namespace bench {

namespace {

using l4::ThreadId;
using l4::Word;
using mica::Echo;
using mica::Result;

struct Sample {
  static constexpr long id = 0x300;
  using text = mica::Operation<Sample, 0, mica::Text<64>(mica::Text<64>)>;
  using bytes = mica::Operation<Sample, 1, Word()>;
  using Operations = mica::Operations<text, bytes>;
};

// --- Servers ----------------------------------------------------------------------------

[[noreturn]] void raw_adder(Word) {
  l4::Words m;
  ThreadId client = l4::wait_words(m);
  for (;;) {
    m[1] += m[2];
    m.set_tag(l4::Tag::make(0, 1));
    client = l4::reply_and_wait_words(client, m);
    if (m.tag().failed()) [[unlikely]]
      client = l4::wait_words(m);
  }
}

struct Adder {
  using Interface = Echo;
  Result<Word> handle(Echo::add, mica::Client<>&, Word a, Word b) { return a + b; }
};

struct OpenAdder : Adder {
  static constexpr bool admits_all = true;
};

struct SessionAdder {
  using Interface = Echo;
  struct Session {
    Word calls = 0;
  };
  Result<Word> handle(Echo::add, mica::Client<Session>& client, Word a, Word b) {
    ++client.session->calls;
    return a + b;
  }
};

// Answers from a fiber: at once, or after it was signalled by the same thread.
struct FiberAdder : runtime::Fibers {
  using Interface = Echo;
  static constexpr bool admits_all = true;
  Result<Word> handle(Echo::add, mica::Client<>& client, Word a, Word b) {
    return run<Echo::add>(client.thread, [a, b]() -> Result<Word> { return a + b; });
  }
};

struct WaitingAdder : runtime::Fibers {
  using Interface = Echo;
  static constexpr bool admits_all = true;
  Result<Word> handle(Echo::add, mica::Client<>& client, Word a, Word b) {
    const auto answer = run<Echo::add>(client.thread, [this, a, b]() -> Result<Word> {
      (void)wait(event);
      return a + b;
    });
    signal(event);
    return answer;
  }
  runtime::Event event;
};

struct SampleServer {
  using Interface = Sample;
  std::byte taken[64];
  std::span<std::byte> buffer() { return taken; }
  Result<mica::Text<64>> handle(Sample::text, mica::Client<>&, const mica::Text<64>& text) { return text; }
  Result<Word> handle(Sample::bytes, mica::Client<>& client) { return Word{client.string.size()}; }
};

template <typename Server>
[[noreturn]] void serve(Word) {
  static constinit Server server{};
  mica::serve(server);
}

template <typename Server>
[[noreturn]] void serve_on_fibers(Word) {
  static constinit Server server{};
  alignas(64) static constinit std::byte stack[4096]{};
  if (!server.add_stack(stack)) runtime::panic("no fiber");
  mica::serve(server);
}

// What servers know of the system: a root server that admits everybody.
alignas(4096) constinit mica::TaskPage task_page{};

[[noreturn]] void admit(Word) {
  l4::Words m;
  ThreadId client = l4::wait_words(m);
  for (;;) {
    m.set_tag(l4::Tag::make(0, 0));
    client = l4::reply_and_wait_words(client, m);
  }
}

// --- Clients ------------------------------------------------------------------------------

auto raw_sums(ThreadId server) {
  return [server](unsigned rounds) {
    constexpr l4::Tag request = l4::Tag::make(Echo::add::label(), 2), answer = l4::Tag::make(0, 1);
    l4::Words m;
    Word sum = 0;
    const Word start = ticks();
    do {
      m[1] = rounds;
      m[2] = 2;
      m.set_tag(request);
      l4::call_words(server, m);
      if (m.tag() != answer || m[1] != Word{rounds} + 2) [[unlikely]] wrong_answer();
      sum += m[1];
    } while (--rounds != 0);
    const Word taken = ticks() - start;
    if (sum == 0) wrong_answer();
    return taken;
  };
}

// `ask` gives a Result of the sum of its arguments.
template <typename Ask>
auto sums(Ask ask) {
  return [ask](unsigned rounds) mutable {
    Word sum = 0;
    const Word start = ticks();
    do {
      const Result<Word> answer = ask(Word{rounds}, Word{2});
      if (!answer || *answer != Word{rounds} + 2) [[unlikely]] wrong_answer();
      sum += *answer;
    } while (--rounds != 0);
    const Word taken = ticks() - start;
    if (sum == 0) wrong_answer();
    return taken;
  };
}

auto calls(ThreadId server) {
  return sums([server](Word a, Word b) { return mica::call<Echo::add>(server, a, b); });
}

template <typename Rounds, typename Raw>
void add_difference(const Row& row, Rounds rounds, Raw raw) {
  Samples samples;
  for (unsigned i = 0; i < batches; ++i) {
    const Word plain = run_batch(raw, batch_rounds);
    samples.add(minus(run_batch(rounds, batch_rounds), plain), batch_rounds);
  }
  add_row(row, 0, samples);
}

void measure() {
  const ThreadId raw = start_in_space(raw_adder), adder = start_in_space(serve<Adder>);
  const ThreadId open = start_in_space(serve<OpenAdder>);
  const ThreadId with_sessions = start_in_space(serve<SessionAdder>), sample = start_in_space(serve<SampleServer>);
  const ThreadId fiber = start_in_space(serve_on_fibers<FiberAdder>), waiting = start_in_space(serve_on_fibers<WaitingAdder>);
  task_page.root = start_here(admit);

  measure_rounds<1>({"rpc", "raw/2w"}, raw_sums(raw));
  measure_rounds<2>({"rpc", "call/2w"}, calls(adder));
  add_difference({"rpc", "call/2w/added", 30}, calls(adder), raw_sums(raw));
  measure_rounds<3>({"rpc", "session/2w"}, calls(with_sessions));
  add_difference({"rpc", "session/2w/added", 30}, calls(with_sessions), raw_sums(raw));
  measure_rounds<4>({"rpc", "open/2w"}, calls(open));

  const auto greet = [sample] {
    const mica::Text<64> text("sixty-four characters, as many as there are in a line of a poem ");
    const auto answer = mica::call<Sample::text>(sample, text);
    if (!answer || answer->view() != text.view()) [[unlikely]] wrong_answer();
  };
  measure_rounds<5>({"rpc", "text/64"}, repeat(greet));
  const auto send = [sample] {
    static constexpr std::byte bytes[64]{};
    const auto answer = mica::call_with<Sample::bytes>(sample, bytes);
    if (!answer || *answer != sizeof(bytes)) [[unlikely]] wrong_answer();
  };
  measure_rounds<6>({"rpc", "string/64"}, repeat(send));
  measure_rounds<7>({"rpc", "fiber/2w"}, calls(fiber));
  measure_rounds<8>({"rpc", "fiber-waits/2w"}, calls(waiting));
}

}  // namespace

}  // namespace bench

int main() {
  using mica::TaskPage;
  const pager::Region page{TaskPage::address, 4096, reinterpret_cast<l4::Word>(&bench::task_page), l4::read};
  bench::start_pager({&page, 1});
  bench::measure();
  bench::print_report();
  return 0;
}
