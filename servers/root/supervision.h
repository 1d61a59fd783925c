// SPDX-License-Identifier: MIT
// What happens when a task comes to its end, in whatever way: what it had is taken back, the
// policy of the manifest decides whether it starts again, and those who care are told.
#pragma once

#include "names.h"
#include "tasks.h"

namespace root {

class Supervision {
 public:
  // Starts the tasks of the manifest. The number of those that did not start.
  unsigned start_all(const Manifest& manifest);

  // Starts a task of the manifest that does not run.
  bool start(Task& task);
  Result<TaskId> spawn(Task& parent, Word memory, std::string_view program, std::string_view arguments);

  // The task is gone afterwards, and may have been started again.
  void end(Task& task, mica::Ending ending);
  // Counts an answer of the task that was none.
  void complain(Task& task, TaskId client);

  // Those who wait for the end of a task. False: too many wait.
  bool wait(TaskId task, l4::ThreadId client);

  // Pings, hung tasks, restarts that are due. Returns when to be called next, in
  // microseconds from now; 0: nothing is to be done.
  Word tick();

  // The system's end, when there is one.
  bool over() const { return over_; }
  bool failed() const { return failed_; }
  void stop(bool failed) { over_ = true, failed_ = failed_ || failed; }

 private:
  bool may_restart(Task& task);
  void tell_waiters(TaskId task, mica::Ending ending);
  void check_whether_over();

  struct Waiter {
    TaskId task;
    l4::ThreadId client;
  };
  mica::FixedVector<Waiter, 64> waiters_;
  Word next_ping_ = 0;
  bool has_servers_ = false;
  bool over_ = false, failed_ = false;
};

extern Supervision supervision;
extern Names names;

}  // namespace root
