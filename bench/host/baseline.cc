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

Verdict compare(const Baseline& baseline, const std::vector<Record>& records) {
  Verdict verdict;
  std::set<std::string> suites, names;
  for (const Record& record : records) {
    const std::string name = name_of(record);
    suites.insert(suite_of(name));
    names.insert(name);
    if (record["mode"] != "icount") {
      verdict.failures.push_back(name + ": was not counted in instructions");
      continue;
    }
    const double now = record["median"].get<double>();
    if (!baseline["rows"].contains(name)) {
      verdict.failures.push_back(name + ": is " + shown(now) + " and not in the baseline");
      continue;
    }
    const double before = baseline["rows"][name].get<double>();
    ++verdict.compared;
    if (now > before * (1 + tolerance))
      verdict.failures.push_back(name + ": has grown from " + shown(before) + " to " + shown(now));
    if (now < before * (1 - tolerance)) ++verdict.shrunk;
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
  for (const Record& record : records) rows[name_of(record)] = record["median"];
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
