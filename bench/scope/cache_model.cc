// SPDX-License-Identifier: MIT
#include "cache_model.h"

#include <algorithm>
#include <bit>

#include "numbers.h"

namespace scope {

namespace {

constexpr unsigned page_bits = 12;

std::vector<std::uint64_t> numbers_of(const std::string& text) {
  std::vector<std::uint64_t> numbers;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    const auto number = parse_number(text.substr(at, comma - at));
    if (!number || *number == 0) return {};
    numbers.push_back(*number);
    at = comma + 1;
  }
  return numbers;
}

std::string set(Geometry& geometry, std::uint64_t blocks, std::uint64_t ways, unsigned block_bits) {
  constexpr std::uint64_t most = 1u << 24;
  if (ways > blocks || blocks > most || blocks % ways != 0 || !std::has_single_bit(blocks / ways)) {
    return "the number of sets, " + std::to_string(blocks) + " / " + std::to_string(ways) +
           ", has to be a power of two";
  }
  geometry = {blocks, static_cast<unsigned>(ways), block_bits};
  return "";
}

}  // namespace

std::string parse_cache(Geometry& geometry, const std::string& text) {
  const std::vector<std::uint64_t> numbers = numbers_of(text);
  if (numbers.size() != 3) return "'" + text + "' is not SIZE,WAYS,LINE, as in 32K,8,64";
  const std::uint64_t line = numbers[2];
  if (!std::has_single_bit(line) || line < 16 || line > 4096) {
    return "a line of " + std::to_string(line) + " bytes: it has to be a power of two, 16 to 4096";
  }
  if (numbers[0] % line != 0) return "the size is no multiple of the line";
  return set(geometry, numbers[0] / line, numbers[1], static_cast<unsigned>(std::countr_zero(line)));
}

std::string parse_tlb(Geometry& geometry, const std::string& text) {
  const std::vector<std::uint64_t> numbers = numbers_of(text);
  if (numbers.size() != 2) return "'" + text + "' is not ENTRIES,WAYS, as in 64,4";
  return set(geometry, numbers[0], numbers[1], page_bits);
}

std::string describe(const Geometry& geometry) {
  const std::string ways = std::to_string(geometry.ways) + " ways";
  if (geometry.block_bits == page_bits) return std::to_string(geometry.blocks) + " entries, " + ways;
  const std::uint64_t bytes = geometry.blocks << geometry.block_bits;
  const std::string size =
      bytes % 1024 == 0 ? std::to_string(bytes / 1024) + " KiB" : std::to_string(bytes) + " bytes";
  return size + ", " + ways + ", lines of " + std::to_string(1u << geometry.block_bits);
}

Cache::Cache(const Geometry& geometry) : geometry_(geometry), sets_(geometry.sets()) {}

bool Cache::Recent::touch(std::uint64_t block, std::uint64_t most) {
  const auto found = where_.find(block);
  const bool present = found != where_.end();
  if (present) order_.erase(found->second);
  order_.push_front(block);
  where_[block] = order_.begin();
  if (order_.size() > most) {
    where_.erase(order_.back());
    order_.pop_back();
  }
  return present;
}

void Cache::Recent::remove(std::uint64_t block) {
  const auto found = where_.find(block);
  if (found == where_.end()) return;
  order_.erase(found->second);
  where_.erase(found);
}

Miss Cache::access(std::uint64_t address) {
  const std::uint64_t block = address >> geometry_.block_bits;
  const bool would_hit = fully_associative_.touch(block, geometry_.blocks);
  const bool is_new = seen_.insert(block).second;
  const bool was_flushed = flushed_.erase(block) != 0;
  std::list<std::uint64_t>& ways = sets_[block & (geometry_.sets() - 1)];
  const auto found = std::find(ways.begin(), ways.end(), block);
  if (found != ways.end()) {
    ways.splice(ways.begin(), ways, found);
    return Miss::none;
  }
  ways.push_front(block);
  if (ways.size() > geometry_.ways) ways.pop_back();
  if (is_new) return Miss::compulsory;
  if (was_flushed) return Miss::flushed;
  return would_hit ? Miss::conflict : Miss::capacity;
}

void Cache::flush_below(std::uint64_t address) {
  const std::uint64_t limit = address >> geometry_.block_bits;
  for (std::list<std::uint64_t>& ways : sets_) {
    std::erase_if(ways, [&](std::uint64_t block) {
      if (block >= limit) return false;
      flushed_.insert(block);
      fully_associative_.remove(block);
      return true;
    });
  }
}

}  // namespace scope
