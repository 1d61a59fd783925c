// SPDX-License-Identifier: MIT
// Counts, makes a mistake, makes the server fall, and counts again.
#include <mica/connection.h>
#include <runtime/program.h>

#include "counter.h"

namespace {

using runtime::print;

constinit mica::Connection<Counter> counter("counter");

void add(mica::Word amount) {
  const mica::Result<mica::Word> sum = counter.call<Counter::add>(amount);
  if (sum) print("client: add {}: the sum is {}\n", amount, *sum);
  else print("client: add {}: {}\n", amount, mica::text(sum.error()));
}

}  // namespace

int main() {
  add(5);
  add(7);
  if (const auto text = counter.call<Counter::describe>()) print("client: {}\n", text->view());
  add(1000);

  const auto fallen = counter.call<Counter::fall>();
  print("client: fall: {}\n", mica::text(fallen.error()));
  add(1);
  return 0;
}
