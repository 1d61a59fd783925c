// SPDX-License-Identifier: MIT
#include "elf.h"

namespace mica {

namespace {

struct FileHeader {
  u8 magic[4];
  u8 word_class, byte_order, ident_version, abi, ident_rest[8];
  u16 type, machine;
  u32 version;
  u64 entry, program_headers, section_headers;
  u32 flags;
  u16 header_size, program_header_size, program_header_count;
  u16 section_header_size, section_header_count, section_names;
};
static_assert(sizeof(FileHeader) == 64);

struct ProgramHeader {
  u32 type, flags;
  u64 offset, virtual_address, physical_address, file_size, memory_size, align;
};
static_assert(sizeof(ProgramHeader) == 56);

constexpr u32 type_load = 1, type_dynamic = 2, type_interpreter = 3;

ElfImage bad(const char* fault) {
  ElfImage image;
  image.fault = fault;
  return image;
}

constexpr bool wraps(u64 start, u64 size) { return start + size < start; }

// Files whose physical addresses are all zero mean the virtual ones.
void default_physical(ElfImage& image) {
  for (const Segment& segment : image.segments) {
    if (segment.physical_address != 0) return;
  }
  for (Segment& segment : image.segments) segment.physical_address = segment.virtual_address;
}

const char* check_layout(const ElfImage& image) {
  bool entry_inside = false;
  for (std::size_t i = 0; i < image.segments.size(); ++i) {
    const Segment& a = image.segments[i];
    if (wraps(a.virtual_address, a.memory_size) || wraps(a.physical_address, a.memory_size)) {
      return "a segment's addresses wrap around";
    }
    if ((a.flags & Segment::executable) != 0 && image.entry - a.virtual_address < a.memory_size)
      entry_inside = true;
    for (std::size_t j = 0; j < i; ++j) {
      const Segment& b = image.segments[j];
      if (a.virtual_range().overlaps(b.virtual_range()) || a.physical_range().overlaps(b.physical_range())) {
        return "its segments overlap each other";
      }
    }
  }
  return entry_inside ? nullptr : "its entry point is in no executable segment";
}

Range span_of(const ElfImage& image, Range (Segment::*range_of)() const) {
  Range span{~u64{0}, 0};
  for (const Segment& segment : image.segments) {
    const Range range = (segment.*range_of)();
    if (range.low < span.low) span.low = range.low;
    if (range.high > span.high) span.high = range.high;
  }
  return span;
}

}  // namespace

Range ElfImage::virtual_span() const { return span_of(*this, &Segment::virtual_range); }

Range ElfImage::physical_span() const { return span_of(*this, &Segment::physical_range); }

ElfImage read_elf(Bytes file) {
  if (file.empty()) return bad("empty file");
  const auto magic = load<u32>(file, 0);
  if (!magic || *magic != 0x464c457f) return bad("not an ELF file");
  const auto header = load<FileHeader>(file, 0);
  if (!header) return bad("truncated: the ELF header is cut off");
  if (header->word_class != 2) return bad("a 32-bit ELF file; a 64-bit one is needed");
  if (header->byte_order != 1 || header->machine != 62)
    return bad("an ELF file for another machine than x86-64");
  if (header->type == 3)
    return bad("position independent or shared; a static program is needed (-static -no-pie)");
  if (header->type != 2) return bad("not an executable ELF file");
  if (header->program_header_size != sizeof(ProgramHeader)) return bad("program headers of a wrong size");

  ElfImage image;
  image.entry = header->entry;
  for (unsigned i = 0; i < header->program_header_count; ++i) {
    const u64 offset = header->program_headers + i * sizeof(ProgramHeader);
    const auto program = offset < header->program_headers ? std::nullopt : load<ProgramHeader>(file, offset);
    if (!program) return bad("truncated: a program header lies outside the file");
    if (program->type == type_dynamic || program->type == type_interpreter) {
      return bad("dynamically linked; a static program is needed");
    }
    if (program->type != type_load || program->memory_size == 0) continue;
    if (program->file_size > program->memory_size)
      return bad("a segment is larger in the file than in memory");
    if (program->offset > file.size() || file.size() - program->offset < program->file_size) {
      return bad("truncated: a segment lies outside the file");
    }
    const Segment segment{program->offset, program->file_size, program->memory_size,
                          program->virtual_address, program->physical_address, program->flags};
    if (!image.segments.push(segment)) return bad("too many segments (at most 16)");
  }
  if (image.segments.empty()) return bad("nothing in it to load");
  default_physical(image);
  image.fault = check_layout(image);
  return image;
}

}  // namespace mica
