// SPDX-License-Identifier: MIT
#include "task.h"

#include <bit>

#include <runtime/task.h>
#include <runtime/task_entry.h>

#include "copy_text.h"
#include "image.h"
#include "system_page.h"

namespace root {

namespace {

constexpr Word page_size = 0x1000;
static_assert(reserved_pages.low == runtime::utcb_address && reserved_pages.high == runtime::kip_address + page_size);

bool has_page(const mica::Segment& segment, Word page) {
  return page < segment.virtual_address + segment.memory_size && segment.virtual_address < page + page_size;
}

}  // namespace

void Task::plan(Word index, Word family, const TaskSpec& spec) {
  family_ = family;
  spec_ = spec;
  id_ = TaskId(index, 0);
}

void Task::plan_child(Word index, const Task& by, std::string_view program, Word pages, std::string_view arguments) {
  plan(index, by.family_, TaskSpec{});
  spawn_arguments_.assign(arguments);
  spec_.name = spec_.program = program;
  spec_.arguments = spawn_arguments_;
  spec_.memory = pages * page_size;
  spec_.threads = 16;
  spec_.uses = by.spec_.uses;
  plan_parent(by);
}

void Task::plan_space(Word index, const Task& by, std::string_view name) {
  plan(index, by.family_, TaskSpec{});
  spawn_arguments_.assign(name);
  spec_.name = spec_.program = spawn_arguments_;
  spec_.threads = 1;
  plan_parent(by);
}

void Task::plan_parent(const Task& by) {
  spec_.priority = by.spec_.priority;
  parent = by.id_;
  restarts = 0;
}

Task::Fault Task::start(std::span<const unsigned char> file) {
  file_ = file;
  quota_ = spec_.memory / page_size;
  frames_ = held_pages();
  id_ = TaskId(id_.index(), next_version(id_.index()));
  accusers_ = 0;
  image_ = mica::read_elf(file);
  if (const char* const fault = image_fault(image_)) return {Error::no_program, fault};
  const unsigned notes_order = static_cast<unsigned>(std::countr_zero(notes_size(image_)));
  untouched_ = 0;
  if (!has_room(image_size(image_) / page_size)) return {Error::no_memory, "its memory quota is too small"};
  const mica::Range span = image_.virtual_span();
  first_page_ = span.low / page_size;
  page_count_ = (span.high + page_size - 1) / page_size - first_page_;
  const auto table = allocate(notes_order);
  image_frames_ = reinterpret_cast<std::uint32_t*>(table.value_or(0));
  page_ = new_frame().value_or(0);
  if (image_frames_ == nullptr || page_ == 0) {
    drop_everything();
    return {Error::no_memory, "there is no memory for it"};
  }
  untouched_ = (image_size(image_) - notes_size(image_)) / page_size - 1;
  make_pages();

  if (!begin_thread(l4::ThreadId::self())) {
    drop_everything();
    return {Error::no_room, "the kernel has no room for it"};
  }
  if (!runtime::start_task(thread(0), mica::TaskPage::entry, mica::TaskPage::address)) {
    end();
    return {Error::no_room, "it does not start"};
  }
  return {};
}

bool Task::start_space(l4::ThreadId pager) {
  id_ = TaskId(id_.index(), next_version(id_.index()));
  image_ = {};
  quota_ = frames_ = untouched_ = page_count_ = 0;
  if (!begin_thread(pager)) return false;
  Word old_control = 0;
  if (L4_SpaceControl(thread(0), 0, L4_Nilpage, L4_Nilpage, pager, &old_control) == 1) return true;
  end();
  return false;
}

// A task that hangs in a loop must not keep others of its priority from their heartbeats.
void Task::set_schedule(l4::ThreadId thread) const {
  constexpr Word usual_slice = 10'000;  // microseconds
  (void)L4_Set_Priority(thread, spec_.priority);
  const Word slice = spec_.heartbeat / 8;
  if (slice != 0 && slice < usual_slice) (void)L4_Set_Timeslice(thread, L4_TimePeriod(slice), L4_Never);
}

bool Task::begin_thread(l4::ThreadId pager) {
  if (!runtime::make_task(thread(0), pager)) return false;
  threads_ = 1;
  first_pager_ = pager;
  set_schedule(thread(0));
  running_ = true;
  set_living_version(index(), id_.version());
  started = last_ping = L4_SystemClock().raw;
  return true;
}

void Task::make_pages() {
  auto& page = *reinterpret_cast<mica::TaskPage*>(page_);
  const mica::Range span = image_.virtual_span();
  page.root = l4::ThreadId::self();
  page.task = id_;
  page.image_low = span.low;
  page.image_high = span.high;
  copy_text(page.name, spec_.name);
  copy_text(page.program, spec_.program);
  copy_text(page.arguments, spec_.arguments);
  runtime::write_task_entry(reinterpret_cast<void*>(page_ + mica::TaskPage::entry % page_size), image_.entry);
}

void Task::end() {
  set_living_version(index(), 0);
  for (Word n = mica::threads_per_task; n-- > 0;) {
    if (has_thread(n)) runtime::delete_thread(thread(n));
  }
  threads_ = 0;
  running_ = false;
  drop_everything();
}

void Task::free_page(Address frame) {
  if (frame != 0) memory.free(frame, Frames::page_order);
}

// Of an estate, the image's pages and the two tables are no part.
void Task::drop_everything() {
  if (spec_.holds_memory) {
    for (Word i = 0; image_frames_ != nullptr && i < page_count_; ++i) {
      free_page(Address{image_frames_[i]} << Frames::page_order);
    }
    free_page(page_);
    for (const Address frame : stack_frames_) free_page(frame);
    if (const auto table = memory.frames().find(reinterpret_cast<Address>(image_frames_), owner_of(index()))) {
      memory.free(table->address, table->order);
    }
    memory.frames().hand_over(owner_of(index()), estate_of(index()));
  } else {
    memory.free_all(owner_of(index()));
  }
  frames_ = untouched_ = dma_pages_ = 0;
  dma_blocks_.clear();
  image_frames_ = nullptr;
  stack_frames_ = {};
  page_ = 0;
}

void Task::fill(Word page, Address frame) const {
  for (const mica::Segment& segment : image_.segments) {
    if (!has_page(segment, page)) continue;
    const Word file_end = segment.virtual_address + segment.file_size;
    const Word from = page > segment.virtual_address ? page : segment.virtual_address;
    const Word to = page + page_size < file_end ? page + page_size : file_end;
    if (from >= to) continue;
    const unsigned char* const source = file_.data() + segment.file_offset + (from - segment.virtual_address);
    __builtin_memcpy(reinterpret_cast<void*>(frame + (from - page)), source, to - from);
  }
}

l4::Fpage Task::page_for(Word address, l4::Rights access) {
  const Word page = address & ~(page_size - 1);
  if (page == mica::SystemPage::address) {
    return access == l4::read ? l4::Fpage::page(system_page(), l4::read) : l4::Fpage::nil();
  }
  if (page == mica::TaskPage::address && page_ != 0) {
    return access.has(l4::write) ? l4::Fpage::nil() : l4::Fpage::page(page_, l4::read_execute);
  }
  if (page < mica::TaskPage::address && page >= mica::TaskPage::address - mica::first_stack_bytes) {
    return stack_page(page, access);
  }
  l4::Rights rights = l4::no_access;
  for (const mica::Segment& segment : image_.segments) {
    if (has_page(segment, page)) rights = rights | l4::Rights{segment.flags & 7};
  }
  if (rights == l4::no_access || !rights.has(access)) return l4::Fpage::nil();
  std::uint32_t& number = image_frames_[page / page_size - first_page_];
  if (number == 0) {
    const auto frame = reserved_frame();
    if (!frame) return l4::Fpage::nil();
    fill(page, *frame);
    number = static_cast<std::uint32_t>(*frame >> Frames::page_order);
  }
  return l4::Fpage::page(Address{number} << Frames::page_order, rights);
}

l4::Fpage Task::stack_page(Word page, l4::Rights access) {
  Address& frame = stack_frames_[(mica::TaskPage::address - page) / page_size - 1];
  if (access.has(l4::execute) || page_ == 0) return l4::Fpage::nil();
  if (frame == 0) frame = reserved_frame().value_or(0);
  return frame == 0 ? l4::Fpage::nil() : l4::Fpage::page(frame, l4::read_write);
}

Address Task::look(Word address) const {
  const Word page = address / page_size;
  if (image_frames_ == nullptr || page < first_page_ || page >= first_page_ + page_count_) return 0;
  const Address frame = Address{image_frames_[page - first_page_]} << Frames::page_order;
  return frame == 0 ? 0 : frame + address % page_size;
}

bool Task::is_code(Word address) const {
  for (const mica::Segment& segment : image_.segments) {
    if ((segment.flags & mica::Segment::executable) != 0 && address - segment.virtual_address < segment.memory_size) {
      return true;
    }
  }
  return false;
}

void Task::write_page(Word address, std::uint16_t value) {
  *reinterpret_cast<std::uint16_t*>(page_ + address % page_size) = value;
}

Result<Address> Task::new_frame() { return allocate(Frames::page_order); }

// One of those that there is room for.
Result<Address> Task::reserved_frame() {
  --untouched_;
  const auto frame = new_frame();
  if (!frame) ++untouched_;
  return frame;
}

Result<Address> Task::allocate(Word order) {
  if (order < Frames::page_order || order > Frames::largest_order) return Error::bad_argument;
  const Word pages = Word{1} << (order - Frames::page_order);
  if (!has_room(pages)) return Error::no_memory;
  const auto address = memory.allocate(static_cast<unsigned>(order), owner_of(index()));
  if (!address) return Error::no_memory;
  frames_ += pages;
  return *address;
}

Result<Address> Task::allocate_dma(Word order) {
  if (order < Frames::page_order || order > Frames::largest_order) return Error::bad_argument;
  const Word pages = Word{1} << (order - Frames::page_order);
  if (dma_pages_ + pages > spec_.dma / page_size) return Error::denied;
  if (dma_blocks_.full()) return Error::no_room;
  const auto address = allocate(order);
  if (!address) return address;
  dma_pages_ += pages;
  dma_blocks_.push(*address);
  return address;
}

Result<void> Task::free(Address address) {
  const auto block = find_block(address);
  if (!block || is_image_frame(block->address)) return Error::not_found;
  const Word pages = Word{1} << (block->order - Frames::page_order);
  memory.free(block->address, block->order);
  frames_ -= pages;
  for (std::size_t i = 0; i < dma_blocks_.size(); ++i) {
    if (dma_blocks_[i] != block->address) continue;
    dma_blocks_.remove(i);
    dma_pages_ -= pages;
    break;
  }
  return {};
}

std::optional<Frames::Block> Task::find_block(Address address) const {
  const auto own = memory.frames().find(address, owner_of(index()));
  return own ? own : memory.frames().find(address, estate_of(index()));
}

std::optional<Frames::Block> Task::block(Word n) const {
  for (const Owner owner : {owner_of(index()), estate_of(index())}) {
    for (auto block = memory.frames().first(owner); block; block = memory.frames().next(*block)) {
      if (n-- == 0) return block;
    }
  }
  return std::nullopt;
}

Word Task::held_pages() const {
  Word pages = 0;
  for (auto block = memory.frames().first(estate_of(index())); block; block = memory.frames().next(*block)) {
    pages += Word{1} << (block->order - Frames::page_order);
  }
  return pages;
}

Result<mica::Map> Task::take_held(Word n) {
  auto block = memory.frames().first(estate_of(index()));
  while (block && n-- > 0) block = memory.frames().next(*block);
  if (!block) return Error::not_found;
  return mica::Map{l4::Fpage::memory(block->address, block->order, l4::read_write)};
}

// Is the frame one of the image or of the tables? Those are not the task's to give back.
bool Task::is_image_frame(Address frame) const {
  if (frame == page_ || frame == reinterpret_cast<Address>(image_frames_)) return true;
  for (const Address own : stack_frames_) {
    if (frame == own) return true;
  }
  for (Word i = 0; i < page_count_; ++i) {
    if (Address{image_frames_[i]} << Frames::page_order == frame) return true;
  }
  return false;
}

bool Task::give_quota(Word pages) {
  if (pages > quota_ || !has_room(pages)) return false;
  quota_ -= pages;
  return true;
}

Result<l4::ThreadId> Task::create_thread(l4::ThreadId pager) {
  const bool own = TaskId::of(pager) == id_ && has_thread(pager.number() % mica::threads_per_task);
  if (!own && pager != l4::ThreadId::self()) return Error::bad_argument;
  if (thread_count() >= spec_.threads) return Error::no_room;
  const auto n = static_cast<unsigned>(std::countr_one(threads_));
  if (!runtime::make_thread(thread(n), thread(0), n, pager)) return Error::no_memory;
  threads_ |= Word{1} << n;
  pagers_[n] = own ? static_cast<std::uint8_t>(pager.number() % mica::threads_per_task) : by_root;
  set_schedule(thread(n));
  return thread(n);
}

l4::ThreadId Task::pager(Word n) const {
  if (n == 0) return first_pager_;
  return pagers_[n] == by_root ? l4::ThreadId::self() : thread(pagers_[n]);
}

Result<void> Task::delete_thread(Word n) {
  if (n == 0) return Error::bad_argument;
  if (!has_thread(n)) return Error::not_found;
  runtime::delete_thread(thread(n));
  threads_ &= ~(Word{1} << n);
  return {};
}

}  // namespace root
