// SPDX-License-Identifier: MIT
// What happens when a task comes to its end, in whatever way: what it had is taken back, the
// policy of the manifest decides whether it starts again, and those who care are told.
#pragma once

#include "names.h"
#include "pulse.h"
#include "tasks.h"
#include "waiters.h"

namespace root {

class Supervision {
 public:
  // Starts the tasks of the manifest. The number of those that did not start.
  unsigned start_all(const Manifest& manifest);

  // Starts a task of the manifest that does not run.
  bool start(Task& task);
  Result<TaskId> spawn(Task& parent, Word memory, std::string_view program, std::string_view arguments);
  Result<TaskId> spawn_space(Task& parent, l4::ThreadId pager, std::string_view name);

  // The task is gone afterwards, and may have been started again.
  void end(Task& task, mica::Ending ending);
  // Ends a task of the manifest, if it runs, and starts it, whatever its policy is. False: it does
  // not start.
  bool restart(Task& task);
  // A thread is no more, or is to be deleted.
  void forget(l4::ThreadId thread);
  // Counts an answer of the task that was none. It is ended when so many families say so that
  // none of them can do that to others: three of those that use it, or all.
  void complain(Task& task, const Task& client);

  // Whom to ask next whether it lives; `asked` is the one before, who has taken the message or not,
  // and is ended then.
  Pulse next_pulse(l4::ThreadId asked, bool taken);

  // The system's end, when there is one.
  bool over() const { return over_; }
  bool failed() const { return failed_; }
  void stop(bool failed) { over_ = true, failed_ = failed; }

 private:
  void take_down(Task& task, mica::Ending ending);
  void stay_down(Task& task, bool well);
  Word families_using(const Task& server) const;
  void check_whether_over();

  bool over_ = false, failed_ = false;
};

extern Supervision supervision;
extern Names names;
extern Waiters waiters;

// The thread answers for the name; those who wait are told.
void set_server(Names::Number name, l4::ThreadId server);

}  // namespace root
