// SPDX-License-Identifier: MIT
#include "task.h"

#include <runtime/program.h>
#include <runtime/task.h>

#include "frames.h"

namespace root {

namespace {

constexpr l4::Word page_size = 0x1000;
constexpr l4::Word largest_image = l4::Word{64} << 20;

bool has_page(const mica::Segment& segment, l4::Word page) {
  return page < segment.virtual_address + segment.memory_size && segment.virtual_address < page + page_size;
}

}  // namespace

Task::Task(const BootModule& module) : module_(module), image_(mica::read_elf(module.file)) {
  fault_ = image_.fault;
  if (fault_ != nullptr) return;
  const mica::Range span = image_.virtual_span();
  if (span.size() > largest_image) {
    fault_ = "larger than 64 MiB";
    return;
  }
  first_page_ = span.low / page_size;
  const l4::Word pages = (span.high + page_size - 1) / page_size - first_page_;
  unsigned order = 12;
  while ((l4::Word{1} << order) < pages * sizeof(l4::Word)) ++order;
  frames_ = reinterpret_cast<l4::Word*>(runtime::allocate_memory(order));
  if (frames_ == nullptr) {
    fault_ = "no memory";
    return;
  }
  const auto thread = runtime::create_task(l4::ThreadId::self());
  if (!thread) {
    fault_ = "the kernel makes no task for it";
    return;
  }
  thread_ = *thread;
}

bool Task::start() { return runtime::start_task(thread_, image_.entry, 0); }

void Task::end(State state) {
  state_ = state;
  runtime::delete_thread(thread_);
}

l4::Word& Task::frame_of(l4::Word page) { return frames_[page / page_size - first_page_]; }

void Task::fill(l4::Word page, l4::Word frame) const {
  for (const mica::Segment& segment : image_.segments) {
    if (!has_page(segment, page)) continue;
    const l4::Word file_end = segment.virtual_address + segment.file_size;
    const l4::Word from = page > segment.virtual_address ? page : segment.virtual_address;
    const l4::Word to = page + page_size < file_end ? page + page_size : file_end;
    if (from >= to) continue;
    const unsigned char* const source =
        module_.file.data() + segment.file_offset + (from - segment.virtual_address);
    __builtin_memcpy(reinterpret_cast<void*>(frame + (from - page)), source, to - from);
  }
}

l4::Fpage Task::page_for(l4::Word address, l4::Rights access) {
  const l4::Word page = address & ~(page_size - 1);
  l4::Rights rights = l4::no_access;
  for (const mica::Segment& segment : image_.segments) {
    if (has_page(segment, page)) rights = rights | l4::Rights{segment.flags & 7};
  }
  if (rights == l4::no_access || !rights.has(access)) return l4::Fpage::nil();
  l4::Word& frame = frame_of(page);
  if (frame == 0) {
    frame = new_frame();
    if (frame == 0) return l4::Fpage::nil();
    fill(page, frame);
  }
  return l4::Fpage::page(frame, rights);
}

}  // namespace root
