// SPDX-License-Identifier: MIT
#include "service.h"

#include <mica/trace.h>
#include <runtime/console_protocol.h>
#include <runtime/crash_report.h>
#include <runtime/program.h>

#include "boot.h"
#include "copy_text.h"
#include "crash.h"
#include "injection.h"
#include "interrupts.h"
#include "log.h"

namespace root {

namespace {

constexpr l4::Rights data_rights = l4::read_write;

Result<mica::Map> as_map(const Result<Address>& block, Word order, l4::Rights rights = data_rights) {
  if (!block) return block.error();
  return mica::Map{l4::Fpage::memory(*block, static_cast<unsigned>(order), rights)};
}

// The running task, if it has that thread.
Task* find_with_thread(TaskId id, Word n) {
  Task* const task = tasks.find(id);
  return task != nullptr && task->has_thread(n) ? task : nullptr;
}

const char* exception_name(Word number) {
  switch (number) {
    case 0: return "division error";
    case 1: return "debug exception";
    case 3: return "breakpoint";
    case 6: return "invalid opcode";
    case 13: return "general protection";
    case 16: return "floating-point error";
    case 17: return "alignment check";
    case 19: return "SIMD error";
    case 256: return "foreign system call";
    default: return "exception";
  }
}

// The pages of the framebuffer; empty if there is none that has memory.
Region framebuffer_region() {
  const auto& info = boot_framebuffer();
  if (!info || info->base >= TaskSpec::framebuffer_place || info->height >> 16 != 0 || info->pitch >> 24 != 0) return {};
  const Word low = info->base & ~Word{0xfff};
  return {low, ((info->base + info->pitch * info->height + 0xfff) & ~Word{0xfff}) - low, 0};
}

// Returns what is left of the earlier one; 0 and all ones: no end.
Word set_quantum(l4::ThreadId thread, Word microseconds) {
  const L4_Time_t quantum = microseconds == 0 ? L4_Never : L4_TimePeriod(microseconds);
  Word old = 0;
  (void)L4_Schedule(thread, Word{0xffff} << 16 | quantum.raw, ~Word{0}, ~Word{0}, ~Word{0}, &old);
  const Word left = old & 0xffff;
  return left == L4_Never.raw ? ~Word{0} : (left & 0x3ff) << (left >> 10 & 0x1f);
}

}  // namespace

// Requests of threads that are no task's never come here (see message()).
Task& Service::task_of(const Client& client) { return *tasks.of(client.thread); }

Result<void> Service::handle(Root::register_name, Client& client, Name name) {
  const auto number = names.number(name);
  if (!number || !task_of(client).provides(name)) return Error::denied;
  set_server(*number, client.thread);
  return {};
}

Result<l4::ThreadId> Service::handle(Root::find, Client& client, Name name) {
  Task& task = task_of(client);
  if (!task.uses(name) && !task.provides(name)) return Error::denied;
  const auto number = names.number(name);
  if (!number) return Error::not_found;
  const l4::ThreadId server = names.server(*number);
  if (!server.is_nil()) return server;
  const Task* const provider = tasks.provider(name);
  if (provider == nullptr) return Error::not_found;
  if (!provider->running()) return Error::ended;
  if (!waiters.add(client.thread, task.family(), Waiters::For::name, *number)) return Error::no_room;
  return Result<l4::ThreadId>::later();
}

Result<void> Service::handle(Root::admits, Client& client, TaskId id) {
  const Task& server = task_of(client);
  const Task* const task = tasks.find(id);
  if (task == nullptr || (task != &server && !task->uses_any(server.spec().provides))) return Error::denied;
  return {};
}

Result<mica::Map> Service::handle(Root::memory, Client& client, Word order) {
  return as_map(task_of(client).allocate(order), order);
}

Result<void> Service::handle(Root::free_memory, Client& client, Word physical) {
  return task_of(client).free(physical);
}

Result<mica::Map> Service::handle(Root::dma_memory, Client& client, Word order) {
  return as_map(task_of(client).allocate_dma(order), order);
}

Result<mica::Map> Service::handle(Root::program_memory, Client& client, Word order) {
  if (task_of(client).spec().tasks == 0) return Error::denied;
  return as_map(task_of(client).allocate(order), order, l4::full_access);
}

Result<mica::Map> Service::handle(Root::held_memory, Client& client, Word n) {
  return task_of(client).take_held(n);
}

Result<mica::Map> Service::handle(Root::device_memory, Client& client, Word physical, Word order) {
  if (order < 12 || order > 30 || (physical & ((Word{1} << order) - 1)) != 0) return Error::bad_argument;
  for (const Region& device : task_of(client).spec().devices) {
    const bool is_framebuffer = device.first == TaskSpec::framebuffer_place;
    const Region region = is_framebuffer ? framebuffer_region() : device;
    if (!region.contains(physical, Word{1} << order)) continue;
    const l4::Fpage page = l4::Fpage::memory(physical, static_cast<unsigned>(order), data_rights);
    if (L4_IsNilFpage(L4_Sigma0_GetPage(runtime::sigma0(), page))) return Error::device;
    (void)L4_Set_PageAttribute(page, is_framebuffer ? L4_WriteCombiningMemory : L4_UncacheableMemory);
    return mica::Map{page};
  }
  return Error::denied;
}

Result<mica::FramebufferInfo> Service::handle(Root::framebuffer, Client& client) {
  for (const Region& device : task_of(client).spec().devices) {
    if (device.first != TaskSpec::framebuffer_place) continue;
    if (!boot_framebuffer()) return Error::not_found;
    return *boot_framebuffer();
  }
  return Error::denied;
}

Result<mica::Map> Service::handle(Root::ports, Client& client, Word first, Word order) {
  if (order > 16 || first > 0xffff || (first & ((Word{1} << order) - 1)) != 0) return Error::bad_argument;
  for (const Region& region : task_of(client).spec().ports) {
    if (!region.contains(first, Word{1} << order)) continue;
    return mica::Map{l4::Fpage::io(first, static_cast<unsigned>(order))};
  }
  return Error::denied;
}

Result<void> Service::handle(Root::attach_interrupt, Client& client, Word line, Word n) {
  Task& task = task_of(client);
  if (!task.has_thread(n)) return Error::bad_argument;
  bool allowed = false;
  for (const Interrupt& own : task.spec().interrupts) allowed = allowed || own.number == line;
  if (!allowed) return Error::denied;
  return interrupts.attach(line, task.thread(n));
}

Result<mica::MessageInterrupt> Service::handle(Root::attach_message_interrupt, Client& client, Word n) {
  Task& task = task_of(client);
  if (!task.has_thread(n)) return Error::bad_argument;
  if (interrupts.messages(task.id()) >= task.spec().message_interrupts) return Error::denied;
  return interrupts.attach_message(task.thread(n));
}

Result<l4::ThreadId> Service::handle(Root::create_thread, Client& client, l4::ThreadId pager) {
  return task_of(client).create_thread(pager);
}

// The thread takes it at once or is not waiting to be started.
Result<void> Service::handle(Root::start_thread, Client& client, Word n, Word ip, Word sp) {
  const Task& task = task_of(client);
  if (!task.has_thread(n) || n == 0) return Error::bad_argument;
  l4::Words start(l4::Tag::make(0, 2), ip, sp);
  const bool taken = l4::send_words(task.thread(n), start, l4::Timeouts::reply()).ok();
  if (!taken) return Error::busy;
  return {};
}

Result<void> Service::handle(Root::delete_thread, Client& client, Word n) {
  Task& task = task_of(client);
  const Result<void> deleted = task.delete_thread(n);
  if (deleted) supervision.forget(task.thread(n));
  return deleted;
}

Result<void> Service::handle(Root::set_priority, Client& client, Word n, Word priority) {
  Task& task = task_of(client);
  if (!task.has_thread(n) || priority == 0) return Error::bad_argument;
  if (priority > task.spec().priority) return Error::denied;
  (void)L4_Set_Priority(task.thread(n), priority);
  return {};
}

Result<TaskId> Service::handle(Root::spawn, Client& client, Word bytes, const mica::Text<64>& program,
                               const mica::Text<256>& arguments) {
  return supervision.spawn(task_of(client), bytes, program, arguments);
}

Result<TaskId> Service::handle(Root::spawn_space, Client& client, Name name) {
  return supervision.spawn_space(task_of(client), client.thread, name);
}

Result<mica::Ending> Service::handle(Root::wait, Client& client, TaskId id) {
  const Task& self = task_of(client);
  for (const Task& task : tasks) {
    const Word place = tasks.place_of(task);
    if (task.id() != id || task.parent != self.id() || !tasks.places().has_end(place)) continue;
    tasks.places().free(place);
    return task.ending;
  }
  const Task* const task = tasks.find(id);
  if (task == nullptr || task->parent != self.id()) return Error::not_found;
  if (!waiters.add(client.thread, self.family(), Waiters::For::ending, id.raw)) return Error::no_room;
  return Result<mica::Ending>::later();
}

Result<void> Service::handle(Root::kill, Client& client, TaskId id) {
  Task& by = task_of(client);
  Task* const task = tasks.find(id);
  if (task == nullptr) return Error::not_found;
  if (task->parent != by.id() && !by.spec().privileged && task != &by) return Error::denied;
  supervision.end(*task, {-1, 2});
  return {};
}

Result<void> Service::handle(Root::restart, Client& client, Name name) {
  if (!task_of(client).spec().privileged) return Error::denied;
  Task* const task = tasks.named(name);
  if (task == nullptr) return Error::not_found;
  if (!supervision.restart(*task)) return Error::no_memory;
  return {};
}

Result<void> Service::handle(Root::complain, Client& client, l4::ThreadId server) {
  Task* const task = tasks.of(server);
  if (task == nullptr) return Error::not_found;
  const Task& by = task_of(client);
  if (!by.uses_any(task->spec().provides)) return Error::denied;
  supervision.complain(*task, by);
  return {};
}

Result<mica::TaskInfo> Service::handle(Root::task_info, Client&, Word index) {
  Task* const task = tasks.from(index);
  if (task == nullptr) return Error::not_found;
  mica::TaskInfo info{task->id(),       task->parent,           task->thread_mask(), task->frames(), task->quota(),
                      task->restarts,   task->spec().priority,  task->started,       {},             {}};
  copy_text(info.name, task->name());
  copy_text(info.program, task->spec().program);
  return info;
}

Result<mica::ThreadState> Service::handle(Root::thread_state, Client&, TaskId id, Word n) {
  const Task* const task = find_with_thread(id, n);
  if (task == nullptr) return Error::not_found;
  Word old = 0;
  return mica::ThreadState{task->thread(n), L4_Schedule(task->thread(n), ~Word{0}, ~Word{0}, ~Word{0}, ~Word{0}, &old),
                           task->pager(n)};
}

Result<Word> Service::handle(Root::exchange_quantum, Client& client, TaskId id, Word n, Word microseconds) {
  if (!task_of(client).spec().privileged) return Error::denied;
  const Task* const task = find_with_thread(id, n);
  if (task == nullptr) return Error::not_found;
  return set_quantum(task->thread(n), microseconds);
}

Result<mica::NameInfo> Service::handle(Root::name_info, Client&, Word n) {
  const auto info = names.info(n);
  if (!info) return Error::not_found;
  return *info;
}

Result<mica::Name> Service::handle(Root::use_info, Client&, TaskId id, Word n) {
  const Task* const task = tasks.find(id);
  if (task == nullptr || n >= task->spec().uses.size()) return Error::not_found;
  return mica::Name(task->spec().uses[n]);
}

Result<mica::BlockInfo> Service::handle(Root::block_info, Client&, TaskId id, Word n) {
  const Task* const task = tasks.find(id);
  const auto block = task == nullptr ? std::nullopt : task->block(n);
  if (!block) return Error::not_found;
  return mica::BlockInfo{block->address, block->order};
}

Result<mica::MemoryInfo> Service::handle(Root::memory_info, Client&) {
  Word running = 0;
  for (const Task& task : tasks) running += task.running() ? 1u : 0u;
  return mica::MemoryInfo{memory.total(), memory.free_pages(), boot_archive_bytes(), running};
}

Result<mica::InterruptInfo> Service::handle(Root::interrupt_info, Client&, Word n) { return interrupts.info(n); }

Result<mica::FileInfo> Service::handle(Root::file, Client&, const mica::Text<100>& name) {
  const auto file = boot_archive().find(name);
  if (!file) return Error::not_found;
  return mica::FileInfo{reinterpret_cast<Word>(file->data.data()), file->data.size()};
}

Result<mica::FileEntry> Service::handle(Root::file_entry, Client&, Word n) {
  for (const File& file : boot_archive()) {
    if (n-- != 0) continue;
    mica::FileEntry entry{file.data.size(), {}};
    copy_text(entry.name, file.name);
    return entry;
  }
  return Error::not_found;
}

Result<mica::Map> Service::handle(Root::file_pages, Client&, Word address, Word order) {
  if (order < 12 || order > 22) return Error::bad_argument;
  const Word low = address & ~((Word{1} << order) - 1);
  const Word begin = reinterpret_cast<Word>(boot_archive().bytes().data()), first = begin & ~Word{0xfff};
  const Region archive{first, ((begin + boot_archive_bytes() + 0xfff) & ~Word{0xfff}) - first};
  if (!archive.contains(low, Word{1} << order)) return Error::bad_argument;
  return mica::Map{l4::Fpage::memory(low, static_cast<unsigned>(order), l4::read)};
}

Result<mica::LogPiece> Service::handle(Root::log, Client& client, Word position) {
  const Task& task = task_of(client);
  if (task.spec().provides.empty() && !task.spec().privileged) return Error::denied;
  if (!task.spec().provides.empty()) log.set_reader(client.thread, position);
  if (position < log.end()) return log.read(position);
  if (!waiters.add(client.thread, task.family(), Waiters::For::text, log.end())) return Error::no_room;
  return Result<mica::LogPiece>::later();
}

Result<void> Service::handle(Root::write_log, Client&, const mica::Text<400>& text) {
  log.write(text);
  return {};
}

Result<Word> Service::handle(Root::inject, Client& client, TaskId id, mica::Fault kind, Word random) {
  if (!task_of(client).spec().may_inject) return Error::denied;
  Task* const task = tasks.find(id);
  if (task == nullptr) return Error::not_found;
  return inject(*task, kind, random);
}

// The block stays the root server's: the kernel may write to it whatever becomes of its readers.
Result<mica::Map> Service::handle(Root::trace, Client& client, Word on) {
  if (!task_of(client).spec().privileged) return Error::denied;
  static constinit Address block = 0;
  if (block == 0) block = memory.allocate(21, Frames::owners - 1).value_or(0);
  if (block == 0) return Error::no_memory;
  if (!mica::trace::switch_off()) return Error::bad_argument;
  if (on != 0) {
    clear(block, mica::trace::buffer_size);
    if (!mica::trace::switch_on(block)) return Error::bad_argument;
  }
  return mica::Map{l4::Fpage::memory(block, 21, l4::read)};
}

Result<void> Service::handle(Root::shutdown, Client& client, Word status) {
  if (!task_of(client).spec().privileged) return Error::denied;
  supervision.stop(status != 0);
  return {};
}

bool Service::page_fault(Task& task, l4::ThreadId from, l4::Words& message) {
  const Word address = message[1];
  const l4::Rights access{L4_PageFaultAccess({.raw = message[0]})};
  const l4::Fpage page = task.page_for(address, access);
  if (page.is_nil()) {
    const char* const cause = access.has(l4::write) ? "write" : access.has(l4::execute) ? "jump" : "read";
    report_crash(task, cause, {from, message[2], runtime::stack_of(from), address});
    supervision.end(task, {-1, 1});
    return false;
  }
  const L4_MapItem_t item = L4_MapItem(page, address);
  message = l4::Words(l4::Tag::make(0, 0, 2), item.raw[0], item.raw[1]);
  return true;
}

bool Service::io_fault(Task& task, l4::ThreadId from, l4::Words& message) {
  const l4::Fpage wanted{message[1]};
  for (const Region& region : task.spec().ports) {
    if (!region.contains(wanted.base(), 1)) continue;
    const L4_MapItem_t item = L4_MapItem(l4::Fpage::io(wanted.base(), 0), 0);
    message = l4::Words(l4::Tag::make(0, 0, 2), item.raw[0], item.raw[1]);
    return true;
  }
  report_crash(task, "port", {from, message[2], runtime::stack_of(from), wanted.base()});
  supervision.end(task, {-1, 1});
  return false;
}

bool Service::message(l4::ThreadId from, l4::Words& message) {
  if (pulse_.is(from.is_local() ? l4::ThreadId(L4_GlobalIdOf(from)) : from)) {
    message = PulseThread::order(supervision.next_pulse(PulseThread::asked(message), PulseThread::taken(message)));
    return true;
  }
  Task* const task = tasks.of(from);
  if (task == nullptr) return false;
  const l4::Tag tag = message.tag();
  if (L4_IsPageFault({.raw = tag.raw})) return page_fault(*task, from, message);
  if (tag.is(L4_IoFaultLabel)) return io_fault(*task, from, message);
  if (tag.is(L4_ExceptionLabel)) {
    Word number = 0, sp = 0;
    L4_StoreMR(L4_ExcNumber, &number);
    L4_StoreMR(L4_ExcRsp, &sp);
    report_crash(*task, exception_name(number), {from, message[L4_ExcRip], sp, 0});
    supervision.end(*task, {-1, 1});
    return false;
  }
  if (tag.is(L4_PreemptionLabel)) {
    (void)set_quantum(from, 0);
    return false;
  }
  if (tag.label() == runtime::console_write) {
    log.write(runtime::take_console_text(message));
    message = l4::Words(l4::Tag::make(0, 0));
    return true;
  }
  if (tag.label() == runtime::program_exit) {
    const long code = static_cast<long>(message[1]);
    if (task->parent.is_none()) report("root: {} has ended with {}\n", task->name(), code);
    supervision.end(*task, {code, 0});
  }
  return false;
}

void Service::serve_log() {
  if (served_ == log.end()) return;
  served_ = log.end();
  waiters.answer(Waiters::For::text, [](Word position) { return position < log.end(); },
                 [](l4::ThreadId client, Word position) { mica::answer<Root::log>(client, log.read(position)); });
}

bool Service::gives_way(l4::ThreadId to) {
  constexpr Word half_slice = 5000;  // microseconds
  Task* const task = tasks.of(to);
  return task != nullptr && task->spend(L4_SystemClock().raw - arrived_, half_slice);
}

l4::Timeouts Service::next_timeout() {
  serve_log();
  if (supervision.over()) {
    report("root: the system has ended\n");
    log.show_rest();
    runtime::exit(supervision.failed() ? 1 : 0);
  }
  return l4::Timeouts::reply();
}

}  // namespace root
