// SPDX-License-Identifier: MIT
#include "baseline.h"

#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>

namespace bench {

namespace {

namespace fs = std::filesystem;

constexpr double tolerance = 0.01;

std::string suite_of(const std::string& name) { return name.substr(0, name.find('/')); }

std::string shown(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value == std::floor(value) ? "%.0f" : "%.2f", value);
  return text;
}

bool is_worst(const Record& record) { return record.value("worst", false); }

double figure(const Record& record) { return record[is_worst(record) ? "max" : "median"].get<double>(); }

// A file is there whole or not at all.
void write_whole(const fs::path& file, const std::string& text) {
  const fs::path part = file.string() + ".part";
  std::ofstream out(part);
  out << text;
  out.close();
  std::error_code error;
  if (out) fs::rename(part, file, error);
  if (!out || error) {
    fs::remove(part, error);
    throw BadRecords("cannot be written: " + file.string());
  }
}

}  // namespace

Baseline read_baseline(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw BadRecords("no baseline " + file + "; `./mica bench --accept REASON` makes one");
  Baseline baseline = Baseline::parse(in, nullptr, false);
  const bool sound = baseline.is_object() && baseline.contains("rows") && baseline["rows"].is_object() &&
                     !baseline.value("reason", "").empty() && !baseline.value("date", "").empty();
  if (!sound) throw BadRecords("not a baseline, or a part of one: " + file);
  for (const auto& [name, value] : baseline["rows"].items())
    if (!value.is_number()) throw BadRecords("the baseline has no number for " + name);
  return baseline;
}

namespace {

// What is wrong with a row, a sentence each.
std::vector<std::string> failures_of(const Record& record, const Baseline& baseline) {
  const std::string name = name_of(record);
  if (record["mode"] != "icount") return {name + ": was not counted in instructions"};
  std::vector<std::string> failures;
  const double now = figure(record);
  if (record.contains("target") && now > record["target"].get<double>())
    failures.push_back(name + ": is " + shown(now) + " and must reach " + record["target"].dump());
  if (is_worst(record)) return failures;
  if (!baseline["rows"].contains(name)) {
    failures.push_back(name + ": is " + shown(now) + " and not in the baseline");
    return failures;
  }
  const double before = baseline["rows"][name].get<double>();
  if (now > before * (1 + tolerance))
    failures.push_back(name + ": has grown from " + shown(before) + " to " + shown(now));
  return failures;
}

bool has_shrunk(const Record& record, const Baseline& baseline) {
  const std::string name = name_of(record);
  return !is_worst(record) && baseline["rows"].contains(name) &&
         figure(record) < baseline["rows"][name].get<double>() * (1 - tolerance);
}

}  // namespace

Verdict compare(const Baseline& baseline, const std::vector<Record>& records) {
  Verdict verdict;
  std::set<std::string> suites, names;
  for (const Record& record : records) {
    suites.insert(suite_of(name_of(record)));
    names.insert(name_of(record));
    const std::vector<std::string> failures = failures_of(record, baseline);
    verdict.failures.insert(verdict.failures.end(), failures.begin(), failures.end());
    if (failures.empty()) ++verdict.passed;
    if (has_shrunk(record, baseline)) ++verdict.shrunk;
  }
  for (const auto& [name, value] : baseline["rows"].items())
    if (suites.contains(suite_of(name)) && !names.contains(name))
      verdict.failures.push_back(name + ": is in the baseline, and was not measured");
  return verdict;
}

Baseline accept(const Baseline& baseline, const std::vector<Record>& records, const std::string& date,
                const std::string& reason, const std::string& compiler) {
  Baseline next = {{"date", date}, {"reason", reason}, {"compiler", compiler}};
  std::set<std::string> suites;
  for (const Record& record : records) suites.insert(suite_of(name_of(record)));
  nlohmann::json rows = nlohmann::json::object();  // in the order of their names
  if (baseline.contains("rows"))
    for (const auto& [name, value] : baseline["rows"].items())
      if (!suites.contains(suite_of(name))) rows[name] = value;
  for (const Record& record : records)
    if (!is_worst(record)) rows[name_of(record)] = record["median"];
  next["rows"] = rows;
  return next;
}

std::string write_baseline(const Baseline& baseline, const std::string& file, const std::string& history) {
  if (baseline["reason"].get_ref<const std::string&>().empty())
    throw BadRecords("a new baseline needs a reason");
  fs::path next;
  for (unsigned number = 1; next.empty() || fs::exists(next); ++number) {
    char name[16];
    std::snprintf(name, sizeof name, "%04u.json", number);
    next = fs::path(history) / name;
  }
  const std::string text = baseline.dump(2) + "\n";
  write_whole(next, text);
  write_whole(file, text);
  return next.filename();
}

}  // namespace bench
