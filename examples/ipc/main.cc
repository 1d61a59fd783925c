// SPDX-License-Identifier: MIT
// Two threads of one space and the messages between them: a call and its answer, a message
// that nobody waits for, a wait that ends by itself, a thread that is gone.
#include <runtime/program.h>
#include <runtime/task.h>

namespace {

using l4::Tag;
using l4::ThreadId;
using l4::Timeouts;
using l4::Word;
using l4::Words;
using runtime::print;

// What the two have agreed upon: the label says what is wanted, the words are the operands.
constexpr long add = 1, multiply = 2;

// The second thread: takes a request from anybody, answers it, and takes the next one.
void calculator(Word) {
  Words message;
  ThreadId client = l4::wait_words(message);
  for (;;) {
    const Word a = message[1], b = message[2];
    const Word result = message.tag().label() == add ? a + b : a * b;
    message = Words(Tag::make(0, 1), result);
    client = l4::reply_and_wait_words(client, message);
    while (message.tag().failed()) client = l4::wait_words(message);
  }
}

alignas(16) std::byte stack[4096];

Word calculate(ThreadId server, long operation, Word a, Word b) {
  Words message(Tag::make(operation, 2), a, b);
  const Tag answer = l4::call_words(server, message);
  if (answer.failed()) runtime::panic("the calculator does not answer");
  return message[1];
}

void print_failure(const char* what) {
  const l4::IpcError error = l4::IpcError::last();
  print("{}: code {} in the {} phase\n", what, error.code(), error.in_receive() ? "receive" : "send");
}

}  // namespace

int main() {
  const auto server = runtime::start_thread(calculator, 0, stack);
  if (!server) runtime::panic("the kernel makes no thread");
  print("main is thread {}, the calculator is thread {}\n", ThreadId::self().number(), server->number());

  print("6 + 7 = {}\n", calculate(*server, add, 6, 7));
  print("6 * 7 = {}\n", calculate(*server, multiply, 6, 7));

  // A wait that has an end. The calculator has nothing to say.
  Words message;
  l4::ipc_words(ThreadId::nil(), *server, {L4_TimePeriod(5000).raw}, message);
  print_failure("5 ms later, no message");

  // A send that does not wait. Nobody takes messages here: this thread is busy sending.
  message = Words(Tag::make(add, 0));
  l4::ipc_words(ThreadId::self(), ThreadId::nil(), Timeouts::poll(), message);
  print_failure("a message to oneself");

  runtime::delete_thread(*server);
  message = Words(Tag::make(add, 2), 1, 2);
  l4::call_words(*server, message);
  print_failure("a call to a thread that is gone");
  return 0;
}
