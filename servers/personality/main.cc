// SPDX-License-Identifier: MIT
// The personality: runs static Linux programs for x86-64, as the seed of more.
//
// Owns: its memory quota, from which its programs have all their pages, and the programs: tasks
// that can send to nobody but to it.
// Serves: mica::Personality under the name `personality` (argument name=); the page faults,
// system calls and exceptions of its programs. What they write goes to the terminal that the
// argument console= names, or into the log.
// Trusts: the root server and its terminal, for whose answer all programs wait.
#include <l4/pagefault.h>
#include <mica/personality.h>
#include <mica/server.h>
#include <paging/memory.h>
#include <runtime/program.h>
#include <runtime/task.h>
#include <runtime/task_entry.h>

#include <new>

#include "calls.h"

namespace personality {

namespace {

using mica::Error;
using mica::Result;
using mica::Root;
using mica::TaskId;

constexpr Word entry_page = 0xbfc00000;  // in each program's space: the code it starts with
constexpr Word files_window = Word{1} << 44;
constexpr Word largest_file_order = 22;
constexpr unsigned most_programs = 8;
constexpr Word at_once = 8;  // pages, with their tables, that one call can touch
constexpr Word look_every = 50'000;  // microseconds: for programs that others have ended

constexpr Word by_signal = 256;
constexpr Word signal_illegal = 4, signal_trap = 5, signal_float = 8, signal_kill = 9, signal_segment = 11;

constinit paging::Frames frames{paging::frames_window};

// One more block of memory, if the quota has it.
void grow() {
  constexpr unsigned block_order = 16;
  const l4::Fpage window = l4::Fpage::memory(frames.address(frames.end()), block_order);
  const mica::Window place{window};
  if (mica::map_call<Root::program_memory>(mica::root_server(), place, Word{block_order})) {
    frames.add((Word{1} << block_order) / page_size);
  }
}

// The file of the boot archive, mapped here in the window of program `n`.
Result<Bytes> map_file(unsigned n, std::string_view name) {
  const auto file = mica::call<Root::file>(mica::root_server(), mica::Text<100>(name));
  if (!file) return file.error();
  const Word window = files_window + (Word{n} << largest_file_order), begin = file->address & ~(page_size - 1);
  if (file->address + file->size - begin > Word{1} << largest_file_order) return Error::no_room;
  for (Word at = begin; at < file->address + file->size; at += page_size) {
    const mica::Window page{l4::Fpage::page(window + (at - begin))};
    const auto mapped = mica::map_call<Root::file_pages>(mica::root_server(), page, at, Word{12});
    if (!mapped) return mapped.error();
  }
  return Bytes(reinterpret_cast<const unsigned char*>(window + (file->address - begin)), file->size);
}

struct Process {
  struct Outside {
    l4::ThreadId thread;
    void write(std::string_view text) { runtime::write_text(text); }
    Word microseconds() { return L4_SystemClock().raw; }
    bool set_fs(Word base) {
      Word old;
      return L4_Set_FsBaseOf(thread, base, &old) != 0;
    }
    void drop(Frame frame) {
      paging::unmap(frames.address(frame));
      frames.give(frame);
    }
  };
  Process(TaskId task_id, TaskId by) : task(task_id), parent(by), outside{task_id.thread(0)} {}

  TaskId task, parent;
  Program program{frames};
  Outside outside;
  Calls<Outside> calls{program, outside, task.index()};
  Frame entry_frame = 0;
  bool over = false;
  Word status = 0;
  l4::ThreadId waiter;  // for its end
};

// The signal that an exception is for such a program.
Word signal_of(Word exception) {
  switch (exception) {
    case 0:
    case 16:
    case 19: return signal_float;
    case 1:
    case 3: return signal_trap;
    case 6: return signal_illegal;
    default: return signal_segment;
  }
}

class Server {
 public:
  using Interface = mica::Personality;
  using Client = mica::Client<>;
  using Personality = mica::Personality;

  Result<TaskId> handle(Personality::start, Client& client, const mica::Text<64>& name, const mica::Text<256>& words) {
    sweep();
    for (unsigned n = 0; n < most_programs; ++n) {
      if (!places_[n].used) return start(n, client.task, name, words);
    }
    return Error::no_room;
  }

  Result<Word> handle(Personality::wait, Client& client, TaskId task) {
    sweep();
    Place* const place = find(task);
    if (place == nullptr || place->process().parent != client.task) return Error::not_found;
    if (!place->process().over) {
      place->process().waiter = client.thread;
      return Result<Word>::later();
    }
    const Word status = place->process().status;
    forget(*place);
    return status;
  }

  Result<void> handle(Personality::end, Client& client, TaskId task) {
    Place* const place = find(task);
    if (place == nullptr || place->process().parent != client.task) return Error::not_found;
    if (!place->process().over) end(*place, by_signal + signal_kill);
    return {};
  }

  // Faults, system calls and exceptions of the programs. Whatever else they send gets no answer.
  bool message(l4::ThreadId from, l4::Words& message) {
    Place* const place = find(TaskId::of(from));
    if (place == nullptr || place->process().over) return false;
    if (!mica::alive(place->process().parent)) return sweep(), false;
    const l4::Tag tag = message.tag();
    if (L4_IsPageFault({.raw = tag.raw})) return page_fault(*place, message);
    if (tag.is(L4_ExceptionLabel)) return exception(*place, message);
    if (tag.is(L4_IoFaultLabel)) report(*place, "port", message[2]), end(*place, by_signal + signal_segment);
    return false;
  }

