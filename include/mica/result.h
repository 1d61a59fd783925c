// SPDX-License-Identifier: MIT
// Errors as values: what every call to a server gives back.
#pragma once

#include <l4/l4.hpp>

namespace mica {

using Word = l4::Word;

// Why a call to a server did nothing. They travel as the label of the reply; 0 is success.
enum class Error : long {
  none = 0,
  no_operation = 1,  // the server knows no operation of that number
  bad_message = 2,   // the request's length, typed items or strings are not the operation's
  denied = 3,        // the caller may not do that
  not_found = 4,     // no object of that name or number
  exists = 5,        // the name is taken
  no_memory = 6,     // the caller's quota is used up, or the machine's memory is
  no_room = 7,       // a table of the server is full
  bad_argument = 8,  // an argument is out of its range
  busy = 9,          // not now: somebody else uses it
  ended = 10,        // the object has come to its end (a stream, a task)
  device = 11,       // the device reports an error, or there is none
  no_program = 12,   // the file is no program that can run; the log says why
  // What the caller's own side finds; no server sends these.
  gone = 20,         // the server does not exist any more: reconnect (connection.h)
  timeout = 21,      // no answer in time
  bad_reply = 22,    // an answer that is not the operation's
};

// A word for it, to print.
constexpr const char* text(Error error) {
  switch (error) {
    case Error::none: return "no error";
    case Error::no_operation: return "unknown operation";
    case Error::bad_message: return "malformed request";
    case Error::denied: return "not allowed";
    case Error::not_found: return "not found";
    case Error::exists: return "exists already";
    case Error::no_memory: return "no memory";
    case Error::no_room: return "no room";
    case Error::bad_argument: return "bad argument";
    case Error::busy: return "busy";
    case Error::ended: return "ended";
    case Error::device: return "device error";
    case Error::no_program: return "no program that can run, as the log says";
    case Error::gone: return "the server is gone";
    case Error::timeout: return "timeout";
    case Error::bad_reply: return "malformed answer";
  }
  return "unknown error";
}

// A value or an error. In a server, later() instead of either: the handler has kept the
// caller's id and answers by Server::answer().
template <typename T>
class [[nodiscard]] Result {
 public:
  constexpr Result(T value) : value_(value) {}
  constexpr Result(Error error) : error_(error) {}
  static constexpr Result later() { return Result(postponed); }

  constexpr bool ok() const { return error_ == Error::none; }
  constexpr explicit operator bool() const { return ok(); }
  constexpr Error error() const { return error_; }
  constexpr bool is_later() const { return error_ == postponed; }
  constexpr const T& operator*() const { return value_; }
  constexpr const T* operator->() const { return &value_; }
  constexpr T value_or(T other) const { return ok() ? value_ : other; }

 private:
  static constexpr Error postponed{-1};
  T value_{};
  Error error_ = Error::none;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  constexpr Result() = default;
  constexpr Result(Error error) : error_(error) {}
  static constexpr Result later() { return Result(postponed); }

  constexpr bool ok() const { return error_ == Error::none; }
  constexpr explicit operator bool() const { return ok(); }
  constexpr Error error() const { return error_; }
  constexpr bool is_later() const { return error_ == postponed; }

 private:
  static constexpr Error postponed{-1};
  Error error_ = Error::none;
};

}  // namespace mica
