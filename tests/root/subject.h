// SPDX-License-Identifier: MIT
// A server that does to itself, and asks of the root server, what a test wants to see.
#pragma once

#include <mica/rpc.h>

namespace root_test {

enum class Act : mica::Word {
  add,             // a + b
  crash,           // writes where nothing is
  exit,            // ends with a
  hang,            // never comes back
  nonsense,        // gives an answer that is none
  memory,          // takes blocks of order a, at most b: how many it got
  held,            // how many blocks an earlier incarnation has left
  free_held,       // gives back the first of those: an error's number
  attach,          // line a: an error's number
  attach_message,  // an error's number
  call,            // asks the thread of id a to add: an error's number
  spawn,           // a child that lives on: its id, 0 if there is none
  fork,            // makes children that run for ever, and ends the oldest for each that it may not have
  register_other,  // its name goes to a further thread, which is made: its number
  delete_thread,   // number a: an error's number
  read_log,        // shows the log from now on: an error's number
  find_silent,     // waits for a name that nobody has, for a microseconds: an error's number
  complain,        // of the thread of id a: an error's number
  provoke,         // has the server `babbler` talk nonsense: an error's number
  lower,           // its priority becomes a: an error's number
  refused,         // asks for all that it may not have: the number of the first that it got, 0 for none
  spin,            // works for a microseconds: how often it went round
};

struct Subject {
  static constexpr long id = 0x7000;
  using act = mica::Operation<Subject, 0, mica::Word(Act what, mica::Word a, mica::Word b)>;
  using Operations = mica::Operations<act>;
};

// Serves that under the name.
[[noreturn]] void serve_subject(std::string_view name);

}  // namespace root_test
