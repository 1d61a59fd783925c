// SPDX-License-Identifier: MIT
// Records as programs print them.
#pragma once

#include <string>

#include "records.h"

namespace bench {

inline Record sample(const std::string& suite, const std::string& row, double value) {
  Record record = {{"suite", suite}, {"row", row}, {"unit", "instructions"}, {"n", 960}};
  for (const char* const field : {"min", "q1", "median", "q3", "p99", "max", "mean"}) record[field] = value;
  record["stddev"] = 0;
  record["first"] = value + 100;
  record["mode"] = "icount";
  return record;
}

}  // namespace bench
