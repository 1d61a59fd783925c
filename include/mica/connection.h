// SPDX-License-Identifier: MIT
// A client's end of a service: found by name, and found again when the server was restarted.
#pragma once

#include "root.h"

namespace mica {

template <typename Interface>
class Connection {
 public:
  constexpr explicit Connection(std::string_view name) : name_(name) {}

  // The server as it is now; waits while it is being restarted. Errors: as Root::find.
  Result<l4::ThreadId> server() {
    if (server_.is_nil()) {
      const auto found = mica::call<Root::find>(root_server(), name_);
      if (!found) return found.error();
      server_ = *found;
    }
    return server_;
  }

  // As mica::call. `gone` is told once, so that the caller knows that the server has lost
  // its state; the next call goes to the new one.
  template <typename Op, typename... A>
  Result<typename Op::Value> call(const A&... arguments) {
    const auto to = server();
    if (!to) return to.error();
    return note(mica::call<Op>(*to, arguments...));
  }

  // For operations that may be done twice: asks the new server when the old one is gone.
  template <typename Op, typename... A>
  Result<typename Op::Value> call_again(const A&... arguments) {
    for (unsigned tries = 0;; ++tries) {
      const auto result = call<Op>(arguments...);
      if (result.error() != Error::gone || tries == 8) return result;
    }
  }

  // After one of the other calls of rpc.h: forgets a server that is gone, and reports one
  // that answers nonsense.
  template <typename R>
  R note(const R& result) {
    if (result.error() == Error::gone) server_ = l4::ThreadId::nil();
    if (result.error() == Error::bad_reply) (void)mica::call<Root::complain>(root_server(), server_);
    return result;
  }

 private:
  Name name_;
  l4::ThreadId server_;
};

}  // namespace mica
