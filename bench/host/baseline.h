// SPDX-License-Identifier: MIT
// The baseline: what every row cost when it was last looked at. Rows that count
// instructions, or bytes, are the same in each run; one that has grown by more than a
// hundredth fails the tests until somebody says why, which makes the next file of the
// history and the new baseline.
#pragma once

#include <string>
#include <vector>

#include "records.h"

namespace bench {

// {"date": ..., "reason": ..., "compiler": ..., "rows": {"suite/row": median}}
using Baseline = nlohmann::ordered_json;

// Throws BadRecords if there is none, or it is none.
Baseline read_baseline(const std::string& file);

struct Verdict {
  std::vector<std::string> failures;  // a sentence each
  unsigned passed = 0;                // rows with nothing wrong
  unsigned shrunk = 0;                // by more than a hundredth
};

// Rows of suites that are not among the records are not looked at. A failure is a row that has
// grown, one that the baseline does not have, one that is gone, one that misses what it must
// reach, and records that were not counted under the deterministic clock. Rows that are about
// their greatest sample ("worst") are not in the baseline: what is sampled changes with
// whatever runs beside.
Verdict compare(const Baseline& baseline, const std::vector<Record>& records);

// The baseline with the records' rows in place of those of their suites.
Baseline accept(const Baseline& baseline, const std::vector<Record>& records, const std::string& date,
                const std::string& reason, const std::string& compiler);

// Writes it as the next file of the history, 0001.json and so on, and then as the baseline.
// Returns the former's name. Throws BadRecords if one cannot be written.
std::string write_baseline(const Baseline& baseline, const std::string& file, const std::string& history);

}  // namespace bench
