// SPDX-License-Identifier: MIT
// A task: a space, its threads, the image of its program, and what it holds.
#pragma once

#include <mica/root.h>
#include <ukernel/boot/elf.h>

#include "manifest.h"
#include "memory.h"
#include "restarts.h"

namespace root {

using mica::Error;
using mica::Result;
using mica::TaskId;

class Task {
 public:
  // What is kept of a task from one incarnation to the next.
  const TaskSpec& spec() const { return spec_; }
  TaskId id() const { return id_; }
  Word index() const { return id_.index(); }
  bool running() const { return running_; }
  std::string_view name() const { return spec_.name; }

  // What the place is for: a task of the manifest, or one that another task spawns.
  void plan(Word index, Word family, const TaskSpec& spec);
  void plan_child(Word index, const Task& by, std::string_view program, Word pages, std::string_view arguments);

  // One without a program, whose name is kept here.
  void plan_space(Word index, const Task& by, std::string_view name);

  // Makes space, first thread and image, and starts it. If that fails nothing of it is left.
  struct Fault {
    Error error = Error::none;
    const char* text = nullptr;
  };
  [[nodiscard]] Fault start(std::span<const unsigned char> file);
  // Makes an empty space and its first thread, which waits for its pager. False: no room.
  [[nodiscard]] bool start_space(l4::ThreadId pager);
  // Space, threads, interrupts and memory go; frames stay with the place if the manifest
  // says `holds memory`.
  void end();

  // The page of its image or of what the root server tells it, as it is to be mapped;
  // nil if there is none with such a right.
  l4::Fpage page_for(Word address, l4::Rights access);
  // Where the root server sees a byte of the image, for reports; 0 if the task has not
  // touched its page.
  Address look(Word address) const;
  bool is_code(Word address) const;
  const mica::ElfImage& image() const { return image_; }
  // Two bytes of its TaskPage, at an address of its own.
  void write_page(Word address, std::uint16_t value);

  // Memory of the task's quota.
  Result<Address> allocate(Word order);
  Result<void> free(Address address);
  Word frames() const { return frames_; }
  Word quota() const { return quota_; }
  bool give_quota(Word pages);  // to a child; false if it has not so many left
  void take_quota(Word pages) { quota_ += pages; }
  Result<Address> allocate_dma(Word order);
  // A block that an earlier incarnation left; all of them count against the quota. So do the whole
  // image and the first stack of a task, touched or not: what it held never keeps it from those.
  Result<mica::Map> take_held(Word n);
  // The n-th block that it holds.
  std::optional<Frames::Block> block(Word n) const;

  // Threads.
  Result<l4::ThreadId> create_thread(l4::ThreadId pager);
  Result<void> delete_thread(Word n);
  l4::ThreadId thread(Word n) const { return id_.thread(static_cast<unsigned>(n)); }
  bool has_thread(Word n) const { return n < mica::threads_per_task && (threads_ >> n & 1) != 0; }
  // That with which the thread was made.
  l4::ThreadId pager(Word n) const;
  Word thread_mask() const { return threads_; }
  Word thread_count() const { return bits(threads_); }

  // What the manifest says of names: may it answer for this one, may it talk to who does, and to the
  // provider of one of those?
  bool provides(std::string_view name) const { return contains(spec_.provides, name); }
  bool uses(std::string_view name) const { return contains(spec_.uses, name); }
  bool uses_any(const auto& provided) const {
    for (const std::string_view name : provided) {
      if (uses(name)) return true;
    }
    return false;
  }

  // The root server has spent so many microseconds for it. True: this has become so many in all,
  // and counting begins again.
  bool spend(Word microseconds, Word enough) {
    spent_ += microseconds;
    if (spent_ < enough) return false;
    spent_ = 0;
    return true;
  }

  // The place of the task of the manifest that it is, or that it comes from.
  Word family() const { return family_; }
  // Notes that one of the family has got nonsense from it; so many different ones have.
  Word note_complaint(Word family) {
    accusers_ |= std::uint64_t{1} << family;
    return bits(accusers_);
  }

  // The parent is a task that has spawned it.
  TaskId parent;
  Word restarts = 0;
  Restarts policy_restarts;    // those that count for the policy's limit
  Word started = 0;            // microseconds
  Word last_ping = 0;          // when it last took one
  mica::Ending ending{};

 private:
  static Word bits(Word set) {
    Word n = 0;
    for (; set != 0; set &= set - 1) ++n;
    return n;
  }
  static bool contains(const auto& names, std::string_view name) {
    for (const std::string_view n : names) {
      if (n == name) return true;
    }
    return false;
  }
  void fill(Word page, Address frame) const;
  void plan_parent(const Task& by);
  void set_schedule(l4::ThreadId thread) const;
  bool begin_thread(l4::ThreadId pager);
  l4::Fpage stack_page(Word page, l4::Rights access);
  Result<Address> new_frame();
  Result<Address> reserved_frame();
  Word held_pages() const;
  bool is_image_frame(Address frame) const;
  void make_pages();
  void drop_everything();
  void free_page(Address frame);
  // Blocks of its own, or that an earlier incarnation has left.
  std::optional<Frames::Block> find_block(Address address) const;
  bool has_room(Word pages) const { return frames_ + untouched_ + pages <= quota_; }

  TaskSpec spec_;
  std::span<const unsigned char> file_;
  mica::ElfImage image_;
  TaskId id_;
  bool running_ = false;
  Word threads_ = 0;             // bit n: thread n exists
  l4::ThreadId first_pager_;     // of thread 0: the root server, or the thread that has spawned the space
  std::array<std::uint8_t, mica::threads_per_task> pagers_{};  // of the others: by_root, or the task's thread
  static constexpr std::uint8_t by_root = 0xff;
  Word frames_ = 0, quota_ = 0;  // pages
  Word untouched_ = 0;           // pages of image and first stack that it has not got yet; there is room for them
  Word family_ = 0;
  Word spent_ = 0;               // microseconds
  Word dma_pages_ = 0;
  mica::FixedVector<Address, 64> dma_blocks_;
  Word first_page_ = 0, page_count_ = 0;
  std::uint32_t* image_frames_ = nullptr;  // of each page of the image: its frame's number, 0 not given yet
  Address page_ = 0;                       // its TaskPage
  std::uint64_t accusers_ = 0;             // families that have complained of it
  std::array<Address, mica::first_stack_bytes / 0x1000> stack_frames_{};  // of its first stack, from the top
  mica::Text<256> spawn_arguments_;        // what spec_.arguments refers to in a child
};

}  // namespace root
