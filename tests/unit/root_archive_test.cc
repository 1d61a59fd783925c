// SPDX-License-Identifier: MIT
// Reading boot archives: those that tar makes, and each way of being bad.
#include "servers/root/archive.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "archive_maker.h"
#include "temporary_folder.h"

using namespace mica::test;
using root::Archive;

namespace {

using Maker = ArchiveMaker;

std::string text_of(const root::File& file) { return {file.data.begin(), file.data.end()}; }

std::string fault_of(const ArchiveBytes& bytes) {
  const char* const fault = Archive(bytes).check();
  return fault ? fault : "none";
}
std::string fault_of(const Maker& maker) { return fault_of(maker.bytes()); }

// "name=content;" of each file.
std::string listing(const ArchiveBytes& bytes) {
  std::string list;
  for (const root::File& file : Archive(bytes)) list += std::string(file.name) + "=" + text_of(file) + ";";
  return list;
}

Maker two_files() { return Maker().add("a", "first").add("b", std::string(512, 'x')); }

}  // namespace

TEST_CASE("archive: files are found by name and listed in order") {
  const ArchiveBytes bytes = Maker().add("a", "first").add("empty", "").add("b", "second").end().bytes();
  CHECK(fault_of(bytes) == "none");
  CHECK(listing(bytes) == "a=first;empty=;b=second;");
  REQUIRE(Archive(bytes).find("b"));
  CHECK(text_of(*Archive(bytes).find("b")) == "second");
  CHECK(Archive(bytes).find("empty")->data.empty());
  CHECK_FALSE(Archive(bytes).find("c"));
  CHECK_FALSE(Archive(bytes).find(""));
}

TEST_CASE("archive: an archive may hold nothing") {
  CHECK(fault_of(ArchiveBytes{}) == "none");
  CHECK(fault_of(Maker().end()) == "none");
  CHECK(listing({}) == "");
  CHECK_FALSE(Archive().find("a"));
}

TEST_CASE("archive: the end is a block of zeros, or that of the file") {
  CHECK(fault_of(two_files()) == "none");
  CHECK(fault_of(two_files().end(1)) == "none");
  // What follows the end is no part of it.
  ArchiveBytes bytes = two_files().end().bytes();
  bytes.resize(bytes.size() + 700, 'x');
  CHECK(fault_of(bytes) == "none");
  // The padding of the last file may be missing.
  ArchiveBytes unpadded = Maker().add("a", "first").bytes();
  unpadded.resize(Maker::block + 5);
  CHECK(fault_of(unpadded) == "none");
  CHECK(listing(unpadded) == "a=first;");
}

TEST_CASE("archive: folders are skipped, and ./ before a name") {
  CHECK(listing(Maker().add("./", "", '5').add("./bin", "", '5').add("./bin/a", "x").bytes()) == "bin/a=x;");
  CHECK(listing(Maker().add("././a", "x").bytes()) == "a=x;");
  // A folder's size says how large it may become: no data follows.
  CHECK(listing(Maker().add("d", "", '5').set(Maker::size_at, "00000001000").add("a", "x").bytes()) ==
        "a=x;");
}

TEST_CASE("archive: fields of other writers of the format") {
  CHECK(listing(Maker().add("a", "x", '\0').bytes()) == "a=x;");
  CHECK(listing(Maker().add("a", "x").set(Maker::magic_at, std::string("ustar  \0", 8)).bytes()) == "a=x;");
  CHECK(listing(Maker().add("a", "x").set(Maker::size_at, "         1 \0").bytes()) == "a=x;");
  CHECK(listing(Maker().add("a", "x").set(Maker::size_at, "000000000001").bytes()) == "a=x;");
  const std::string long_name(100, 'n');  // no room for a NUL behind it
  CHECK(listing(Maker().add(long_name, "x").bytes()) == long_name + "=x;");
}

