// SPDX-License-Identifier: MIT
// A program with a mistake, for docs/debugging.md: it forgets that a search may find nothing, and
// writes to address 0x10, three calls deep. The root server reports it.
#include <array>
#include <string_view>

#include <runtime/program.h>

namespace {

struct Account {
  std::string_view owner;
  l4::Word balance;
};

constinit std::array<Account, 2> accounts{{{"ann", 20}, {"ben", 30}}};

Account* find(std::string_view owner) {
  for (Account& account : accounts) {
    if (account.owner == owner) return &account;
  }
  return nullptr;
}

// The compiler must not see through the mistake.
inline void add(Account* account, l4::Word amount) {
  asm("" : "+r"(account));
  account->balance += amount;
}

[[gnu::noinline]] void pay(std::string_view to, l4::Word amount) {
  add(find(to), amount);
  runtime::print("crash: {} has got {}\n", to, amount);
}

[[gnu::noinline]] l4::Word pay_all(std::string_view first, std::string_view second) {
  pay(first, 5);
  pay(second, 7);
  return accounts[0].balance + accounts[1].balance;
}

[[gnu::noinline]] void close_day() {
  const l4::Word sum = pay_all("ann", "zoe");
  runtime::print("crash: there are {} now\n", sum);
}

}  // namespace

int main() {
  close_day();
  return 0;
}
