// SPDX-License-Identifier: MIT
// The files that the tests boot, and changed copies of them.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

extern const std::string boot_elf, fixture_kernel, kernel_without_kip, fixture_server;
extern const std::string real_kernel, real_sigma0, real_root;
extern const std::string hello_program, pager_program, boot_time;

std::string read_file(const std::string& path);  // empty when it is not there
bool exists(const std::string& path);

class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  ~TemporaryFolder();

  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  // Makes a file there; returns its path.
  std::string file(const std::string& name, const std::string& content) const;

 private:
  std::string folder_;
};

// An ELF file in memory, to be moved to another address or spoiled.
class ElfFile {
 public:
  explicit ElfFile(const std::string& path) : bytes_(read_file(path)) {}

  // Links it at another address: a program without absolute references does not mind.
  ElfFile& move_to(std::uint64_t address);
  ElfFile& cut_to(std::size_t size);
  template <class T>
  ElfFile& set(std::size_t offset, T value) {
    std::memcpy(bytes_.data() + offset, &value, sizeof(T));
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  template <class T>
  T get(std::size_t offset) const {
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }
  std::string bytes_;
};

// Makes an ISO of the first stage, these modules and the first stage's options.
std::string make_iso(const TemporaryFolder& folder, const std::vector<std::string>& modules,
                     const std::string& options = "");
