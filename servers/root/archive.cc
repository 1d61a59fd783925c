// SPDX-License-Identifier: MIT
#include "archive.h"

namespace root {

namespace {

constexpr std::size_t block = 512;
constexpr std::size_t name_at = 0, name_size = 100, size_at = 124, number_size = 12, checksum_at = 148;
constexpr std::size_t checksum_size = 8, type_at = 156, magic_at = 257, prefix_at = 345;
constexpr char file = '0', old_file = 0, directory = '5';

using Bytes = std::span<const unsigned char>;

bool is_zero(Bytes header) {
  for (const unsigned char byte : header) {
    if (byte != 0) return false;
  }
  return true;
}

// Octal digits, blanks before them, blanks and NULs behind.
std::optional<std::size_t> number(Bytes field) {
  std::size_t value = 0, i = 0;
  while (i < field.size() && field[i] == ' ') ++i;
  const std::size_t first = i;
  for (; i < field.size() && field[i] >= '0' && field[i] <= '7'; ++i) {
    if (value >> 40 != 0) return std::nullopt;
    value = value * 8 + (field[i] - '0');
  }
  if (i == first) return std::nullopt;
  for (; i < field.size(); ++i) {
    if (field[i] != 0 && field[i] != ' ') return std::nullopt;
  }
  return value;
}

std::size_t checksum(Bytes header) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < block; ++i) {
    const bool own = i >= checksum_at && i < checksum_at + checksum_size;
    sum += own ? std::size_t{' '} : header[i];
  }
  return sum;
}

std::string_view text(Bytes field) {
  std::size_t size = 0;
  while (size < field.size() && field[size] != 0) ++size;
  return {reinterpret_cast<const char*>(field.data()), size};
}

std::size_t padded(std::size_t size) { return (size + block - 1) / block * block; }

}  // namespace

void Archive::Iterator::stop(const char* fault) {
  fault_ = fault;
  rest_ = {};
}

void Archive::Iterator::settle() {
  while (!rest_.empty()) {
    if (rest_.size() < block) return stop("the archive ends inside a header");
    const Bytes header = rest_.first(block);
    if (is_zero(header)) return stop(nullptr);
    if (text(header.subspan(magic_at, 5)) != "ustar")
      return stop("an entry of the archive is no ustar header");
    const auto sum = number(header.subspan(checksum_at, checksum_size));
    if (!sum || *sum != checksum(header)) return stop("a header of the archive has a wrong checksum");
    const char type = static_cast<char>(header[type_at]);
    if (type != directory) return settle_at_file(header, type);
    rest_ = rest_.subspan(block);
  }
}

void Archive::Iterator::settle_at_file(Bytes header, char type) {
  if (type != file && type != old_file) {
    return stop(
        "the archive has an entry that is neither a file nor a folder; tar --format=ustar -h makes none");
  }
  const auto size = number(header.subspan(size_at, number_size));
  if (!size) return stop("a size in the archive is no number");
  if (*size > rest_.size() - block) return stop("a file reaches beyond the end of the archive");
  file_.name = text(header.subspan(name_at, name_size));
  while (file_.name.starts_with("./")) file_.name.remove_prefix(2);
  if (file_.name.empty()) return stop("a file of the archive has no name");
  if (header[prefix_at] != 0) return stop("a name in the archive is longer than 100 characters");
  file_.data = rest_.subspan(block, *size);
}

Archive::Iterator& Archive::Iterator::operator++() {
  const std::size_t step = block + padded(file_.data.size());
  rest_ = step < rest_.size() ? rest_.subspan(step) : Bytes{};
  settle();
  return *this;
}

const char* Archive::check() const {
  Iterator i = begin();
  for (; i != end(); ++i) {
    Iterator other = i;
    for (++other; other != end(); ++other) {
      if ((*other).name == (*i).name) return "two files of the archive have the same name";
    }
  }
  return i.fault();
}

std::optional<File> Archive::find(std::string_view name) const {
  for (const File& file : *this) {
    if (file.name == name) return file;
  }
  return std::nullopt;
}

}  // namespace root
