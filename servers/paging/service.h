// SPDX-License-Identifier: MIT
// What all pagers serve alike. A pager derives from Service<itself> and has
//
//   Spaces& spaces()             its dataspaces
//   void drop(unsigned number)   the last handle of that one is closed: its pages go
//   void closed(unsigned number) some handle of it is closed, and others are not; may be missing
//
// Owns: the handles of its clients. Handles of tasks that have ended are closed when a new
// client comes, and when memory or room is short.
#pragma once

#include <mica/dataspace.h>
#include <mica/server.h>

#include "spaces.h"

namespace paging {

using mica::Dataspace;

template <typename Pager>
class Service {
 public:
  struct Session {
    Handles::Place place = 0;
  };
  using Client = mica::Client<Session>;

  Result<Word> handle(Dataspace::size, Client& client, Word handle) {
    const auto place = place_of(client);
    if (!place) return place.error();
    const auto number = spaces().find(*place, handle);
    if (!number) return number.error();
    return Word{spaces().at(*number).pages} * page_size;
  }

  Result<Word> handle(Dataspace::share, Client& client, Word handle, TaskId with, Word rights) {
    const auto place = place_of(client);
    if (!place) return place.error();
    if (with.is_none() || !mica::alive(with)) return Error::ended;
    const auto other = open(with);
    if (!other) return other.error();
    return spaces().share(*place, handle, *other, rights);
  }

  Result<void> handle(Dataspace::close, Client& client, Word handle) {
    const auto place = place_of(client);
    if (!place) return place.error();
    const auto number = spaces().find(*place, handle);
    if (!number) return number.error();
    spaces().handles().remove(*place, handle);
    release(*number);
    return {};
  }

  // Closes the handles of tasks that are no more. True: there were some.
  bool sweep() {
    return spaces().handles().sweep(mica::alive, [this](unsigned number) { release(number); });
  }

 protected:
  Result<Word> create(Client& client, Word bytes, Word rights = data_rights) {
    const auto place = place_of(client);
    if (!place) return place.error();
    Result<Word> handle = spaces().create(*place, bytes, rights);
    if (handle.error() == Error::no_room && sweep()) handle = spaces().create(*place, bytes, rights);
    return handle;
  }

  // The client's place in the table of handles.
  [[gnu::always_inline]] Result<Handles::Place> place_of(Client& client) {
    if (client.session->place != 0) [[likely]] return client.session->place;
    return first_place(client.task, *client.session);
  }

 private:
  Spaces& spaces() { return static_cast<Pager*>(this)->spaces(); }

  [[gnu::noinline]] Result<Handles::Place> first_place(TaskId task, Session& session) {
    sweep();
    const auto place = open(task);
    if (place) session.place = *place;
    return place;
  }

  Result<Handles::Place> open(TaskId task) {
    return spaces().handles().open(task, mica::alive, [this](unsigned number) { release(number); });
  }

  void release(unsigned number) {
    Pager& pager = *static_cast<Pager*>(this);
    if (spaces().release(number)) pager.drop(number);
    else if constexpr (requires { pager.closed(number); }) pager.closed(number);
  }
};

}  // namespace paging
