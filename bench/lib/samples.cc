// SPDX-License-Identifier: MIT
#include "samples.h"

#include <runtime/program.h>

#include <bit>

namespace bench {

namespace {

using l4::Word;

Word square_root(Word value) {
  Word root = 0;
  for (Word bit = Word{1} << 31; bit != 0; bit >>= 1)
    if ((root | bit) * (root | bit) <= value) root |= bit;
  return root;
}

// Their square root of the mean squared distance. Distances of more than 24 bits are
// shortened for it: 2^16 of their squares fit into a word.
Word deviation(const Word* sorted, unsigned count, Word mean, Word unit) {
  const auto distance = [=](unsigned i) {
    const Word value = sorted[i] * unit;
    return value > mean ? value - mean : mean - value;
  };
  const auto length = std::bit_width(distance(0) | distance(count - 1));
  const unsigned shift = length > 24 ? static_cast<unsigned>(length) - 24 : 0;
  Word sum = 0;
  for (unsigned i = 0; i < count; ++i) sum += (distance(i) >> shift) * (distance(i) >> shift);
  return square_root(sum / count) << shift;
}

}  // namespace

Summary summarize(const Word* sorted, unsigned count, Word rounds, Word unit) {
  if (count == 0 || count > 1 << 16) runtime::panic("a figure of no samples, or of too many");
  const auto quantile = [=](unsigned percent) { return sorted[(count * percent + 99) / 100 - 1] * unit; };
  Word sum = 0;
  for (unsigned i = 0; i < count; ++i) sum += sorted[i] * unit;
  Summary s = {.min = sorted[0] * unit,
               .q1 = quantile(25),
               .median = quantile(50),
               .q3 = quantile(75),
               .p99 = quantile(99),
               .max = sorted[count - 1] * unit,
               .mean = (sum + count / 2) / count,
               .rounds = rounds};
  s.stddev = deviation(sorted, count, s.mean, unit);
  return s;
}

void Samples::add(Word ticks, Word rounds) {
  if (count_ == capacity) runtime::panic("too many samples");
  const Word value = (ticks * 100 + rounds / 2) / rounds;
  unsigned i = count_++;
  for (; i > 0 && sorted_[i - 1] > value; --i) sorted_[i] = sorted_[i - 1];
  sorted_[i] = value;
  rounds_ += rounds;
}

Summary Samples::summary() const {
  Summary s = summarize(sorted_, count_, rounds_);
  s.first = first_;
  s.has_first = has_first_;
  return s;
}

}  // namespace bench
