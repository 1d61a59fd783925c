// SPDX-License-Identifier: MIT
// The timer service.
//
// Owns: nothing but its memory; its clock is the kernel's, and it waits by the timeout of its own
// receive. Serves: mica::Timer under the name `timer` (argument name=).
// Trusts: the root server. Each client task has places of its own; a request costs
// the logarithm of what is pending, and a client that does not take its answer loses it.
#include <mica/server.h>
#include <mica/timer.h>

#include "share.h"

namespace {

using mica::Timer;
using mica::Word;
using timer::Entry;
using timer::Error;
using timer::Result;

Word now() { return L4_SystemClock().raw; }

class TimerServer {
 public:
  using Interface = Timer;
  using Session = timer::Share;
  using Client = mica::Client<Session>;

  Result<Word> handle(Timer::now, Client& client) {
    client.session->awake(pending_, client.thread);
    return now();
  }

  Result<void> handle(Timer::sleep, Client& client, Word microseconds) {
    client.session->awake(pending_, client.thread);
    if (microseconds > Timer::longest) return Error::bad_argument;
    if (microseconds == 0) return {};
    const auto asleep = client.session->sleep(pending_, client.task, client.thread, now() + microseconds);
    if (!asleep) return asleep.error();
    return Result<void>::later();
  }

  Result<Word> handle(Timer::set, Client& client, Word at, Word period) {
    client.session->awake(pending_, client.thread);
    if (at > 2 * Timer::longest) return Error::bad_argument;
    if (period != 0 && (period < Timer::shortest_period || period > Timer::longest)) return Error::bad_argument;
    return client.session->set(pending_, client.task, at, period);
  }

  Result<Word> handle(Timer::wait, Client& client, Word number) {
    client.session->awake(pending_, client.thread);
    Entry* const alarm = client.session->alarm(number);
    if (alarm == nullptr) return Error::not_found;
    tell(*alarm, Error::busy);
    if (alarm->pending() && alarm->at <= now()) timer::ring(pending_, *alarm, now());
    const Result<Word> times = timer::take(*alarm);
    if (times.is_later()) alarm->waiter = client.thread;
    return times;
  }

  Result<void> handle(Timer::cancel, Client& client, Word number) {
    client.session->awake(pending_, client.thread);
    Entry* const alarm = client.session->alarm(number);
    if (alarm == nullptr) return Error::not_found;
    tell(*alarm, Error::ended);
    timer::Share::drop(pending_, *alarm);
    return {};
  }

  void close(Session& session) { session.drop_all(pending_); }

  // After each message: what is due, and until when nothing is. What becomes due meanwhile waits
  // until a message that is there has been served.
  l4::Timeouts next_timeout() {
    const Word time = now();
    while (pending_.first() != nullptr && pending_.first()->at <= time) {
      expire(static_cast<Entry&>(*pending_.first()), time);
    }
    if (pending_.first() == nullptr) return l4::Timeouts::reply();
    const Word next = pending_.first()->at, after = now();
    return l4::Timeouts{l4::Timeouts::reply().raw | timer::not_longer(next > after ? next - after : 0).raw};
  }
  void timeout() {}

 private:
  void expire(Entry& entry, Word time) {
    if (!mica::alive(entry.task)) return timer::Share::drop(pending_, entry);
    if (entry.kind == Entry::Kind::sleep) {
      const l4::ThreadId sleeper = entry.waiter;
      timer::Share::drop(pending_, entry);
      mica::answer<Timer::sleep>(sleeper, {});
      return;
    }
    timer::ring(pending_, entry, time);
    if (entry.waiter.is_nil()) return;
    // Who has given up hears of it when it asks again.
    const l4::ThreadId waiter = entry.waiter;
    entry.waiter = l4::ThreadId::nil();
    const Word rung = entry.rung;
    if (mica::answer<Timer::wait>(waiter, timer::take(entry))) return;
    entry.rung = rung;
    entry.over = false;
  }

  void tell(Entry& alarm, Error error) {
    if (alarm.waiter.is_nil()) return;
    mica::answer<Timer::wait>(alarm.waiter, error);
    alarm.waiter = l4::ThreadId::nil();
  }

  timer::Pending pending_;
};

constinit TimerServer server;

}  // namespace

int main() {
  mica::serve(server, mica::argument("name", "timer"));
}
