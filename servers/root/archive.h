// SPDX-License-Identifier: MIT
// The boot archive: POSIX ustar, as `tar --format=ustar` writes it. Reads, copies nothing.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace root {

struct File {
  std::string_view name;  // without a leading "./"
  std::span<const unsigned char> data;
};

class Archive {
 public:
  constexpr Archive() = default;
  constexpr explicit Archive(std::span<const unsigned char> bytes) : bytes_(bytes) {}

  // Null if all of it can be read, else why not. The functions below read up to the fault.
  const char* check() const;
  std::optional<File> find(std::string_view name) const;
  std::span<const unsigned char> bytes() const { return bytes_; }

  class Iterator {
   public:
    explicit Iterator(std::span<const unsigned char> rest) : rest_(rest) { settle(); }
    const File& operator*() const { return file_; }
    Iterator& operator++();
    bool operator!=(const Iterator& other) const { return rest_.size() != other.rest_.size(); }
    const char* fault() const { return fault_; }

   private:
    void settle();  // at the next file from here on
    void settle_at_file(std::span<const unsigned char> header, char type);
    void stop(const char* fault);

    std::span<const unsigned char> rest_;
    File file_;
    const char* fault_ = nullptr;
  };
  Iterator begin() const { return Iterator(bytes_); }
  Iterator end() const { return Iterator({}); }

 private:
  std::span<const unsigned char> bytes_;
};

}  // namespace root
