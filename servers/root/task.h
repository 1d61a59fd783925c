// SPDX-License-Identifier: MIT
// A program that the root server has started: its thread, and the pages of its
// image that it has been given so far.
#pragma once

#include <l4/l4.hpp>
#include <ukernel/boot/elf.h>

#include "boot_modules.h"

namespace root {

class Task {
 public:
  enum class State { running, succeeded, failed };

  Task() = default;
  // Reads the module and makes the task; it waits for start(). If fault() is not null
  // that has failed.
  explicit Task(const BootModule& module);

  const char* fault() const { return fault_; }
  std::string_view name() const { return module_.name(); }
  l4::ThreadId thread() const { return thread_; }
  State state() const { return state_; }
  // Servers never end, so that nobody waits for them.
  bool is_server() const { return module_.has_argument("server"); }

  bool start();
  // The task does not run any more, and its space is gone.
  void end(State state);

  // The page of the image around the address, as it is to be mapped; nil if the image
  // has none there with such a right, or there is no memory.
  l4::Fpage page_for(l4::Word address, l4::Rights access);

 private:
  l4::Word& frame_of(l4::Word page);
  void fill(l4::Word page, l4::Word frame) const;

  BootModule module_;
  mica::ElfImage image_;
  const char* fault_ = nullptr;
  l4::ThreadId thread_;
  State state_ = State::running;
  l4::Word first_page_ = 0;        // number of the image's first page
  l4::Word* frames_ = nullptr;     // of each page: its frame here, 0 = not given yet
};

}  // namespace root
