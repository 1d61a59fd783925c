// SPDX-License-Identifier: MIT
// The handles of a pager's clients: for each client a table, and in it for each handle a
// dataspace and rights. Plain data without pointers, so that it may lie in memory that
// outlives the pager.
#pragma once

#include <array>
#include <cstdint>

#include <mica/task.h>

namespace paging {

using mica::Error;
using mica::Result;
using mica::TaskId;
using Word = unsigned long;

inline constexpr Word read_right = 4, write_right = 2;
inline constexpr Word data_rights = read_right | write_right;

struct Handle {
  std::uint16_t space = 0;   // its number; 0: the handle is free
  std::uint16_t rights = 0;
};

class Handles {
 public:
  static constexpr unsigned most_clients = 64, handles_per_client = 64;
  using Place = std::uint8_t;  // of a client; 0 is none

  // The place of a task, made if it has none. `close` is called with each dataspace number
  // that the handles of ended tasks were for. no_room: all places are those of living tasks.
  template <typename Alive, typename Close>
  Result<Place> open(TaskId task, Alive&& alive, Close&& close) {
    Place free = 0;
    for (unsigned place = 1; place <= most_clients; ++place) {
      if (clients_[place].task == task) return static_cast<Place>(place);
      if (free == 0 && clients_[place].task.is_none()) free = static_cast<Place>(place);
    }
    if (free == 0) {
      sweep(alive, close);
      for (unsigned place = 1; place <= most_clients && free == 0; ++place) {
        if (clients_[place].task.is_none()) free = static_cast<Place>(place);
      }
    }
    if (free == 0) return Error::no_room;
    clients_[free].task = task;
    return free;
  }

  // Closes the handles of tasks that are no more. True: there were some.
  template <typename Alive, typename Close>
  bool sweep(Alive&& alive, Close&& close) {
    bool found = false;
    for (Client& client : clients_) {
      if (client.task.is_none() || alive(client.task)) continue;
      found = true;
      for (Handle& handle : client.handles) {
        const unsigned space = handle.space;
        handle = {};
        if (space != 0) close(space);
      }
      client = Client{};
    }
    return found;
  }

  // Null if the client has no such handle.
  [[gnu::always_inline]] const Handle* find(Place place, Word number) const {
    if (number >= handles_per_client) return nullptr;
    const Handle& handle = clients_[place].handles[number];
    return handle.space != 0 ? &handle : nullptr;
  }

  Result<Word> add(Place place, Handle handle) {
    for (Word number = 0; number < handles_per_client; ++number) {
      if (clients_[place].handles[number].space != 0) continue;
      clients_[place].handles[number] = handle;
      return number;
    }
    return Error::no_room;
  }

  void remove(Place place, Word number) { clients_[place].handles[number] = {}; }

  // A client with a handle to the dataspace, `first` if it has one; 0: nobody has.
  Place holder_of(unsigned space, Place first = 0) const {
    if (first != 0 && holds(first, space)) return first;
    for (unsigned place = 1; place <= most_clients; ++place) {
      if (holds(static_cast<Place>(place), space)) return static_cast<Place>(place);
    }
    return 0;
  }

  // All handles, to be looked at or changed.
  template <typename Visit>
  void for_each(Visit&& visit) {
    for (Client& client : clients_) {
      for (Handle& handle : client.handles) {
        if (handle.space != 0) visit(handle);
      }
    }
  }

 private:
  bool holds(Place place, unsigned space) const {
    for (const Handle& handle : clients_[place].handles) {
      if (handle.space == space) return true;
    }
    return false;
  }

  struct Client {
    TaskId task;
    std::array<Handle, handles_per_client> handles{};
  };
  std::array<Client, most_clients + 1> clients_{};  // entry 0 stays empty
};

}  // namespace paging