TEST_CASE("archive: every fault is named, and files before it can be read") {
  const auto spoilt = [](std::size_t at, const std::string& field) { return two_files().spoil(at, field); };
  CHECK(fault_of(spoilt(0, "c")) == "a header of the archive has a wrong checksum");
  CHECK(fault_of(spoilt(Maker::checksum_at, "999999")) == "a header of the archive has a wrong checksum");
  CHECK(fault_of(spoilt(Maker::checksum_at, "       ")) == "a header of the archive has a wrong checksum");
  CHECK(fault_of(spoilt(Maker::magic_at, "tar")) == "an entry of the archive is no ustar header");
  CHECK(listing(spoilt(0, "c").bytes()) == "a=first;");
  CHECK_FALSE(Archive(spoilt(0, "c").bytes()).find("b"));

  const auto with = [](std::size_t at, const std::string& field) { return two_files().set(at, field); };
  for (const char* const size : {"0000000100x", "           ", "0000000008 ", "-0000000001", "1 1"}) {
    CAPTURE(size);
    CHECK(fault_of(with(Maker::size_at, std::string(size).append(1, '\0'))) ==
          "a size in the archive is no number");
  }
  CHECK(fault_of(with(Maker::size_at, std::string(12, '7'))) ==
        "a file reaches beyond the end of the archive");
  CHECK(fault_of(with(Maker::size_at, std::string("\x80\0\0\0\0\0\0\0\0\0\0\1", 12))) ==
        "a size in the archive is no number");
  CHECK(fault_of(with(Maker::size_at, "00000001001")) == "a file reaches beyond the end of the archive");
  CHECK(fault_of(with(Maker::prefix_at, "folder")) == "a name in the archive is longer than 100 characters");
  CHECK(fault_of(with(0, std::string(1, '\0'))) == "a file of the archive has no name");
  CHECK(fault_of(Maker().add("./", "x")) == "a file of the archive has no name");
  CHECK(fault_of(two_files().add("a", "again").end()) == "two files of the archive have the same name");
  CHECK(fault_of(two_files().add("./a", "again").end()) == "two files of the archive have the same name");
  for (const char type : {'1', '2', '3', '4', '6', '7', 'x', 'g', 'L', 'S'}) {
    CAPTURE(type);
    CHECK(fault_of(Maker().add("a", "x", type)).starts_with("the archive has an entry that is neither"));
  }
}

TEST_CASE("archive: one cut off anywhere is never read beyond its end") {
  const ArchiveBytes whole = two_files().bytes();
  for (std::size_t size = 1; size < whole.size(); ++size) {
    CAPTURE(size);
    // Of its own, so that a sanitizer sees each byte that is read behind it.
    const ArchiveBytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    const std::size_t second = 2 * Maker::block;
    if (size < Maker::block || (size > second && size < second + Maker::block)) {
      CHECK(fault_of(part) == "the archive ends inside a header");
    } else if (size < Maker::block + 5 || size > second) {
      CHECK(fault_of(part) == "a file reaches beyond the end of the archive");
    } else {
      CHECK(fault_of(part) == "none");
    }
  }
}

TEST_CASE("archive: what tar makes is read") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() / "in");
  folder.write("in/manifest", "task a\n");
  folder.write("in/a.elf", std::string(3000, 'e'));
  for (const char* const format : {"ustar", "gnu"}) {
    CAPTURE(format);
    const std::string archive = (folder.path() / format).string();
    const std::string command = "tar --format=" + std::string(format) + " -C " +
                                (folder.path() / "in").string() + " -cf " + archive + " .";
    REQUIRE(std::system(command.c_str()) == 0);
    std::ifstream in(archive, std::ios::binary);
    const ArchiveBytes bytes{std::istreambuf_iterator<char>(in), {}};
    CHECK(fault_of(bytes) == "none");
    REQUIRE(Archive(bytes).find("manifest"));
    CHECK(text_of(*Archive(bytes).find("manifest")) == "task a\n");
    REQUIRE(Archive(bytes).find("a.elf"));
    CHECK(text_of(*Archive(bytes).find("a.elf")) == std::string(3000, 'e'));
  }
}
