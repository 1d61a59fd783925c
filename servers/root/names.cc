// SPDX-License-Identifier: MIT
#include "names.h"

#include <mica/server.h>

namespace root {

const Names::Entry* Names::look(std::string_view name) const {
  for (const Entry& entry : entries_) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

bool Names::declare(std::string_view name) { return look(name) != nullptr || entries_.push({name, {}}); }

l4::ThreadId Names::find(std::string_view name) const {
  const Entry* const entry = look(name);
  return entry == nullptr ? l4::ThreadId::nil() : entry->server;
}

void Names::tell(std::string_view name, mica::Result<l4::ThreadId> answer) {
  for (std::size_t i = waiters_.size(); i-- > 0;) {
    if (waiters_[i].name != name) continue;
    mica::answer<mica::Root::find>(waiters_[i].client, answer);
    waiters_.remove(i);
  }
}

bool Names::set(std::string_view name, l4::ThreadId server) {
  for (Entry& entry : entries_) {
    if (entry.name != name) continue;
    entry.server = server;
    tell(name, server);
    return true;
  }
  return false;
}

// The entry's own name outlives the request.
bool Names::wait(std::string_view name, l4::ThreadId client) {
  const Entry* const entry = look(name);
  return entry != nullptr && waiters_.push({entry->name, client});
}

void Names::forget(mica::TaskId task) {
  for (Entry& entry : entries_) {
    if (mica::TaskId::of(entry.server) == task) entry.server = l4::ThreadId::nil();
  }
  for (std::size_t i = waiters_.size(); i-- > 0;) {
    if (mica::TaskId::of(waiters_[i].client) == task) waiters_.remove(i);
  }
}

void Names::give_up(std::string_view name) { tell(name, mica::Error::ended); }

}  // namespace root