  l4::Timeouts next_timeout() {
    bool running = false;
    for (Place& place : places_) running = running || place.used;
    if (!running) return l4::Timeouts::reply();
    return l4::Timeouts{l4::Timeouts::reply().raw | L4_TimePeriod(look_every).raw};
  }
  void timeout() { sweep(); }

 private:
  struct Place {
    bool used = false;
    alignas(Process) std::byte memory[sizeof(Process)]{};
    Process& process() { return *std::launder(reinterpret_cast<Process*>(memory)); }
  };

  Place* find(TaskId task) {
    for (Place& place : places_) {
      if (place.used && place.process().task == task) return &place;
    }
    return nullptr;
  }

  Result<TaskId> start(unsigned n, TaskId by, std::string_view name, std::string_view words) {
    const auto file = map_file(n, name);
    if (!file) return file.error();
    const auto task = mica::call<Root::spawn_space>(mica::root_server(), mica::Name(name));
    if (!task) return task.error();
    Place& place = places_[n];
    new (place.memory) Process(*task, by);
    place.used = true;
    const Error error = begin(place.process(), *file, name, words);
    if (error == Error::none) return *task;
    end(place, 0);
    forget(place);
    return error;
  }

  Error begin(Process& process, Bytes file, std::string_view name, std::string_view words) {
    if (const char* const fault = process.program.load(file)) {
      runtime::print("personality: {}: {}\n", name, fault);
      return Error::no_program;
    }
    make_room();
    const Word sp = process.program.push_arguments(name, words);
    process.entry_frame = frames.take();
    if (process.entry_frame == 0 || sp == 0) return Error::no_memory;
    runtime::write_task_entry(reinterpret_cast<void*>(frames.address(process.entry_frame)), process.program.entry());
    return runtime::start_task(process.task.thread(0), entry_page, sp) ? Error::none : Error::no_room;
  }

  // What a fault or a call may need at once is there, if the quota has it.
  void make_room() {
    if (frames.free_count() < at_once) grow();
  }

  bool page_fault(Place& place, l4::Words& message) {
    const Word address = message[1];
    const l4::Rights access{L4_PageFaultAccess({.raw = message[0]})};
    make_room();
    l4::Fpage page = l4::Fpage::nil();
    if ((address & ~(page_size - 1)) == entry_page) {
      if (!access.has(l4::write)) page = page_of(place.process().entry_frame, l4::read_execute);
    } else if (const auto found = place.process().program.page(address, access)) {
      page = page_of(found->frame, found->rights);
    }
    if (page.is_nil()) {
      report(place, access.has(l4::write) ? "write" : access.has(l4::execute) ? "jump" : "read", message[2], address);
      return end(place, by_signal + signal_segment), false;
    }
    const L4_MapItem_t item = L4_MapItem(page, address);
    message = l4::Words(l4::Tag::make(0, 0, 2), item.raw[0], item.raw[1]);
    return true;
  }

  static l4::Fpage page_of(Frame frame, l4::Rights rights) {
    return l4::Fpage::page(frames.address(frame), rights);
  }

  bool exception(Place& place, l4::Words& message) {
    constexpr Word foreign_call = 256;
    Word words[L4_ExcErrorCode + 1];
    L4_StoreMRs(8, L4_ExcErrorCode - 7, words + 8);
    const Word number = words[L4_ExcNumber];
    if (number != foreign_call) {
      report(place, "exception", message[L4_ExcRip], number);
      return end(place, by_signal + signal_of(number)), false;
    }
    make_room();
    Calls<Process::Outside>& calls = place.process().calls;
    const Word result = calls.serve({words[L4_ExcRax],
                                     {words[L4_ExcRdi], words[L4_ExcRsi], words[L4_ExcRdx], message[L4_ExcR10],
                                      words[L4_ExcR8], words[L4_ExcR9]}});
    if (calls.ended()) return end(place, calls.status()), false;
    // The answer gives back the registers up to RAX; what is behind it stays as it is.
    L4_LoadMR(L4_ExcRax, result);
    message.set_tag(l4::Tag::make(0, L4_ExcRax));
    return true;
  }

  void report(Place& place, std::string_view what, Word ip, Word detail = 0) {
    runtime::print("personality: program {}: {} at {}, {}\n", place.process().task.index(), what, runtime::hex(ip),
                   runtime::hex(detail));
  }

  // The program's task ends, and its memory is free. Who waits for it is told, or will be.
  void end(Place& place, Word status) {
    Process& process = place.process();
    (void)mica::call<Root::kill>(mica::root_server(), process.task);
    process.program.drop_everything([&](Frame frame) { process.outside.drop(frame); });
    if (process.entry_frame != 0) process.outside.drop(process.entry_frame);
    process.entry_frame = 0;
    process.over = true;
    process.status = status;
    if (process.waiter.is_nil()) return;
    const l4::ThreadId waiter = process.waiter;
    process.waiter = l4::ThreadId::nil();
    if (mica::answer<mica::Personality::wait>(waiter, status)) forget(place);
  }

  void forget(Place& place) {
    place.process().~Process();
    place.used = false;
  }

  // Programs that somebody else has ended, or whose parent is no more.
  void sweep() {
    for (Place& place : places_) {
      if (!place.used) continue;
      Process& process = place.process();
      if (!process.over && !(mica::alive(process.task) && mica::alive(process.parent))) {
        end(place, by_signal + signal_kill);
      }
      if (place.used && !mica::alive(process.parent)) forget(place);
    }
  }

  Place places_[most_programs];
};

constinit Server server;

}  // namespace

}  // namespace personality

int main() {
  mica::serve(personality::server, mica::argument("name", "personality"));
}
