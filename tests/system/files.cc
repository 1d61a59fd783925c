// SPDX-License-Identifier: MIT
#include "files.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace {
const std::string binaries = BINARIES, here = binaries + "/tests/system";
}

const std::string boot_elf = binaries + "/ukernel/boot/boot.elf";
const std::string fixture_kernel = here + "/fixture_kernel.elf";
const std::string kernel_without_kip = here + "/fixture_kernel_without_kip.elf";
const std::string fixture_server = here + "/fixture_server.elf";
const std::string real_kernel = binaries + "/ukernel/kernel.elf";
const std::string real_sigma0 = binaries + "/sigma0/sigma0.elf";
const std::string real_root = binaries + "/servers/root/root.elf";
const std::string hello_program = binaries + "/examples/hello/hello.elf";
const std::string pager_program = binaries + "/examples/pager/pager.elf";
const std::string boot_time = here + "/fixture_boot_time.elf";

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

bool exists(const std::string& path) { return std::filesystem::exists(path); }

TemporaryFolder::TemporaryFolder() {
  std::string name = std::filesystem::temp_directory_path() / "mica-test-XXXXXX";
  REQUIRE(mkdtemp(name.data()) != nullptr);
  folder_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::string TemporaryFolder::file(const std::string& name, const std::string& content) const {
  std::ofstream(path(name), std::ios::binary) << content;
  return path(name);
}

ElfFile& ElfFile::move_to(std::uint64_t address) {
  const auto headers = get<std::uint64_t>(32);
  const auto count = get<std::uint16_t>(56);
  std::uint64_t lowest = ~std::uint64_t{0};
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = headers + 56 * i;
    if (get<std::uint32_t>(at) == 1) lowest = std::min(lowest, get<std::uint64_t>(at + 16));
  }
  const std::uint64_t distance = address - lowest;
  for (std::size_t i = 0; i < count; ++i) {
    for (const std::size_t field : {16u, 24u}) {
      const std::size_t at = headers + 56 * i + field;
      set(at, get<std::uint64_t>(at) + distance);
    }
  }
  return set(24, get<std::uint64_t>(24) + distance);
}

ElfFile& ElfFile::cut_to(std::size_t size) {
  bytes_.resize(size);
  return *this;
}

std::string make_iso(const TemporaryFolder& folder, const std::vector<std::string>& modules,
                     const std::string& options) {
  const std::string iso = folder.path("test.iso");
  std::string command = SOURCES "/ukernel/boot/make_iso.sh -c '" + options + "' " + iso + " " + boot_elf;
  for (const std::string& module : modules) command += " '" + module + "'";
  REQUIRE(std::system(command.c_str()) == 0);
  return iso;
}
