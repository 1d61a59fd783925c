// SPDX-License-Identifier: MIT
// The files pager: files of the boot archive as dataspaces.
//
// Owns: its memory quota, for copies of pages. A page of a file that is one of the archive as well is
// mapped as it is; the others, and the last one, which has zeros behind the file's
// end, are copied to frames, once for all that have the file open.
// Serves: mica::Dataspace with `open`, under the name `files` (argument name=); read only.
// Trusts: the root server. When it ends the handles end with it.
#include <paging/frame_service.h>
#include <runtime/program.h>

namespace files {

namespace {

using mica::Dataspace;
using mica::Error;
using mica::Result;
using mica::Root;
using paging::Frame;
using paging::page_size;
using paging::Word;

constexpr Word archive_window = Word{1} << 44;  // where the root server's address 0 would be

struct Interface {
  static constexpr long id = Dataspace::id;
  using Operations = mica::Operations<Dataspace::map, Dataspace::open, Dataspace::size, Dataspace::share,
                                      Dataspace::close>;
};

// A page of the archive, mapped here; 0: the root server refuses it.
Word archive_page(Word address) {
  const Word at = archive_window + address;
  const mica::Window window{l4::Fpage::page(at)};
  return mica::map_call<Root::file_pages>(mica::root_server(), window, address, Word{12}) ? at : 0;
}

class Pager : public paging::FrameService<Pager> {
 public:
  using Interface = files::Interface;
  using Service::handle;

  Result<Word> handle(Dataspace::open, Client& client, const mica::Text<100>& name) {
    const auto place = place_of(client);
    if (!place) return place.error();
    const auto file = mica::call<Root::file>(mica::root_server(), name);
    if (!file) return file.error();
    for (unsigned number = 1; number < paging::Spaces::most; ++number) {
      if (spaces_.at(number).handles != 0 && files_[number].address == file->address) {
        return spaces_.add(*place, number, paging::read_right);
      }
    }
    const auto made = create(client, file->size, paging::read_right);
    if (made) files_[*spaces_.find(*place, *made)] = *file;
    return made;
  }

  Result<mica::Map> handle(Dataspace::map, Client& client, Word handle, Word offset, Word rights, Word more) {
    const auto place = place_of(client);
    if (!place) return place.error();
    const auto page = spaces_.find(*place, handle, offset, rights, more);
    if (!page) return page.error();
    if (const Word at = whole_page(files_[page->space], page->number)) {
      if (archive_page(at) == 0) return Error::device;
      return mica::Map{l4::Fpage::page(archive_window + at, page->rights)};
    }
    Frame* const entry = entry_of(*page);
    if (entry == nullptr) return Error::no_memory;
    if (*entry == 0) {
      const Frame frame = take();
      if (frame == 0) return Error::no_memory;
      if (!fill(frame, files_[page->space], page->number)) {
        frames_.give(frame);
        return Error::device;
      }
      *entry = frame;
    }
    return mica::Map{l4::Fpage::page(frames_.address(*entry), page->rights)};
  }

  paging::Spaces& spaces() { return spaces_; }
  paging::Blocks blocks() { return paging::Blocks(blocks_); }

  void drop(unsigned number) {
    for (Word page = 0; page < spaces_.at(number).pages; ++page) {
      if (const Word at = whole_page(files_[number], page)) paging::unmap(archive_window + at);
    }
    drop_pages(number, [this](Word, Frame frame) { reclaim(frame); });
  }

 private:
  // Where a page of the file is in the archive, if it is a page there, full of the file; else 0.
  static Word whole_page(const mica::FileInfo& file, Word page) {
    const bool aligned = file.address % page_size == 0;
    return aligned && (page + 1) * page_size <= file.size ? file.address + page * page_size : 0;
  }

  // Copies what the file has for the page from the pages of the archive where it lies.
  bool fill(Frame frame, const mica::FileInfo& file, Word page) const {
    const Word begin = file.address + page * page_size, left = file.size - page * page_size;
    const Word end = begin + (left < page_size ? left : page_size);
    Word to = frames_.address(frame);
    for (Word from = begin; from < end;) {
      const Word next = (from & ~(page_size - 1)) + page_size;
      const Word bytes = (next < end ? next : end) - from;
      const Word at = archive_page(from & ~(page_size - 1));
      if (at == 0) return false;
      __builtin_memcpy(reinterpret_cast<void*>(to), reinterpret_cast<const void*>(at + from % page_size), bytes);
      from += bytes;
      to += bytes;
    }
    return true;
  }

  paging::Spaces spaces_;
  std::array<mica::FileInfo, paging::Spaces::most> files_{};
  std::uint32_t blocks_[paging::most_blocks] = {};
};

constinit Pager pager;

}  // namespace

}  // namespace files

int main() {
  files::pager.begin(0);
  mica::serve(files::pager, mica::argument("name", "files"));
}
