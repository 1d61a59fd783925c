// SPDX-License-Identifier: MIT
// Owns: a sum for each client.
// Serves: Counter, under the name counter.
// Trusts: nobody.
#include <mica/server.h>
#include <runtime/program.h>

#include "counter.h"

namespace {

class CounterServer {
 public:
  using Interface = Counter;
  struct Session {
    mica::Word sum = 0;
  };
  using Client = mica::Client<Session>;

  mica::Result<mica::Word> handle(Counter::add, Client& client, mica::Word amount) {
    mica::Word& sum = client.session->sum;
    if (amount > Counter::most - sum) return mica::Error::bad_argument;
    sum += amount;
    return sum;
  }

  mica::Result<mica::Text<64>> handle(Counter::describe, Client& client) {
    return mica::Text<64>(client.session->sum < 10 ? "not much yet" : "quite a lot");
  }

  mica::Result<void> handle(Counter::fall, Client&) { runtime::panic("somebody made me fall"); }
};

constinit CounterServer server;

}  // namespace

int main() { mica::serve(server, "counter"); }
