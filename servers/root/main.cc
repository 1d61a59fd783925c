// SPDX-License-Identifier: MIT
// The root server of the default system: starts each module of the boot loader as a
// task in a space of its own.
//
// Owns: the tasks and threads it makes (it alone may call ThreadControl and
// SpaceControl), the memory it got from sigma0 for them, and the console.
// Serves: each task's page faults, with pages of its image and no others; the console
// protocol (runtime/console_protocol.h); exceptions, which it reports.
// Trusts: the kernel, sigma0 and the boot loader. A task that faults outside its image
// or raises an exception is reported and deleted; what it says is only printed;
// messages of strangers are not answered.
//
// The system ends when the last task has that is not marked with the argument
// "server"; it succeeds if all of them did.
#include <runtime/console_protocol.h>
#include <runtime/program.h>

#include <l4/pagefault.h>

#include "task.h"

namespace {

using root::Task;
using runtime::hex;
using runtime::print;

mica::FixedVector<Task, root::BootModules::capacity> tasks;
bool all_well = true;

Task* task_of(l4::ThreadId thread) {
  for (Task& task : tasks) {
    if (task.thread() == thread && task.state() == Task::State::running) return &task;
  }
  return nullptr;
}

bool all_ended() {
  for (const Task& task : tasks) {
    if (task.state() == Task::State::running && !task.is_server()) return false;
  }
  return true;
}

void end_task(Task& task, Task::State state) {
  task.end(state);
  if (state == Task::State::failed) all_well = false;
}

void start_modules() {
  for (const root::BootModule& module : root::find_boot_modules()) {
    Task task(module);
    if (task.fault() != nullptr) {
      print("root: {}: {}\n", module.name(), task.fault());
      all_well = false;
      continue;
    }
    tasks.push(task);
    print("root: starting {} as thread {}\n", module.name(), task.thread().number());
    if (!task.start()) end_task(tasks[tasks.size() - 1], Task::State::failed);
  }
}

// Each of these answers in `message` and says whether there is an answer.

bool page_fault(Task& task, l4::Words& message) {
  const l4::Word address = message[1], ip = message[2];
  const l4::Rights access{L4_PageFaultAccess({.raw = message[0]})};
  const l4::Fpage page = task.page_for(address, access);
  if (page.is_nil()) {
    print("root: {}: faults at {}, instruction {}, access {}: ended\n", task.name(), hex(address), hex(ip),
          access.raw);
    end_task(task, Task::State::failed);
    return false;
  }
  const L4_MapItem_t item = L4_MapItem(page, address);
  message = l4::Words(l4::Tag::make(0, 0, 2), item.raw[0], item.raw[1]);
  return true;
}

bool exception(Task& task, const l4::Words& message) {
  L4_Word_t number = 0, error = 0, sp = 0;
  L4_StoreMR(L4_ExcNumber, &number);
  L4_StoreMR(L4_ExcErrorCode, &error);
  L4_StoreMR(L4_ExcRsp, &sp);
  print("root: {}: exception {}, error code {}, instruction {}, stack {}: ended\n", task.name(), number,
        hex(error), hex(message[L4_ExcRip]), hex(sp));
  end_task(task, Task::State::failed);
  return false;
}

bool answer(Task& task, l4::Words& message) {
  const l4::Tag tag = message.tag();
  if (L4_IsPageFault({.raw = tag.raw})) return page_fault(task, message);
  if (tag.is(L4_ExceptionLabel)) return exception(task, message);
  if (tag.label() == runtime::console_write) return runtime::serve_console(message), true;
  if (tag.label() == runtime::program_exit) {
    print("root: {} has ended with {}\n", task.name(), static_cast<long>(message[1]));
    end_task(task, message[1] == 0 ? Task::State::succeeded : Task::State::failed);
  }
  return false;
}

}  // namespace

int main() {
  print("root: Mica's root server\n");
  start_modules();
  l4::Words message;
  bool reply = false;
  l4::ThreadId client;
  while (!all_ended()) {
    client = reply ? l4::reply_and_wait_words(client, message) : l4::wait_words(message);
    Task* const task = message.tag().ok() ? task_of(client) : nullptr;
    reply = task != nullptr && answer(*task, message);
  }
  print("root: all tasks have ended\n");
  return all_well ? 0 : 1;
}
