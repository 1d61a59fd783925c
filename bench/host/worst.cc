// SPDX-License-Identifier: MIT
#include "worst.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <istream>
#include <numeric>
#include <vector>

namespace bench {

namespace {

double rounded(double value) { return std::round(value * 100) / 100; }

}  // namespace

std::optional<Record> worst_row(std::istream& waits, const std::string& suite, const Origin& origin) {
  std::vector<unsigned long> samples;
  for (std::string line; std::getline(waits, line);) {
    unsigned window;
    unsigned long length;
    if (line.rfind("window ", 0) != 0) continue;
    if (std::sscanf(line.c_str(), "window %u: at worst %lu", &window, &length) != 2)
      throw BadRecords("the meter has written no figure: " + line);
    samples.push_back(length);
  }
  if (samples.empty()) return std::nullopt;
  std::sort(samples.begin(), samples.end());
  const std::size_t n = samples.size();
  const auto quantile = [&](std::size_t percent) { return samples[(n * percent + 99) / 100 - 1]; };
  const double mean =
      static_cast<double>(std::accumulate(samples.begin(), samples.end(), 0ul)) / static_cast<double>(n);
  double squares = 0;
  for (const unsigned long s : samples)
    squares += (static_cast<double>(s) - mean) * (static_cast<double>(s) - mean);
  Record record = {{"suite", "worst"},       {"row", "interrupts-off/" + suite},
                   {"unit", "instructions"}, {"n", n},
                   {"min", samples.front()}, {"q1", quantile(25)},
                   {"median", quantile(50)}, {"q3", quantile(75)},
                   {"p99", quantile(99)},    {"max", samples.back()},
                   {"mean", rounded(mean)},  {"stddev", rounded(std::sqrt(squares / static_cast<double>(n)))},
                   {"mode", "icount"},       {"target", longest_wait},
                   {"worst", true}};
  add_origin(record, origin);
  check(record);
  return record;
}

}  // namespace bench
