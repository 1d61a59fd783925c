// SPDX-License-Identifier: MIT
// The system calls of the personality: those of Linux on x86-64 that a small static program
// needs, by their numbers there. Pure: what they need of the world is the Outside,
//
//   void write(std::string_view)   shows text
//   Word microseconds()            the time since the start
//   bool set_fs(Word base)         of the program's thread
//   void drop(Frame)               a page that is no longer the program's
#pragma once

#include "program.h"

namespace personality {

struct Registers {  // of a call
  Word number;
  Word arguments[6];
};

enum Errno : Word { bad_file = 9, no_memory = 12, bad_address = 14, invalid = 22, no_call = 38 };
constexpr Word failed(Errno error) { return Word{0} - error; }

template <typename Outside>
class Calls {
 public:
  Calls(Program& program, Outside& outside, Word id) : program_(program), outside_(outside), id_(id) {}

  // The call's result: a value or a negated Errno.
  Word serve(const Registers& call) {
    const Word* const a = call.arguments;
    switch (call.number) {
      case 0: return a[0] == 0 ? 0 : failed(bad_file);  // read: nobody types
      case 1: return write(a[0], a[1], a[2]);
      case 9: return map(a);
      case 11: return unmap(a[0], a[1]);
      case 12: return set_heap_end(a[0]);
      case 20: return write_vector(a[0], a[1], a[2]);
      case 39:                                        // getpid
      case 186: return id_;                           // gettid
      case 60:                                        // exit
      case 231: return ended_ = true, status_ = a[0] & 0xff;  // exit_group
      case 63: return name(a[0]);
      case 96: return time_of_day(a[0]);
      case 102:                                       // getuid
      case 104:                                       // getgid
      case 107:                                       // geteuid
      case 108: return 0;                             // getegid
      case 158: return thread_area(a[0], a[1]);
      case 218: return id_;                           // set_tid_address: nobody waits there
      case 228: return clock(a[0], a[1]);
      default: return failed(no_call);
    }
  }

  bool ended() const { return ended_; }
  Word status() const { return status_; }

 private:
  static constexpr Word most_at_once = 4096;  // bytes of one write; a program may be told of fewer

  static bool is_output(Word file) { return file == 1 || file == 2; }

  Word write(Word file, Word from, Word bytes) {
    if (!is_output(file)) return failed(bad_file);
    if (bytes > most_at_once) bytes = most_at_once;
    for (Word done = 0; done < bytes;) {
      char text[256];
      const Word wanted = bytes - done < sizeof(text) ? bytes - done : sizeof(text);
      const Word got = program_.copy_in(text, from + done, wanted);
      outside_.write({text, got});
      done += got;
      if (got < wanted) return done == 0 ? failed(bad_address) : done;
    }
    return bytes;
  }

  Word write_vector(Word file, Word vector, Word count) {
    if (!is_output(file)) return failed(bad_file);
    if (count > 1024) return failed(invalid);
    Word all = 0;
    for (Word i = 0; i < count && all < most_at_once; ++i) {
      Word piece[2];
      if (program_.copy_in(piece, vector + i * sizeof(piece), sizeof(piece)) != sizeof(piece)) {
        return all == 0 ? failed(bad_address) : all;
      }
      if (piece[1] == 0) continue;
      const Word done = write(file, piece[0], piece[1]);
      if (done > most_at_once) return all == 0 ? done : all;  // an Errno
      all += done;
      if (done < piece[1]) break;
    }
    return all;
  }

  // Cleared memory of the program's own; files there are none. What its flags say beyond
  // that is refused.
  Word map(const Word* a) {
    constexpr Word own = 2, anonymous = 0x20, hints = 0x4000 | 0x20000;  // not to reserve, for a stack
    if ((a[3] & anonymous) == 0) return failed(bad_file);
    if (a[1] == 0 || (a[3] & ~hints) != (own | anonymous) || (a[2] & ~Word{7}) != 0) return failed(invalid);
    constexpr Word can_read = 1, can_write = 2, can_execute = 4;  // as the program says it
    l4::Rights rights = l4::no_access;
    if ((a[2] & can_read) != 0) rights = rights | l4::read;
    if ((a[2] & can_write) != 0) rights = rights | l4::read_write;
    if ((a[2] & can_execute) != 0) rights = rights | l4::read_execute;
    Word at = a[0] % page_size == 0 ? program_.map(a[0], a[1], rights) : 0;
    if (at == 0) at = program_.map(0, a[1], rights);
    return at == 0 ? failed(no_memory) : at;
  }

  Word unmap(Word at, Word bytes) {
    const Range range{at, at + round_up(bytes)};
    if (at % page_size != 0 || bytes == 0 || range.empty() || !program_range.contains(range)) return failed(invalid);
    return program_.unmap(range, [this](Frame frame) { outside_.drop(frame); }) ? 0 : failed(no_memory);
  }

  // The end as it is afterwards, which is the old one if it cannot be there.
  Word set_heap_end(Word end) {
    (void)program_.set_heap_end(end, [this](Frame frame) { outside_.drop(frame); });
    return program_.heap_end();
  }

  // System, node, release, version, machine, domain: 65 bytes each.
  Word name(Word to) {
    static constexpr std::string_view texts[6] = {"Mica", "mica", "0.1.0", "personality", "x86_64", "(none)"};
    char fields[6][65] = {};
    for (unsigned i = 0; i < 6; ++i) {
      for (std::size_t k = 0; k < texts[i].size(); ++k) fields[i][k] = texts[i][k];
    }
    return give(to, fields, sizeof(fields));
  }

  Word clock(Word which, Word to) {
    if (which > 1) return failed(invalid);
    const Word time = outside_.microseconds();
    const Word value[2] = {time / 1'000'000, time % 1'000'000 * 1000};
    return give(to, value, sizeof(value));
  }

  Word time_of_day(Word to) {
    const Word time = outside_.microseconds();
    const Word value[2] = {time / 1'000'000, time % 1'000'000};
    return to == 0 ? 0 : give(to, value, sizeof(value));
  }

  Word thread_area(Word what, Word value) {
    constexpr Word set_fs = 0x1002, get_fs = 0x1003;
    if (what == set_fs) {
      if (!outside_.set_fs(value)) return failed(invalid);
      fs_ = value;
      return 0;
    }
    return what == get_fs ? give(value, &fs_, sizeof(fs_)) : failed(invalid);
  }

  Word give(Word to, const void* from, Word bytes) {
    return program_.copy_out(to, from, bytes) == bytes ? 0 : failed(bad_address);
  }

  Program& program_;
  Outside& outside_;
  Word id_;
  Word fs_ = 0;
  bool ended_ = false;
  Word status_ = 0;
};

}  // namespace personality
