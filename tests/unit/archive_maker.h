// SPDX-License-Identifier: MIT
// Boot archives for tests, made field by field; offsets are those of POSIX ustar.
#pragma once

#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace mica::test {

using ArchiveBytes = std::vector<unsigned char>;

class ArchiveMaker {
 public:
  static constexpr std::size_t block = 512, size_at = 124, checksum_at = 148, type_at = 156, magic_at = 257,
                               prefix_at = 345;

  // An entry and, from now on, the one that set() changes.
  ArchiveMaker& add(std::string_view name, std::string_view data, char type = '0') {
    header_ = bytes_.size();
    bytes_.resize(header_ + block + (data.size() + block - 1) / block * block);
    std::memcpy(&bytes_[header_], name.data(), name.size() < 100 ? name.size() : 100);
    std::memcpy(bytes_.data() + header_ + block, data.data(), data.size());
    char size[13];
    std::snprintf(size, sizeof(size), "%011zo", data.size());
    set(type_at, std::string(1, type));
    set(magic_at, std::string("ustar\00000", 8));
    return set(size_at, std::string(size, 12));
  }
  ArchiveMaker& set(std::size_t at, const std::string& field) {
    std::memcpy(&bytes_[header_ + at], field.data(), field.size());
    unsigned sum = 8 * ' ';
    for (std::size_t i = 0; i < block; ++i) sum += i - checksum_at < 8 ? 0u : unsigned{bytes_[header_ + i]};
    char digits[8];
    std::snprintf(digits, sizeof(digits), "%06o", sum);
    std::memcpy(&bytes_[header_ + checksum_at], digits, 7);
    bytes_[header_ + checksum_at + 7] = ' ';
    return *this;
  }
  // Without a new checksum.
  ArchiveMaker& spoil(std::size_t at, const std::string& field) {
    std::memcpy(&bytes_[header_ + at], field.data(), field.size());
    return *this;
  }
  ArchiveMaker& end(std::size_t blocks = 2) {
    bytes_.resize(bytes_.size() + blocks * block);
    return *this;
  }
  const ArchiveBytes& bytes() const { return bytes_; }

 private:
  ArchiveBytes bytes_;
  std::size_t header_ = 0;
};

}  // namespace mica::test
