// SPDX-License-Identifier: MIT
// The name service's table: which thread answers for a name. Pure.
#pragma once

#include <optional>

#include <mica/root.h>

#include "copy_text.h"
#include "manifest.h"

namespace root {

class Names {
 public:
  using Number = std::size_t;

  // A name of the manifest, which will be registered some time.
  bool declare(std::string_view name) { return number(name) || entries_.push({name, {}}); }
  std::optional<Number> number(std::string_view name) const {
    for (Number n = 0; n < entries_.size(); ++n) {
      if (entries_[n].name == name) return n;
    }
    return std::nullopt;
  }

  // Who answers for it; nil while nobody does.
  l4::ThreadId server(Number n) const { return entries_[n].server; }
  void set(Number n, l4::ThreadId server) { entries_[n].server = server; }
  // The n-th name and who answers for it. Nothing behind the last.
  std::optional<mica::NameInfo> info(l4::Word n) const {
    if (n >= entries_.size()) return std::nullopt;
    mica::NameInfo info{entries_[n].server, {}};
    copy_text(info.name, entries_[n].name);
    return info;
  }

  // The thread, or all of the task, are no more: nobody answers for their names.
  void forget(l4::ThreadId server) {
    for (Entry& entry : entries_) {
      if (entry.server == server) entry.server = l4::ThreadId::nil();
    }
  }
  void forget(mica::TaskId task) {
    for (Entry& entry : entries_) {
      if (mica::TaskId::of(entry.server) == task) entry.server = l4::ThreadId::nil();
    }
  }

 private:
  struct Entry {
    std::string_view name;
    l4::ThreadId server;
  };
  mica::FixedVector<Entry, Manifest::max_provided> entries_;
};

}  // namespace root
