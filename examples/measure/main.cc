// SPDX-License-Identifier: MIT
// What does a call to another thread cost? Reads the time-stamp counter around many of
// them. Under ./mica run measure --icount a tick of the counter is one instruction.
#include <runtime/program.h>
#include <runtime/task.h>

namespace {

using l4::Word;

constexpr unsigned warm_up = 16, rounds = 1000;

alignas(16) std::byte stack[4096];

Word ticks() {
  Word low, high;
  asm volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
  return high << 32 | low;
}

void echo(Word) {
  l4::Words message;
  l4::ThreadId client = l4::wait_words(message);
  for (;;) client = l4::reply_and_wait_words(client, message);
}

struct Figures {
  Word least = ~Word{0}, most = 0, sum = 0;
  void add(Word value) {
    if (value < least) least = value;
    if (value > most) most = value;
    sum += value;
  }
};

template <typename Action>
Figures measure(Action action) {
  for (unsigned n = 0; n < warm_up; ++n) action();
  Figures figures;
  for (unsigned n = 0; n < rounds; ++n) {
    const Word start = ticks();
    action();
    figures.add(ticks() - start);
  }
  return figures;
}

void report(const char* what, const Figures& figures, Word without) {
  runtime::print("{}: least {}, mean {}, most {}\n", what, figures.least - without,
                 figures.sum / rounds - without, figures.most - without);
}

}  // namespace

int main() {
  const auto server = runtime::start_thread(echo, 0, stack);
  if (!server) runtime::panic("the kernel makes no thread");

  const Figures nothing = measure([] {});
  report("nothing", nothing, 0);
  report("system clock", measure([] { (void)L4_SystemClock(); }), nothing.least);
  report("call and answer", measure([&] {
           l4::Words message(l4::Tag::make(0, 2), 1, 2);
           l4::call_words(*server, message);
         }),
         nothing.least);
  return 0;
}
