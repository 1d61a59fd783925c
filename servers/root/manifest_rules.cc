// SPDX-License-Identifier: MIT
#include "manifest_rules.h"

#include "manifest_words.h"

namespace root {

namespace {

using View = std::string_view;

constexpr Word message_interrupts = 24;  // that the kernel has

bool overlap(const Region& a, const Region& b) {
  return a.first < b.first + b.size && b.first < a.first + a.size;
}
bool overlap(const Interrupt& a, const Interrupt& b) {
  return a.number == b.number && !(a.shared && b.shared);
}

class Rules {
 public:
  Rules(const Manifest& manifest, Complaints& complaints) : manifest_(manifest), complaints_(complaints) {}

  void run() {
    for (const TaskSpec& task : manifest_.tasks) {
      check_name(task);
      if (task.dma > task.memory) complain(task, task.line, {"dma: more than all its memory"});
      for (const View name : task.provides) check_provided(task, name);
      for (const View name : task.uses) check_used(task, name);
      check_owners(task, &TaskSpec::ports, "ports");
      check_owners(task, &TaskSpec::devices, "device");
      check_owners(task, &TaskSpec::interrupts, "interrupt");
    }
    check_sums();
  }

 private:
  void complain(const TaskSpec& task, unsigned line, Complaints::Parts parts) {
    complaints_.add(line, {"task ", quoted(task.name), ": "}, parts);
  }

  void check_name(const TaskSpec& task) {
    for (const TaskSpec& other : manifest_.tasks) {
      if (&other == &task) return;
      if (other.name == task.name) {
        return complain(task, task.line, {"line ", Word{other.line}, " has a task of this name already"});
      }
    }
  }

  void check_provided(const TaskSpec& task, View name) {
    for (const TaskSpec& other : manifest_.tasks) {
      for (const View earlier : other.provides) {
        if (earlier.data() == name.data()) return;
        if (earlier != name) continue;
        return complain(task, manifest_.line_of(name),
                        {"provides: task ", quoted(other.name), " provides ", quoted(name), " already"});
      }
    }
  }

  void check_used(const TaskSpec& task, View name) {
    Meant meant(name);
    for (const TaskSpec& other : manifest_.tasks) {
      for (const View provided : other.provides) {
        if (provided == name) return;
        meant.consider(provided);
      }
    }
    const unsigned line = manifest_.line_of(name);
    if (meant.word().empty()) return complain(task, line, {"uses: nobody provides ", quoted(name)});
    complain(task, line,
             {"uses: nobody provides ", quoted(name), "; did you mean ", quoted(meant.word()), "?"});
  }

  // None of what the task owns was in the hands of somebody before.
  template <typename Owned>
  void check_owners(const TaskSpec& task, Owned TaskSpec::*owned, View what) {
    for (const auto& item : task.*owned) {
      for (const TaskSpec& other : manifest_.tasks) {
        for (const auto& earlier : other.*owned) {
          if (&earlier == &item) break;
          if (!overlap(item, earlier)) continue;
          complain(task, item.where,
                   {what, ": task ", quoted(other.name), " has it in line ", Word{earlier.where}});
        }
        if (&other == &task) break;
      }
    }
  }

  void check_sums() {
    Word memory = 0, messages = 0, provided = 0;
    for (const TaskSpec& task : manifest_.tasks) {
      memory += task.memory;
      messages += task.message_interrupts;
      provided += task.provides.size();
      if (provided > Manifest::max_provided) {
        return complain(task, task.line, {"provides: more than ", Manifest::max_provided, " names in all"});
      }
      if (messages > message_interrupts) {
        return complain(task, task.line, {"interrupt message: more than ", message_interrupts, " in all"});
      }
      if (manifest_.memory != 0 && memory > manifest_.memory) {
        return complain(task, task.line,
                        {"memory: with this task all have ", memory >> 10, "K together, of ",
                         manifest_.memory >> 10, "K that the system may have"});
      }
    }
  }

  const Manifest& manifest_;
  Complaints& complaints_;
};

}  // namespace

void check_rules(const Manifest& manifest, Complaints& complaints) { Rules(manifest, complaints).run(); }

}  // namespace root
