// SPDX-License-Identifier: MIT
// What the root server does for tasks. It alone may make spaces and threads; everything
// that a task has comes from it, within the quotas of the manifest (docs/manual/manifest.md).
// Its thread's id is this_task().root. Common errors beside those named: bad_message,
// bad_argument, denied.
#pragma once

#include "rpc.h"
#include "task.h"

namespace mica {

using Name = Text<32>;

// What the root server sends to a task that has a heartbeat; it asks for no answer.
inline constexpr long ping_label = 0x102;

struct MessageInterrupt {
  Word number;   // of the interrupt: sender's thread number in its messages
  Word address;  // what a device writes to raise it:
  Word data;     //   32 bits of data to this physical address
};

struct TaskInfo {
  TaskId id;
  TaskId parent;           // who spawned it; none: the manifest
  Word threads;            // bit n: thread n exists
  Word frames, quota;      // of 4 KiB: held, and at most
  Word restarts;           // since the system's start
  Word priority;
  Word started;            // microseconds of the system clock
  char name[32];
  char program[32];
};

struct ThreadState {
  l4::ThreadId id;
  Word state;              // as L4_Schedule's result: 2 inactive or halted, 3 running or ready, 4 - 7 in IPC
  l4::ThreadId pager;      // with which it was made; it may have set another one since
};

struct NameInfo {
  l4::ThreadId server;     // who answers for it; nil: nobody does now
  char name[32];
};

struct BlockInfo {
  Word physical;
  Word order;              // 2^order bytes
};

struct MemoryInfo {
  Word total, free;        // frames of 4 KiB that the root server has to give
  Word archive_bytes;
  Word tasks;
};

struct FileInfo {
  Word address;            // in the root server: what file_pages takes
  Word size;               // bytes
};

struct FileEntry {
  Word size;
  char name[100];
};

struct Ending {
  long code;               // the program's result, 0 for success; -1: it was ended by
  Word crashed;            //   1 a fault or an exception, 2 kill, 3 a missed heartbeat
};

struct LogPiece {
  Word next;               // the position to ask for next
  Word size;
  char text[384];
};

struct InterruptInfo {
  Word line;
  l4::ThreadId handler;
};

// What the boot loader has set up to be seen.
struct FramebufferInfo {
  static constexpr Word indexed = 0, direct_colour = 1, text = 2;
  Word base, pitch;    // physical address, bytes a line
  Word width, height;  // pixels, or characters
  Word bits;           // a pixel
  Word kind;
};

// What Root::inject does to a task.
enum class Fault : Word {
  code,   // flips bits of its code
  data,   // flips bits of its data
  stack,  // flips a bit of what thread 0 has on its stack
  loop,   // thread 0 runs for ever
  halt,   // thread 0 takes one more message, and never runs again
};

struct Root {
  static constexpr long id = 0x20;

  // Names. register_name: the caller's thread answers for the name from now on; it must be
  // one that the manifest lets its task provide, and replaces an earlier registration.
  using register_name = Operation<Root, 0, void(Name)>;
  // find: who answers for the name; waits while its provider is not there (yet, or again).
  // Errors: denied (not among the `uses` of the caller's task), not_found (nobody provides
  // it), ended (its provider ended and will not be restarted).
  using find = Operation<Root, 1, l4::ThreadId(Name)>;
  // admits: may the task use a service that the caller's task provides? Errors: denied.
  using admits = Operation<Root, 2, void(TaskId)>;

  // Memory. memory: a cleared block of 2^order bytes, order 12 .. 22, mapped into the
  // window; the Map's page is its physical address. no_memory: the quota or the machine.
  using memory = Operation<Root, 3, Map(Word order)>;
  // free_memory: gives back a block, also one that was left by an earlier incarnation, by its
  // physical address; it disappears from all spaces.
  using free_memory = Operation<Root, 4, void(Word physical)>;
  // dma_memory: as memory; counts against the task's `dma`.
  using dma_memory = Operation<Root, 5, Map(Word order)>;
  // held_memory: the n-th block that an earlier incarnation left (manifest: holds memory).
  // Errors: not_found.
  using held_memory = Operation<Root, 6, Map(Word n)>;
  // device_memory: 2^order bytes of a device, not cached; inside a `device` of the manifest.
  using device_memory = Operation<Root, 7, Map(Word physical, Word order)>;
  // framebuffer: of a task with `device framebuffer`, whose device_memory it is. Errors: denied,
  // not_found (the boot loader has set up none).
  using framebuffer = Operation<Root, 40, FramebufferInfo()>;
  // ports: 2^order I/O ports from `first` on, inside a `ports` of the manifest. The caller
  // opens an I/O window, or the complete one.
  using ports = Operation<Root, 8, Map(Word first, Word order)>;

  // Interrupts go to thread n of the caller's task as messages from thread (line, 1).
  using attach_interrupt = Operation<Root, 9, void(Word line, Word n)>;
  using attach_message_interrupt = Operation<Root, 10, MessageInterrupt(Word n)>;

  // Threads. create_thread: a further thread of the caller's task, which waits for the
  // start message of `pager`, a thread of the task or the root server's (then it gets the
  // image's pages only). no_room: all that the task may have exist.
  using create_thread = Operation<Root, 11, l4::ThreadId(l4::ThreadId pager)>;
  using delete_thread = Operation<Root, 12, void(Word n)>;
  // delete_thread: its names, interrupts and what it waits for go with it.
  // start_thread: of a thread whose pager is the root server; its stack is part of the image.
  using start_thread = Operation<Root, 30, void(Word n, Word ip, Word sp)>;
  // priority of thread n, 1 .. the task's.
  using set_priority = Operation<Root, 13, void(Word n, Word priority)>;

