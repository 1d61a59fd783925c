// SPDX-License-Identifier: MIT
#include "task.h"

#include "program.h"
#include "task_entry.h"

// A new thread has an instruction pointer and a stack, no registers: what it
// shall run, and with which argument, lies on the stack.
asm(R"(
        .text
runtime_thread_entry:
        popq    %rax
        popq    %rdi
        xorl    %ebp, %ebp
        call    *%rax
        ud2
)");
extern "C" const char runtime_thread_entry[], runtime_task_entry[], runtime_task_entry_end[];

namespace runtime {

namespace {

l4::Word threads_made = 0;
unsigned utcbs_given = 1;  // in this space; the first is the main thread's

bool control(l4::ThreadId dest, l4::ThreadId space, l4::ThreadId scheduler, l4::ThreadId pager, void* utcb) {
  return L4_ThreadControl(dest, space, scheduler, pager, utcb) == 1;
}

void* no_utcb() { return reinterpret_cast<void*>(~l4::Word{0}); }

}  // namespace

l4::ThreadId new_thread_id() { return l4::ThreadId::global(first_free_thread_number() + threads_made++, 1); }

l4::Word stack_for(ThreadEntry entry, l4::Word argument, std::span<std::byte> stack) {
  // The call at the entry must leave RSP as the ABI wants it.
  const l4::Word top = reinterpret_cast<l4::Word>(stack.data() + stack.size()) & ~l4::Word{15};
  auto* const words = reinterpret_cast<l4::Word*>(top - 16);
  words[0] = reinterpret_cast<l4::Word>(entry);
  words[1] = argument;
  return top - 16;
}

l4::Word thread_entry_ip() { return reinterpret_cast<l4::Word>(runtime_thread_entry); }

std::optional<l4::ThreadId> start_thread(ThreadEntry entry, l4::Word argument, std::span<std::byte> stack) {
  const l4::ThreadId self = l4::ThreadId::self(), id = new_thread_id();
  if (!control(id, self, self, L4_Pager(), utcb_location(utcbs_given++))) return std::nullopt;
  L4_Start_SpIp(id, stack_for(entry, argument, stack), thread_entry_ip());
  return id;
}

bool make_task(l4::ThreadId id, l4::ThreadId pager, l4::ThreadId scheduler) {
  const l4::ThreadId by = scheduler.is_nil() ? l4::ThreadId::self() : scheduler;
  l4::Word old_control = 0;
  if (!control(id, id, by, l4::ThreadId::nil(), no_utcb())) return false;
  if (L4_SpaceControl(id, 0, l4::Fpage::page(kip_address), l4::Fpage::memory(utcb_address, utcb_area_order),
                      L4_anythread, &old_control) == 1 &&
      control(id, id, by, pager, utcb_location(0))) {
    return true;
  }
  delete_thread(id);
  return false;
}

bool make_thread(l4::ThreadId id, l4::ThreadId task, unsigned index, l4::ThreadId pager) {
  return control(id, task, l4::ThreadId::self(), pager, utcb_location(index));
}

std::optional<l4::ThreadId> create_task(l4::ThreadId pager, l4::ThreadId scheduler) {
  const l4::ThreadId id = new_thread_id();
  if (!make_task(id, pager, scheduler)) return std::nullopt;
  return id;
}

std::optional<l4::ThreadId> add_thread(l4::ThreadId task, unsigned index, l4::ThreadId pager) {
  const l4::ThreadId id = new_thread_id();
  if (!make_thread(id, task, index, pager)) return std::nullopt;
  return id;
}

void write_task_entry(void* to, l4::Word entry) {
  if (runtime_task_entry_end - runtime_task_entry != task_entry_bytes) panic("task_entry_bytes");
  __builtin_memcpy(to, runtime_task_entry, task_entry_bytes);
  __builtin_memcpy(static_cast<char*>(to) + task_entry_bytes - sizeof(entry), &entry, sizeof(entry));
}

bool start_task(l4::ThreadId task, l4::Word ip, l4::Word sp) {
  l4::Words start(l4::Tag::make(0, 2), ip, sp);
  return l4::send_words(task, start).ok();
}

bool delete_thread(l4::ThreadId thread) {
  return control(thread, l4::ThreadId::nil(), l4::ThreadId::nil(), l4::ThreadId::nil(), no_utcb());
}

}  // namespace runtime
