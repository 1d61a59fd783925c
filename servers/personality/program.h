// SPDX-License-Identifier: MIT
// A program's memory as its personality has it: which areas there are, which frame has which
// page, and the ways in and out for what system calls point to. A page is made when it is
// first touched, by the program or here. Pure but for the frames.
#pragma once

#include <string_view>

#include <paging/page_table.h>
#include <ukernel/boot/elf.h>

#include "areas.h"

namespace personality {

using paging::Frame;
using Bytes = std::span<const unsigned char>;

class Program {
 public:
  static constexpr Word stack_top = program_range.high;
  static constexpr Word stack_bytes = Word{1} << 18;

  explicit Program(paging::Frames& frames) : frames_(&frames) {}

  // Reads the file, which must stay where it is, and lays out image and stack. Null, or why
  // it is no program.
  [[nodiscard]] const char* load(Bytes file);
  // Puts the arguments on the stack, as the System V ABI for x86-64 wants them at the entry,
  // the program's name first. The stack pointer; 0: no memory, or too much text.
  Word push_arguments(std::string_view name, std::string_view words);
  Word entry() const { return image_.entry; }

  // The frame of the page at an address, made if it is not there yet, and its rights. Nothing:
  // no area allows such an access there, or no frame is left.
  struct Page {
    Frame frame;
    l4::Rights rights;
  };
  std::optional<Page> page(Word address, l4::Rights access);

  // Copy between the program's memory and here: the number of bytes up to the first one
  // where the program may not do that.
  Word copy_in(void* to, Word from, Word bytes);
  Word copy_out(Word to, const void* from, Word bytes);

  // The end of the heap. set_heap_end: false if that cannot be.
  Word heap_end() const { return heap_end_; }
  template <typename Drop>
  [[nodiscard]] bool set_heap_end(Word end, Drop&& drop);
  // Cleared memory; 0: no room. `at` 0: anywhere.
  Word map(Word at, Word bytes, l4::Rights rights);
  // drop(frame) is called for each page that was there.
  template <typename Drop>
  [[nodiscard]] bool unmap(Range range, Drop&& drop);
  template <typename Drop>
  void drop_everything(Drop&& drop);

 private:
  template <typename Drop>
  void drop_pages(Range range, Drop&& drop);
  void fill(Word page, Frame frame) const;
  unsigned char* bytes_of(Word address, l4::Rights access);
  template <typename Copy>
  Word copy(Word at, Word bytes, l4::Rights access, Copy&& copy_part);

  paging::Frames* frames_;
  Areas areas_;
  mica::ElfImage image_;
  Bytes file_;
  Frame root_ = 0;  // of the page table
  Word heap_begin_ = 0, heap_end_ = 0;
};

template <typename Drop>
void Program::drop_pages(Range range, Drop&& drop) {
  for (Word page = range.low; page < range.high; page += page_size) {
    Frame* const entry = paging::find_entry(*frames_, root_, page / page_size);
    if (entry == nullptr) {  // nor are the others of this table there
      page |= paging::entries_per_table * page_size - page_size;
    } else if (*entry != 0) {
      drop(*entry);
      *entry = 0;
    }
  }
}

template <typename Drop>
bool Program::set_heap_end(Word end, Drop&& drop) {
  if (end < heap_begin_ || end > program_range.high) return false;
  if (!areas_.set_heap(heap_begin_, round_up(end))) return false;
  if (round_up(end) < round_up(heap_end_)) drop_pages({round_up(end), round_up(heap_end_)}, drop);
  heap_end_ = end;
  return true;
}

template <typename Drop>
bool Program::unmap(Range range, Drop&& drop) {
  if (!areas_.remove_mapped(range)) return false;
  for (Word page = range.low; page < range.high; page += page_size) {
    if (areas_.rights(page) == l4::no_access) drop_pages({page, page + page_size}, drop);
  }
  return true;
}

template <typename Drop>
void Program::drop_everything(Drop&& drop) {
  drop_pages(program_range, drop);
  paging::drop_tables(*frames_, root_, [this](Frame frame) { frames_->give(frame); });
}

}  // namespace personality