  // Tasks. spawn: a task of the program, with so much of the caller's own memory quota in
  // bytes. Errors: not_found (no such file), no_program, no_memory, no_room.
  using spawn = Operation<Root, 14, TaskId(Word memory, Text<64> program, Text<256> arguments)>;
  // spawn_space: a task of that name without a program, for personalities. Nothing is in its space;
  // its thread 0 waits for the start message of the caller's thread, which is its pager, and all
  // that its threads send goes to that thread (redirector). It has no memory quota. Errors: as spawn.
  using spawn_space = Operation<Root, 35, TaskId(Name)>;
  // program_memory: as memory, and with the right to execute, for such spaces. denied: the manifest
  // gives the caller's task no tasks.
  using program_memory = Operation<Root, 36, Map(Word order)>;
  // wait: for the end of a task that the caller has spawned, which is told once. It is kept until
  // then, for as many children as the caller may have. not_found: no such child.
  using wait = Operation<Root, 15, Ending(TaskId)>;
  // kill: a child, or with `privilege control` any task. A task of the manifest is
  // restarted if its policy says so.
  using kill = Operation<Root, 16, void(TaskId)>;
  // restart: a task of the manifest, by its name, whether it runs or has ended.
  using restart = Operation<Root, 17, void(Name)>;
  // complain: the server has given an answer that is none. It counts as a crash of it when
  // three tasks of the manifest that use it have said so, or all if they are fewer; children
  // are their parents. denied: the caller does not use it.
  using complain = Operation<Root, 18, void(l4::ThreadId server)>;

  // Information. task_info: of the first living task with at least this index. not_found:
  // there is none. thread_state: of thread n of a task.
  using task_info = Operation<Root, 20, TaskInfo(Word index)>;
  using thread_state = Operation<Root, 21, ThreadState(TaskId, Word n)>;
  // block_info: the n-th block of memory that a task holds, the newest first.
  using block_info = Operation<Root, 31, BlockInfo(TaskId, Word n)>;
  // name_info: the n-th name of the name service. use_info: the n-th service that a task may
  // use. not_found: there are no more.
  using name_info = Operation<Root, 32, NameInfo(Word n)>;
  using use_info = Operation<Root, 33, Name(TaskId, Word n)>;
  // exchange_quantum: gives thread n so many microseconds of total quantum, 0 for no end, and
  // returns what is left of the one before, rounded down to 10 bits, or all ones if it had none.
  // A thread that uses it up goes on without one. Needs `privilege control`.
  using exchange_quantum = Operation<Root, 34, Word(TaskId, Word n, Word microseconds)>;
  using memory_info = Operation<Root, 22, MemoryInfo()>;
  // n-th attached interrupt, from 0 on; not_found behind the last.
  using interrupt_info = Operation<Root, 23, InterruptInfo(Word n)>;
  // Files of the boot archive: by name; the n-th; their pages, read only, by addresses
  // that file tells (rounded down to pages), order 12 .. 22.
  using file = Operation<Root, 24, FileInfo(Text<100>)>;
  using file_entry = Operation<Root, 25, FileEntry(Word n)>;
  using file_pages = Operation<Root, 26, Map(Word address, Word order)>;
  // What the root server and tasks without a console have printed, from a position on;
  // waits for more. Position 0 is the oldest that is still there, ~0 the
  // end. Somebody who provides a service and asks takes over the showing of the log, until
  // he ends.
  using log = Operation<Root, 27, LogPiece(Word position)>;
  // log_end: the position behind what has been printed.
  using log_end = Operation<Root, 41, Word()>;
  // write_log: prints where the log goes.
  using write_log = Operation<Root, 28, void(Text<400>)>;
  // The kernel's trace (trace.h); needs `privilege control`. 0 switches it off, else on, with all
  // records cleared. The Map is its memory, 2 MiB, to read.
  using trace = Operation<Root, 42, Map(Word on)>;
  // inject: a fault in a task, chosen by the random word; needs `privilege control inject`. The
  // address it is at. not_found: no such task, or it has touched nothing that the fault could hit.
  using inject = Operation<Root, 37, Word(TaskId, Fault, Word random)>;
  // Ends the system, needs `privilege control`. status 0: it ends with success, whatever has ended
  // otherwise before.
  using shutdown = Operation<Root, 29, void(Word status)>;

  using Operations =
      mica::Operations<register_name, find, admits, memory, free_memory, dma_memory, held_memory, device_memory, framebuffer, ports,
                       attach_interrupt, attach_message_interrupt, create_thread, delete_thread, start_thread, set_priority, spawn,
                       spawn_space, program_memory, wait, kill, restart, complain, task_info, thread_state, block_info, name_info, use_info,
                       exchange_quantum, memory_info, interrupt_info, file,
                       file_entry, file_pages, log, log_end, write_log, inject, shutdown, trace>;
};

// The value of an argument `name=value` of this task, the name itself for an argument without
// value, empty if there is none.
std::string_view argument(std::string_view name);

// `otherwise` if there is no such argument.
inline std::string_view argument(std::string_view name, std::string_view otherwise) {
  const std::string_view value = argument(name);
  return value.empty() ? otherwise : value;
}

// The same as a number, decimal or hexadecimal after 0x; `otherwise` if there is no such argument.
Word number_argument(std::string_view name, Word otherwise);

inline l4::ThreadId root_server() { return this_task().root; }

// register_name: as the operation; the program ends if it is refused.
void register_name(std::string_view name);

}  // namespace mica
