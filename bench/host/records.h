// SPDX-License-Identifier: MIT
// The records of benchmark programs, out of what these print on serial.
#pragma once

#include <iosfwd>
#include <stdexcept>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace bench {

// One row; the order of the fields is kept. docs/benchmarks.md says what they are.
using Record = nlohmann::ordered_json;

// What is wrong, and what to do about it.
struct BadRecords : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What a program cannot know of the machine that it runs on.
struct Origin {
  std::string cpu, options, commit;
  unsigned smp = 1;
};

void add_origin(Record& record, const Origin& origin);

// "suite/row", which is one of a kind in a run.
std::string name_of(const Record& record);

// Throws BadRecords unless the record has all fields, each of its type and in a sound
// relation to the others.
void check(const Record& record);

// Reads a program's output to its end: text for people goes to `text` line by line as it
// comes, the records come back with the origin added. Throws BadRecords if a block is not
// closed, a line in it is no record, a row is there twice, or no block has come.
std::vector<Record> collect(std::istream& serial, std::ostream& text, const Origin& origin);

// The records of a file with one a line. Throws BadRecords.
std::vector<Record> read_records(const std::string& file);

}  // namespace bench
