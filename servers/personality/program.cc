// SPDX-License-Identifier: MIT
#include "program.h"

namespace personality {

namespace {

// What the stack tells the program about itself (System V ABI, auxiliary vector).
constexpr Word auxv_end = 0, auxv_page_size = 6, auxv_entry = 9;
constexpr unsigned most_arguments = 32;
constexpr Word most_text = 1024;

}  // namespace

const char* Program::load(Bytes file) {
  file_ = file;
  image_ = mica::read_elf(file);
  if (image_.fault != nullptr) return image_.fault;
  Word end = 0;
  for (const mica::Segment& segment : image_.segments) {
    const Range pages = segment.virtual_range().pages_around();
    if (!program_range.contains(pages)) return "a segment lies where programs have no memory";
    if (!areas_.add({pages, l4::Rights{segment.flags & 7}, Area::Kind::image})) return "too many segments";
    if (pages.high > end) end = pages.high;
  }
  const Range stack{stack_top - stack_bytes, stack_top};
  if (!areas_.free(stack) || !areas_.add({stack, l4::read_write, Area::Kind::stack})) {
    return "its image lies where its stack has to be";
  }
  heap_begin_ = heap_end_ = end;
  return nullptr;
}

void Program::fill(Word page, Frame frame) const {
  const Range range{page, page + page_size};
  for (const mica::Segment& segment : image_.segments) {
    const Range bytes{segment.virtual_address, segment.virtual_address + segment.file_size};
    if (!bytes.overlaps(range)) continue;
    const Word from = bytes.low > page ? bytes.low : page;
    const Word to = bytes.high < range.high ? bytes.high : range.high;
    __builtin_memcpy(reinterpret_cast<void*>(frames_->address(frame) + (from - page)),
                     file_.data() + segment.file_offset + (from - bytes.low), to - from);
  }
}

std::optional<Program::Page> Program::page(Word address, l4::Rights access) {
  const Word page = address & ~(page_size - 1);
  const l4::Rights rights = areas_.rights(page);
  if (rights == l4::no_access || !rights.has(access)) return std::nullopt;
  const auto take = [this] { return frames_->take(); };
  Frame* const entry = paging::make_entry(*frames_, root_, page / page_size, take);
  if (entry == nullptr) return std::nullopt;
  if (*entry == 0) {
    const Frame frame = take();
    if (frame == 0) return std::nullopt;
    fill(page, frame);
    *entry = frame;
  }
  return Page{*entry, rights};
}

unsigned char* Program::bytes_of(Word address, l4::Rights access) {
  const auto found = page(address, access);
  return found ? reinterpret_cast<unsigned char*>(frames_->address(found->frame) + address % page_size) : nullptr;
}

template <typename Copy>  // Copy: takes the bytes of a part here, how many went before, and its number of bytes
Word Program::copy(Word at, Word bytes, l4::Rights access, Copy&& copy_part) {
  for (Word done = 0; done < bytes;) {
    unsigned char* const part = at + done < at ? nullptr : bytes_of(at + done, access);
    if (part == nullptr) return done;
    const Word rest = page_size - (at + done) % page_size, n = bytes - done < rest ? bytes - done : rest;
    copy_part(part, done, n);
    done += n;
  }
  return bytes;
}

Word Program::copy_in(void* to, Word from, Word bytes) {
  return copy(from, bytes, l4::read, [to](const unsigned char* part, Word done, Word n) {
    __builtin_memcpy(static_cast<unsigned char*>(to) + done, part, n);
  });
}

Word Program::copy_out(Word to, const void* from, Word bytes) {
  return copy(to, bytes, l4::write, [from](unsigned char* part, Word done, Word n) {
    __builtin_memcpy(part, static_cast<const unsigned char*>(from) + done, n);
  });
}

Word Program::map(Word at, Word bytes, l4::Rights rights) {
  const Word size = round_up(bytes);
  if (size == 0 || size > program_range.size()) return 0;
  if (at == 0) at = areas_.find_below(stack_top - stack_bytes - page_size, size);
  const Range range{at, at + size};
  if (at == 0 || range.empty() || !areas_.free(range)) return 0;
  return areas_.add({range, rights, Area::Kind::mapped}) ? at : 0;
}

Word Program::push_arguments(std::string_view name, std::string_view words) {
  char text[most_text];
  Word offsets[most_arguments], size = 0, count = 0;
  const auto add = [&](std::string_view word) {
    if (count == most_arguments || size + word.size() + 1 > most_text) return false;
    offsets[count++] = size;
    for (const char c : word) text[size++] = c;
    text[size++] = 0;
    return true;
  };
  if (!add(name)) return 0;
  while (!words.empty()) {
    std::size_t n = 0;
    while (n < words.size() && words[n] != ' ') ++n;
    if (n != 0 && !add({words.data(), n})) return 0;
    words.remove_prefix(n < words.size() ? n + 1 : n);
  }
  const Word at = (stack_top - size) & ~Word{15};
  // The count, the arguments, no environment, the auxiliary vector.
  Word vector[1 + most_arguments + 2 + 6], entries = 0;
  vector[entries++] = count;
  for (Word i = 0; i < count; ++i) vector[entries++] = at + offsets[i];
  for (const Word word : {Word{0}, Word{0}, auxv_page_size, page_size, auxv_entry, Word{image_.entry}, auxv_end, Word{0}}) {
    vector[entries++] = word;
  }
  const Word sp = (at - entries * sizeof(Word)) & ~Word{15};
  const bool done = copy_out(at, text, size) == size &&
                    copy_out(sp, vector, entries * sizeof(Word)) == entries * sizeof(Word);
  return done ? sp : 0;
}

}  // namespace personality
