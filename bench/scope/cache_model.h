// SPDX-License-Identifier: MIT
// A set-associative cache with least-recently-used replacement, and why it misses.
//
//   compulsory  the block was never here
//   flushed     it was here until flush() took it away
//   capacity    a fully associative cache of the same size would miss as well
//   conflict    it would not: too many blocks share the set
//
// It is a model of what a cache can hold, not of one processor's: the real replacement is
// not exactly this, and nothing is prefetched.
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace scope {

struct Geometry {
  std::uint64_t blocks = 0;  // sets times ways
  unsigned ways = 0;
  unsigned block_bits = 0;

  std::uint64_t sets() const { return blocks / ways; }
};

// "32K,8,64": size, ways, bytes a line. An empty text, or what is wrong.
[[nodiscard]] std::string parse_cache(Geometry& geometry, const std::string& text);
// "64,4": entries, ways; a page each.
[[nodiscard]] std::string parse_tlb(Geometry& geometry, const std::string& text);
std::string describe(const Geometry& geometry);

enum class Miss : std::uint8_t { none, compulsory, flushed, capacity, conflict };
inline constexpr const char* miss_names[] = {"hit", "compulsory", "flushed", "capacity", "conflict"};
inline constexpr unsigned miss_kinds = 5;

class Cache {
 public:
  explicit Cache(const Geometry& geometry);

  // Of the block that has the address, which is then in the cache.
  Miss access(std::uint64_t address);

  // Takes away the blocks below an address.
  void flush_below(std::uint64_t address);

 private:
  // The most recent block is the first one.
  class Recent {
   public:
    bool touch(std::uint64_t block, std::uint64_t most);
    void remove(std::uint64_t block);

   private:
    std::list<std::uint64_t> order_;
    std::unordered_map<std::uint64_t, std::list<std::uint64_t>::iterator> where_;
  };

  Geometry geometry_;
  std::vector<std::list<std::uint64_t>> sets_;
  Recent fully_associative_;
  std::unordered_set<std::uint64_t> seen_, flushed_;
};

}  // namespace scope
