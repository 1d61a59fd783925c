// SPDX-License-Identifier: MIT
// Unmap and MemoryControl (X.2 manual, chapters 4.2 and 4.3).
#include <seam.h>

#include "calls.h"
#include "message.h"
#include "scheduler.h"
#include "work.h"

namespace mica {

namespace {

// The flexpages in MR0.., the control word says how many.
u64 fpage_count(const Thread& caller) { return bits(caller.regs.rdx, 0, 6) + 1; }

// Does with each flexpage what `change_for(fpage)` says, and `end(mr, accessed)` when
// that is done.
template <typename ChangeFor, typename End>
Progress each_fpage(Thread& t, ChangeFor&& change_for, End&& end) {
  UnmapCall& call = t.unmapping;
  Budget budget;
  for (; call.item < fpage_count(t); ++call.item) {
    if (budget.used_up()) return Progress::more;
    budget.spend(40);
    u64& mr = message_register_of(t, static_cast<unsigned>(call.item));
    const Fpage fpage{mr};
    Rights accessed;
    if (unmap_step(*t.space, fpage, change_for(fpage), call.progress, accessed, budget) == Progress::more)
      return Progress::more;
    call.progress = {};
    end(mr, accessed);
  }
  return Progress::done;
}

}  // namespace

u64 quick_unmap(u64 fpage, const Thread& caller) {
  const std::optional<Rights> accessed = unmap_plain(*caller.space, Fpage{fpage});
  return accessed ? Fpage{fpage}.with_rights(*accessed).raw : 0;
}

Thread* unmap_call(Cpu& cpu, Thread& caller) {
  caller.unmapping = {};
  return continue_unmap(cpu, caller);
}

Thread* continue_unmap(Cpu& cpu, Thread& t) {
  const bool flush = bits(t.regs.rdx, 6, 1) != 0;
  const Progress progress = each_fpage(
      t, [&](Fpage fpage) { return MapChange{.taken = fpage.rights(), .flush = flush}; },
      [](u64& mr, Rights accessed) { mr = Fpage{mr}.with_rights(accessed).raw; });
  if (progress == Progress::more) return put_off(cpu, t, Work::unmap);
  t.regs.rdi = t.utcb;
  return reschedule(cpu);
}

// --- MemoryControl -------------------------------------------------------------------

namespace {

// Memory types as the call numbers them, and as bits of an entry: which of the slots
// of the page attribute table (x86/cpu_features.cc).
std::optional<u64> entry_bits(u64 attribute) {
  switch (attribute) {
    case 0:  // default: the machine decides
    case 1:  // write back
      return u64{0};
    case 2:  // write through
      return entry::write_through;
    case 4:  // uncacheable
      return entry::write_through | entry::cache_disable;
    case 5:  // write combining
      return entry::attribute;
    case 8:  // write protected
      return entry::attribute | entry::write_through;
    default:
      return std::nullopt;
  }
}

// The attribute that a flexpage's lowest two bits choose among the four arguments. The
// stub has moved two of them (x86/stubs.h).
u64 attribute_of(const Thread& t, Fpage fpage) {
  switch (fpage.raw & 3) {
    case 0:
      return t.regs.rbp;
    case 1:
      return t.regs.rsi;
    case 2:
      return t.regs.r8;
    default:
      return t.regs.r11;
  }
}

CallError check_memory_control(Thread& caller) {
  if (!caller.space->privileged) return CallError::no_privilege;
  for (unsigned i = 0; i < fpage_count(caller); ++i) {
    const Fpage fpage{message_register_of(caller, i)};
    if (fpage.is_nil()) continue;
    if (!entry_bits(attribute_of(caller, fpage)) || fpage.is_io() || !fpage.usable())
      return CallError::invalid_parameter;
  }
  return CallError::none;
}

Thread* end_memory_control(Cpu& cpu, Thread& t, CallError error) {
  t.regs.rdx = error == CallError::none;
  t.regs.rax = t.tcr->mr[1];
  t.regs.rdi = t.utcb;
  if (error != CallError::none) t.tcr->error_code = static_cast<u64>(error);
  return reschedule(cpu);
}

}  // namespace

Thread* memory_control(Cpu& cpu, Thread& caller) {
  caller.regs.r11 = caller.tcr->word_size_mask;
  if (const CallError error = check_memory_control(caller); error != CallError::none)
    return end_memory_control(cpu, caller, error);
  caller.unmapping = {};
  return continue_memory_control(cpu, caller);
}

Thread* continue_memory_control(Cpu& cpu, Thread& t) {
  // Others of its space may have changed the flexpages since they were checked.
  const auto change_for = [&](Fpage fpage) {
    const std::optional<u64> bits = entry_bits(attribute_of(t, fpage));
    return MapChange{.taken = Rights::none(), .flush = true, .sets_attribute = bits.has_value(),
                     .attribute = bits.value_or(0)};
  };
  if (each_fpage(t, change_for, [](u64&, Rights) {}) == Progress::more)
    return put_off(cpu, t, Work::memory_control);
  // What was cached under the old type must not be written later.
  flush_caches();
  return end_memory_control(cpu, t, CallError::none);
}

void abandon_unmap(Thread& t) {
  if (t.work == Work::unmap || t.work == Work::memory_control) abandon(t.unmapping.progress);
}

}  // namespace mica
