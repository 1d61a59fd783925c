// SPDX-License-Identifier: MIT
#include "comparison.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <vector>

#include "published.h"

namespace bench {

namespace {

using nlohmann::json;

// The row by which a system's other figures are divided.
constexpr const char* null_call = "null-call";
constexpr const char* our_name = "Mica";

// Ours are the median of the record that a row of `published` names; null if there is none.
json our_figure(const std::vector<Record>& records, const json& ours) {
  if (ours.is_null()) return nullptr;
  const std::string name = ours.at("suite").get<std::string>() + "/" + ours.at("row").get<std::string>();
  const auto found =
      std::find_if(records.begin(), records.end(), [&](const Record& r) { return name_of(r) == name; });
  if (found == records.end()) return nullptr;
  return {{"system", our_name},
          {"value", found->at("median").get<double>()},
          {"unit", found->at("unit").get<std::string>()}};
}

void divide_by(json& figure, const char* name, const json& divisor) {
  if (divisor.is_number() && divisor.get<double>() > 0) {
    figure[name] = figure.at("value").get<double>() / divisor.get<double>();
  }
}

json our_null_call(const std::vector<Record>& records, const json& rows) {
  const auto row =
      std::find_if(rows.begin(), rows.end(), [](const json& r) { return r.at("id") == null_call; });
  return row == rows.end() ? json(nullptr) : our_figure(records, row->at("ours"));
}

json their_figure(const json& system, const std::string& row, const json& sources) {
  json figure = {{"system", system.at("name")},
                 {"value", system.at("figures").at(row)},
                 {"source", sources.at(system.at("source").get<std::string>())}};
  for (const char* key : {"unit", "machine", "kind", "date"}) figure[key] = system.at(key);
  return figure;
}

// --- The table ---------------------------------------------------------------------------

[[gnu::format(printf, 1, 2)]] std::string format(const char* form, ...) {
  char text[256];
  std::va_list arguments;
  va_start(arguments, form);
  std::vsnprintf(text, sizeof text, form, arguments);
  va_end(arguments);
  return text;
}

// 107, 0.13, 97.47; a dash for what is missing.
std::string number(const json& object, const char* key, const char* form) {
  return object.is_object() && object.contains(key) ? format(form, object[key].get<double>()) : "-";
}

std::string line(const json& figure, const std::string& name, const std::string& from) {
  return format("  %-50s %9s %-12s %8s %10s", name.c_str(), number(figure, "value", "%.6g").c_str(),
                figure.is_object() ? figure["unit"].get<std::string>().c_str() : "",
                number(figure, "of_ours", "%.2f").c_str(), number(figure, "null_calls", "%.2f").c_str()) +
         (from.empty() ? "\n" : "  " + from + "\n");
}

// Numbers the sources in the order in which they are first named.
class Sources {
 public:
  std::string number_of(const json& figure) {
    const json& source = figure.at("source");
    const std::string year = source["year"].is_null() ? "undated" : std::to_string(source["year"].get<int>());
    const std::string text = source["author"].get<std::string>() + ": " + source["title"].get<std::string>() +
                             ". " + source["venue"].get<std::string>() + ", " + year;
    const auto found = std::find(texts_.begin(), texts_.end(), text);
    const auto index = found - texts_.begin();
    if (found == texts_.end()) texts_.push_back(text);
    return format("[%td]", index + 1);
  }
  std::string list() const {
    std::string result;
    for (std::size_t i = 0; i < texts_.size(); ++i) result += format("  [%zu] ", i + 1) + texts_[i] + "\n";
    return result;
  }

 private:
  std::vector<std::string> texts_;
};

std::string origin(const json& figure, Sources& sources) {
  const bool published = figure.at("kind") == "published";
  return (published ? figure["date"].get<std::string>() + ", " : "measured by us, ") +
         figure["machine"].get<std::string>() + " " + sources.number_of(figure);
}

}  // namespace

json compare_with(const json& published, const std::vector<Record>& records) {
  const std::string fault = fault_of_published(published);
  if (!fault.empty()) throw BadRecords("published figures: " + fault);
  const json ours_null = our_null_call(records, published["rows"]);
  json result = json::array();
  for (const json& row : published["rows"]) {
    const std::string id = row["id"];
    json ours = our_figure(records, row["ours"]);
    json others = json::array();
    for (const json& system : published["systems"]) {
      const json& figures = system["figures"];
      if (!figures.contains(id)) continue;
      json figure = their_figure(system, id, published["sources"]);
      if (ours.is_object() && ours["unit"] == figure["unit"]) divide_by(figure, "of_ours", ours["value"]);
      if (figures.contains(null_call)) divide_by(figure, "null_calls", figures[null_call]);
      others.push_back(std::move(figure));
    }
    if (others.empty()) continue;
    if (ours.is_object() && ours_null.is_object() && ours["unit"] == ours_null["unit"])
      divide_by(ours, "null_calls", ours_null["value"]);
    result.push_back(
        {{"id", id}, {"title", row["title"]}, {"ours", std::move(ours)}, {"others", std::move(others)}});
  }
  return result;
}

std::string comparison(const json& published, const std::vector<Record>& records) {
  Sources sources;
  std::string result =
      format("%-52s %9s %-12s %8s %10s\n", "beside other systems", "figure", "", "x ours", "null calls");
  for (const json& row : compare_with(published, records)) {
    result += format("\n%s\n", row["title"].get<std::string>().c_str()) + line(row["ours"], our_name, "");
    for (const json& other : row["others"]) result += line(other, other["system"], origin(other, sources));
  }
  result +=
      "\nx ours: divided by our figure, if the unit is the same.\n"
      "null calls: divided by the system's own null system call, for machines that differ.\n";
  return result + sources.list();
}

}  // namespace bench
