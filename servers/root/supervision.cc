// SPDX-License-Identifier: MIT
#include "supervision.h"

#include <mica/server.h>

#include "archive.h"
#include "boot.h"
#include "interrupts.h"
#include "log.h"

namespace root {

constinit Supervision supervision;
constinit Names names;

namespace {

constexpr Word complaints_that_count = 3;

Word now() { return L4_SystemClock().raw; }

}  // namespace

unsigned Supervision::start_all(const Manifest& manifest) {
  unsigned failures = 0;
  tasks.set_manifest_tasks(manifest.tasks.size());
  for (const TaskSpec& spec : manifest.tasks) {
    for (const std::string_view name : spec.provides) names.declare(name);
  }
  for (Word n = 0; n < manifest.tasks.size(); ++n) {
    tasks.place(n).plan(tasks.first_index + n, manifest.tasks[n]);
  }
  for (Word n = 0; n < manifest.tasks.size(); ++n) {
    if (!start(tasks.place(n))) ++failures;
  }
  return failures;
}

bool Supervision::start(Task& task) {
  const auto file = boot_archive().find(task.spec().program);
  const char* const fault = file ? task.start(file->data) : "no such file in the archive";
  if (fault == nullptr) return true;
  report("root: {}: {}: {}\n", task.name(), task.spec().program, fault);
  return false;
}

Result<TaskId> Supervision::spawn(Task& parent, Word bytes, std::string_view program, std::string_view arguments) {
  if (tasks.children(parent.id()) >= parent.spec().tasks) return Error::denied;
  const auto file = boot_archive().find(program);
  if (!file) return Error::not_found;
  Task* const task = tasks.free_place();
  if (task == nullptr) return Error::no_room;
  const Word pages = bytes >> Frames::page_order;
  if (!parent.give_quota(pages)) return Error::no_memory;
  task->plan_child(tasks.index_of(*task), parent, file->name, pages, arguments);
  const char* const fault = task->start(file->data);
  if (fault == nullptr) return task->id();
  report("root: {}: {}\n", program, fault);
  task->forget();
  parent.take_quota(pages);
  return Error::bad_argument;
}

bool Supervision::may_restart(Task& task) {
  const RestartPolicy& policy = task.spec().restart;
  if (!policy.always || over_) return false;
  if (policy.limit == 0) return true;
  // The times of the last restarts are a ring; the limit is at most its size.
  const Word oldest = task.restarts < policy.limit ? 0 : task.restart_times[(task.restarts - policy.limit) % 8];
  return task.restarts < policy.limit || now() - oldest > policy.window;
}

void Supervision::end(Task& task, mica::Ending ending) {
  const TaskId id = task.id();
  for (Task& child : tasks) {
    if (child.running() && child.parent == id) end(child, {-1, 2});
  }
  interrupts.detach(id);
  const Word quota = task.quota();
  task.end();
  names.forget(id);
  for (std::size_t i = waiters_.size(); i-- > 0;) {
    if (TaskId::of(waiters_[i].client) == id) waiters_.remove(i);
  }
  tell_waiters(id, ending);
  task.ending = ending;
  if (!tasks.is_of_manifest(task)) {
    if (Task* const parent = tasks.find(task.parent)) parent->take_quota(quota);
    task.forget();
    return;
  }
  const bool well = ending.code == 0 && ending.crashed == 0;
  if (!well && may_restart(task)) {
    task.restart_times[task.restarts++ % 8] = now();
    report("root: {} is started again\n", task.name());
    if (start(task)) return;
  }
  for (const std::string_view name : task.spec().provides) names.give_up(name);
  if (!well) failed_ = true;
  if (task.spec().essential) stop(!well);
  check_whether_over();
}

// Without an essential task the system ends with the last task that is no server.
void Supervision::check_whether_over() {
  for (const Task& task : tasks) {
    if (task.running() && task.spec().provides.empty()) return;
  }
  over_ = true;
}

void Supervision::complain(Task& task, TaskId client) {
  if (client == task.id() || !task.note_complaint(client, complaints_that_count)) return;
  report("root: {}: its answers make no sense\n", task.name());
  end(task, {-1, 1});
}

bool Supervision::wait(TaskId task, l4::ThreadId client) { return waiters_.push({task, client}); }

void Supervision::tell_waiters(TaskId task, mica::Ending ending) {
  for (std::size_t i = waiters_.size(); i-- > 0;) {
    if (waiters_[i].task != task) continue;
    mica::answer<mica::Root::wait>(waiters_[i].client, ending);
    waiters_.remove(i);
  }
}

Word Supervision::tick() {
  Word shortest = 0;
  const Word time = now();
  for (Task& task : tasks) {
    const Word heartbeat = task.spec().heartbeat;
    if (!task.running() || heartbeat == 0) continue;
    if (shortest == 0 || heartbeat < shortest) shortest = heartbeat;
    l4::Words ping(l4::Tag::make(mica::ping_label, 0));
    if (l4::send_words(task.id().thread(0), ping, l4::Timeouts::reply()).ok()) {
      task.last_ping = time;
    } else if (time - task.last_ping > heartbeat) {
      report("root: {} hangs: no heartbeat for {} ms\n", task.name(), (time - task.last_ping) / 1000);
      end(task, {-1, 3});
    }
  }
  return shortest / 2;
}

}  // namespace root
