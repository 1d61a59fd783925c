// SPDX-License-Identifier: MIT
// The name service: which thread answers for a name, and who waits to know.
#pragma once

#include <mica/root.h>

#include "manifest.h"

namespace root {

class Names {
 public:
  // A name of the manifest, which will be registered some time.
  bool declare(std::string_view name);
  bool known(std::string_view name) const { return look(name) != nullptr; }

  // The thread answers for the name; those who wait are told. False: no such name.
  bool set(std::string_view name, l4::ThreadId server);
  // Nil while nobody answers for it.
  l4::ThreadId find(std::string_view name) const;
  // The client will be told. False: too many wait.
  bool wait(std::string_view name, l4::ThreadId client);

  // The task has ended: its names have no server, and it waits for none.
  void forget(mica::TaskId task);
  // The name's task will not come back: those who wait are told so.
  void give_up(std::string_view name);

 private:
  struct Entry {
    std::string_view name;
    l4::ThreadId server;
  };
  struct Waiter {
    std::string_view name;
    l4::ThreadId client;
  };
  const Entry* look(std::string_view name) const;
  void tell(std::string_view name, mica::Result<l4::ThreadId> answer);

  mica::FixedVector<Entry, Manifest::max_provided> entries_;
  mica::FixedVector<Waiter, 128> waiters_;
};

}  // namespace root
