// SPDX-License-Identifier: MIT
// Tasks, threads, files of the archive, the log.
#include "check.h"

namespace root_test {

namespace {

void check_tasks() {
  const TaskId self = mica::this_task().task;
  const mica::TaskInfo info = about(self);
  check(info.name == std::string_view("test") && info.program == std::string_view("root_test.elf") &&
            info.parent.is_none() && info.threads == 1 && info.priority == 100 && info.quota == 1024 &&
            info.frames > 0 && info.frames < info.quota && info.started != 0,
        "a task is described");
  check_error(ask<Root::task_info>(~Word{0}).error(), Error::not_found, "no task is behind the last");
  const auto thread = ask<Root::thread_state>(self, Word{0});
  check(thread.ok() && thread->id == self.thread(0), "a thread's state is told");
  bool refused = true;
  for (const TaskId forged : {TaskId(), TaskId(self.index(), self.version() + 1), TaskId(1, 1),
                              TaskId(~Word{0}), TaskId(mica::max_tasks, 1)}) {
    refused = refused && ask<Root::thread_state>(forged, Word{0}).error() == Error::not_found;
    refused = refused && ask<Root::block_info>(forged, Word{0}).error() == Error::not_found;
    refused = refused && ask<Root::kill>(forged).error() == Error::not_found;
    refused = refused && ask<Root::wait>(forged).error() == Error::not_found;
    refused = refused && ask<Root::admits>(forged).error() == Error::denied;
  }
  check(refused && ask<Root::thread_state>(self, Word{1}).error() == Error::not_found &&
            ask<Root::thread_state>(self, Word{64}).error() == Error::not_found &&
            ask<Root::thread_state>(self, ~Word{0}).error() == Error::not_found,
        "forged ids are nobody's");
  Word pages = 0;
  for (Word n = 0;; ++n) {
    const auto block = ask<Root::block_info>(self, n);
    if (!block) break;
    pages += Word{1} << (block->order - 12);
  }
  check(
      pages > 0 && pages >= info.frames && ask<Root::block_info>(self, ~Word{0}).error() == Error::not_found,
      "its blocks are those that it holds");
}

void check_files() {
  constexpr std::string_view begin = "# Tests of the root server's operations.\n";
  const auto file = ask<Root::file>(mica::Text<100>("manifest"));
  if (!check(file.ok() && file->size > begin.size(), "a file is found")) return;
  const auto page = map<Root::file_pages>(place(0, 12), file->address, Word{12});
  const volatile char* const text = reinterpret_cast<volatile char*>(at(0)) + file->address % page_size;
  bool same = page.ok();
  for (std::size_t i = 0; same && i < begin.size(); ++i) same = text[i] == begin[i];
  check(same, "and its pages have its content");
  L4_FlushFpage(place(0, 12));
  bool refused = true;
  for (const Word address :
       {Word{0}, file->address - (Word{4} << 20), file->address + (Word{64} << 20), Word{1} << 63}) {
    refused =
        refused && map<Root::file_pages>(place(0, 12), address, Word{12}).error() == Error::bad_argument;
  }
  for (const Word order : {Word{0}, Word{11}, Word{23}, Word{64}, ~Word{0}}) {
    refused =
        refused && map<Root::file_pages>(place(0, 12), file->address, order).error() == Error::bad_argument;
  }
  check(refused, "there are no pages beside the archive's");
  check_error(ask<Root::file>(mica::Text<100>("nothing")).error(), Error::not_found,
              "a file that is not there");
  Word files = 0;
  bool found = false;
  for (;; ++files) {
    const auto entry = ask<Root::file_entry>(files);
    if (!entry) break;
    found = found || (entry->name == std::string_view("manifest") && entry->size == file->size);
  }
  check(found && files == 2 && ask<Root::file_entry>(~Word{0}).error() == Error::not_found,
        "all files are listed");
}

bool log_has(std::string_view line) {
  std::size_t matched = 0;
  for (Word position = 0;;) {
    const auto piece = ask_within<Root::log>(millisecond, position);
    if (!piece) return false;
    position = piece->next;
    for (Word i = 0; i < piece->size; ++i) {
      matched = piece->text[i] == line[matched] ? matched + 1 : piece->text[i] == line[0] ? 1 : 0;
      if (matched == line.size()) return true;
    }
  }
}

}  // namespace

void test_information() {
  check_tasks();
  check_files();
  check(ask<Root::write_log>(mica::Text<400>("the log has this\n")).ok() && log_has("the log has this\n"),
        "what is written to the log is in it");
  check_error(ask_within<Root::log>(millisecond, ~Word{0}).error(), Error::timeout,
              "at its end one waits for more");
  const auto memory = ask<Root::memory_info>();
  check(memory.ok() && memory->free < memory->total && memory->total > 10000 && memory->total < 65536 &&
            memory->archive_bytes % 512 == 0,
        "the machine's memory is told");
}

}  // namespace root_test
