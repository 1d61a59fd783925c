// SPDX-License-Identifier: MIT
#include "records.h"

#include <fstream>
#include <istream>
#include <ostream>
#include <set>

namespace bench {

namespace {

constexpr const char* texts[] = {"suite", "row", "unit", "mode"};
// In the order in which they cannot become less.
constexpr const char* quantiles[] = {"min", "q1", "median", "q3", "p99", "max"};

[[noreturn]] void fail(const Record& record, const std::string& what) {
  throw BadRecords("the record of " + name_of(record) + " " + what);
}

double number(const Record& record, const char* field) {
  if (!record.contains(field) || !record[field].is_number())
    fail(record, "has no number '" + std::string(field) + "'");
  const double value = record[field].get<double>();
  if (value < 0) fail(record, "has a negative '" + std::string(field) + "'");
  return value;
}

Record parse(const std::string& line, unsigned number_of_line) {
  Record record = Record::parse(line, nullptr, false);
  if (!record.is_object())
    throw BadRecords("line " + std::to_string(number_of_line) +
                     " among the records is none; something else was printed, or a part is missing: " + line);
  check(record);
  return record;
}

// Remembers the names that have come.
class Names {
 public:
  void add(const Record& record) {
    if (!names_.insert(name_of(record)).second) fail(record, "is there twice");
  }

 private:
  std::set<std::string> names_;
};

}  // namespace

void add_origin(Record& record, const Origin& origin) {
  record["cpu"] = origin.cpu;
  record["smp"] = origin.smp;
  record["options"] = origin.options;
  record["commit"] = origin.commit;
}

std::string name_of(const Record& record) {
  return record.value("suite", "?") + "/" + record.value("row", "?");
}

void check(const Record& record) {
  for (const char* const field : texts)
    if (!record.contains(field) || !record[field].is_string() ||
        record[field].get_ref<const std::string&>().empty())
      throw BadRecords("a record has no text '" + std::string(field) + "': " + record.dump());
  if (number(record, "n") < 1) fail(record, "is of no measurement");
  double before = 0;
  for (const char* const field : quantiles) {
    const double value = number(record, field);
    if (value < before) fail(record, "has a '" + std::string(field) + "' below the quantile before it");
    before = value;
  }
  const double mean = number(record, "mean");
  // It is rounded, like they are.
  if (mean + 0.01 < number(record, "min") || mean - 0.01 > number(record, "max"))
    fail(record, "has a mean outside of its samples");
  (void)number(record, "stddev");
  for (const char* const field : {"first", "ns", "target", "best"})
    if (record.contains(field)) (void)number(record, field);
  if (record.contains("worst") && !record["worst"].is_boolean())
    fail(record, "has a 'worst' that is not true or false");
}

std::vector<Record> collect(std::istream& serial, std::ostream& text, const Origin& origin) {
  std::vector<Record> records;
  Names names;
  bool inside = false, found = false;
  unsigned number_of_line = 0;
  for (std::string line; std::getline(serial, line);) {
    ++number_of_line;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line == "MICA-BENCH-BEGIN") {
      if (inside) throw BadRecords("records begin among records: two programs print at the same time");
      inside = found = true;
    } else if (line == "MICA-BENCH-END") {
      if (!inside) throw BadRecords("records end that have not begun");
      inside = false;
    } else if (inside) {
      Record record = parse(line, number_of_line);
      names.add(record);
      add_origin(record, origin);
      records.push_back(std::move(record));
    } else {
      text << line << std::endl;
    }
  }
  if (inside) throw BadRecords("the records are cut off: the program ended while it printed them");
  if (!found) throw BadRecords("no records: the program ended before it had any; what it printed says why");
  return records;
}

std::vector<Record> read_records(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw BadRecords("the file of records cannot be read: " + file);
  std::vector<Record> records;
  Names names;
  unsigned number_of_line = 0;
  for (std::string line; std::getline(in, line);) {
    records.push_back(parse(line, ++number_of_line));
    names.add(records.back());
  }
  if (records.empty()) throw BadRecords("no record in " + file);
  return records;
}

}  // namespace bench
