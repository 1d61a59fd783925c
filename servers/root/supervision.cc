// SPDX-License-Identifier: MIT
#include "supervision.h"

#include <mica/server.h>

#include "boot.h"
#include "interrupts.h"
#include "log.h"

namespace root {

constinit Supervision supervision;
constinit Names names;
constinit Waiters waiters;

namespace {

constexpr Word complaints_that_count = 3;
constexpr Word longest_pause = 100000;  // microseconds, until somebody new is asked whether it lives

Word now() { return L4_SystemClock().raw; }

// Answers those who wait for that. True: somebody has taken the answer.
template <typename Op>
bool tell(Waiters::For kind, Word what, const Result<typename Op::Value>& result) {
  bool taken = false;
  waiters.answer(
      kind, [what](Word awaited) { return awaited == what; },
      [&](l4::ThreadId client, Word) { taken = mica::answer<Op>(client, result) || taken; });
  return taken;
}

}  // namespace

unsigned Supervision::start_all(const Manifest& manifest) {
  unsigned failures = 0;
  tasks.places().reserve(manifest.tasks.size());
  for (const TaskSpec& spec : manifest.tasks) {
    for (const std::string_view name : spec.provides) names.declare(name);
  }
  for (Word n = 0; n < manifest.tasks.size(); ++n) {
    tasks.place(n).plan(tasks.first_index + n, n, manifest.tasks[n]);
  }
  for (Word n = 0; n < manifest.tasks.size(); ++n) {
    if (!start(tasks.place(n))) ++failures;
  }
  return failures;
}

bool Supervision::start(Task& task) {
  const auto file = boot_archive().find(task.spec().program);
  const char* const fault = file ? task.start(file->data).text : "no such file in the archive";
  if (fault == nullptr) return true;
  report("root: {}: {}: {}\n", task.name(), task.spec().program, fault);
  return false;
}

Result<TaskId> Supervision::spawn(Task& parent, Word bytes, std::string_view program,
                                  std::string_view arguments) {
  if (tasks.children(parent.id()) >= parent.spec().tasks) return Error::denied;
  const auto file = boot_archive().find(program);
  if (!file) return Error::not_found;
  const Word pages = bytes >> Frames::page_order;
  if (!parent.give_quota(pages)) return Error::no_memory;
  const auto place = tasks.places().take(parent.id());
  Task::Fault fault{Error::no_room, "there is no room for more tasks"};
  if (place) {
    Task& task = tasks.place(*place);
    task.plan_child(tasks.index_of(task), parent, file->name, pages, arguments);
    fault = task.start(file->data);
    if (fault.error == Error::none) return task.id();
    tasks.places().free(*place);
  }
  parent.take_quota(pages);
  report("root: {}: {}\n", program, fault.text);
  return fault.error;
}

Result<TaskId> Supervision::spawn_space(Task& parent, l4::ThreadId pager, std::string_view name) {
  if (tasks.children(parent.id()) >= parent.spec().tasks) return Error::denied;
  const auto place = tasks.places().take(parent.id());
  if (!place) return Error::no_room;
  Task& task = tasks.place(*place);
  task.plan_space(tasks.index_of(task), parent, name);
  if (task.start_space(pager)) return task.id();
  tasks.places().free(*place);
  return Error::no_memory;
}

// Everything that is the task's, its children with it, and everybody who waits for it.
void Supervision::take_down(Task& task, mica::Ending ending) {
  const TaskId id = task.id();
  for (Task& child : tasks) {
    if (child.running() && child.parent == id) take_down(child, {-1, 2});
  }
  tasks.places().forget_children(id);
  interrupts.detach(id);
  const Word quota = task.quota();
  task.end();
  names.forget(id);
  waiters.forget(id);
  log.forget(id);
  task.ending = ending;
  const bool told = tell<mica::Root::wait>(Waiters::For::ending, id.raw, ending);
  if (tasks.is_of_manifest(task)) return;
  Task* const parent = tasks.find(task.parent);
  if (parent != nullptr) parent->take_quota(quota);
  if (parent != nullptr && !told) tasks.places().end(tasks.place_of(task), parent->spec().tasks);
  else tasks.places().free(tasks.place_of(task));
}

void Supervision::end(Task& task, mica::Ending ending) {
  const bool of_manifest = tasks.is_of_manifest(task);
  take_down(task, ending);
  if (!of_manifest) return check_whether_over();
  const bool well = ending.code == 0 && ending.crashed == 0;
  if (!well && !over_ && task.policy_restarts.allowed(task.spec().restart, now())) {
    task.policy_restarts.note(now());
    ++task.restarts;
    report("root: {} is started again\n", task.name());
    if (start(task)) return;
  }
  stay_down(task, well);
}

bool Supervision::restart(Task& task) {
  if (task.running()) take_down(task, {-1, 2});
  ++task.restarts;
  report("root: {} is started again\n", task.name());
  if (start(task)) return true;
  stay_down(task, false);
  return false;
}

// Those who look for its names are told that there will be nobody.
void Supervision::stay_down(Task& task, bool well) {
  for (const std::string_view provided : task.spec().provides) {
    tell<mica::Root::find>(Waiters::For::name, *names.number(provided), Error::ended);
  }
  if (!well) failed_ = true;
  if (task.spec().essential) over_ = true;
  check_whether_over();
}

void Supervision::forget(l4::ThreadId thread) {
  interrupts.detach(thread);
  names.forget(thread);
  waiters.forget(thread);
  log.forget(thread);
}

void set_server(Names::Number name, l4::ThreadId server) {
  names.set(name, server);
  tell<mica::Root::find>(Waiters::For::name, name, server);
}

// Without an essential task the system ends with the last task that is no server.
void Supervision::check_whether_over() {
  for (const Task& task : tasks) {
    if (task.running() && task.spec().provides.empty()) return;
  }
  over_ = true;
}

void Supervision::complain(Task& task, const Task& client) {
  if (client.family() == task.family()) return;
  const Word users = families_using(task);
  const Word enough = users < complaints_that_count ? users : complaints_that_count;
  if (task.note_complaint(client.family()) < enough) return;
  report("root: {}: its answers make no sense\n", task.name());
  end(task, {-1, 1});
}

// Tasks of the manifest that may talk to this one. Their children count with them.
Word Supervision::families_using(const Task& server) const {
  Word users = 0;
  for (const Task& task : tasks) {
    const bool other = tasks.is_of_manifest(task) && task.running() && task.family() != server.family();
    if (other && task.uses_any(server.spec().provides)) ++users;
  }
  return users;
}

// A task that waits for the root server itself takes no message and does not hang.
Pulse Supervision::next_pulse(l4::ThreadId asked, bool taken) {
  const Word time = now();
  Task* const task = tasks.of(asked);
  if (task != nullptr && !taken && !waiters.has(asked)) {
    report("root: {} hangs: it has taken no message for {} ms\n", task->name(),
           (time - task->last_ping) / 1000);
    end(*task, {-1, 3});
  } else if (task != nullptr) {
    task->last_ping = time;
  }
  Pulse next{l4::ThreadId::nil(), longest_pause};
  for (Task& other : tasks) {
    if (!other.running() || other.spec().heartbeat == 0) continue;
    const Word due = other.last_ping + other.spec().heartbeat / 2;
    if (due <= time) return {other.id().thread(0), other.spec().heartbeat};
    if (due - time < next.microseconds) next.microseconds = due - time;
  }
  return next;
}

}  // namespace root
