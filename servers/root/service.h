// SPDX-License-Identifier: MIT
// The operations of mica::Root, and the kernel's messages of the tasks' threads.
#pragma once

#include <mica/server.h>

#include "log.h"
#include "supervision.h"

namespace root {

class Service {
 public:
  using Interface = mica::Root;
  static constexpr bool admits_all = true;  // all tasks
  using Client = mica::Client<>;
  using Root = mica::Root;
  using Name = const mica::Name&;

  Result<void> handle(Root::register_name, Client&, Name name);
  Result<l4::ThreadId> handle(Root::find, Client&, Name name);
  Result<void> handle(Root::admits, Client&, TaskId task);

  Result<mica::Map> handle(Root::memory, Client&, Word order);
  Result<void> handle(Root::free_memory, Client&, Word physical);
  Result<mica::Map> handle(Root::dma_memory, Client&, Word order);
  Result<mica::Map> handle(Root::program_memory, Client&, Word order);
  Result<mica::Map> handle(Root::held_memory, Client&, Word n);
  Result<mica::Map> handle(Root::device_memory, Client&, Word physical, Word order);
  Result<mica::FramebufferInfo> handle(Root::framebuffer, Client&);
  Result<mica::Map> handle(Root::ports, Client&, Word first, Word order);

  Result<void> handle(Root::attach_interrupt, Client&, Word line, Word n);
  Result<mica::MessageInterrupt> handle(Root::attach_message_interrupt, Client&, Word n);

  Result<l4::ThreadId> handle(Root::create_thread, Client&, l4::ThreadId pager);
  Result<void> handle(Root::start_thread, Client&, Word n, Word ip, Word sp);
  Result<void> handle(Root::delete_thread, Client&, Word n);
  Result<void> handle(Root::set_priority, Client&, Word n, Word priority);

  Result<TaskId> handle(Root::spawn, Client&, Word memory, const mica::Text<64>& program,
                        const mica::Text<256>& arguments);
  Result<TaskId> handle(Root::spawn_space, Client&, Name name);
  Result<mica::Ending> handle(Root::wait, Client&, TaskId task);
  Result<void> handle(Root::kill, Client&, TaskId task);
  Result<void> handle(Root::restart, Client&, Name name);
  Result<void> handle(Root::complain, Client&, l4::ThreadId server);

  Result<mica::TaskInfo> handle(Root::task_info, Client&, Word index);
  Result<mica::ThreadState> handle(Root::thread_state, Client&, TaskId task, Word n);
  Result<mica::BlockInfo> handle(Root::block_info, Client&, TaskId task, Word n);
  Result<mica::NameInfo> handle(Root::name_info, Client&, Word n);
  Result<mica::Name> handle(Root::use_info, Client&, TaskId task, Word n);
  Result<Word> handle(Root::exchange_quantum, Client&, TaskId task, Word n, Word microseconds);
  Result<mica::MemoryInfo> handle(Root::memory_info, Client&);
  Result<mica::InterruptInfo> handle(Root::interrupt_info, Client&, Word n);
  Result<mica::FileInfo> handle(Root::file, Client&, const mica::Text<100>& name);
  Result<mica::FileEntry> handle(Root::file_entry, Client&, Word n);
  Result<mica::Map> handle(Root::file_pages, Client&, Word address, Word order);
  Result<mica::LogPiece> handle(Root::log, Client&, Word position);
  Result<Word> handle(Root::log_end, Client&) { return log.end(); }
  Result<void> handle(Root::write_log, Client&, const mica::Text<400>& text);
  Result<Word> handle(Root::inject, Client&, TaskId task, mica::Fault kind, Word random);
  Result<mica::Map> handle(Root::trace, Client&, Word on);
  Result<void> handle(Root::shutdown, Client&, Word status);

  // Page faults, I/O faults, exceptions, what tasks print, and their ends.
  bool message(l4::ThreadId from, l4::Words& message);

  // The time that is spent for a task is its own: after half a time slice others are next, who
  // else would get less than their share beside one that asks all the time.
  void arrived() { arrived_ = L4_SystemClock().raw; }
  bool gives_way(l4::ThreadId to);

  // After each message: what was waited for, and the end.
  l4::Timeouts next_timeout();

  // The system has tasks with heartbeats. False: no room.
  [[nodiscard]] bool start_pulse() { return pulse_.start(); }

 private:
  Task& task_of(const Client&);
  bool page_fault(Task& task, l4::ThreadId from, l4::Words& message);
  bool io_fault(Task& task, l4::ThreadId from, l4::Words& message);
  void serve_log();

  PulseThread pulse_;
  Word arrived_ = 0;  // when the message in hand came
  Word served_ = 0;   // what of the log those who wait for more have been told of
};

}  // namespace root
