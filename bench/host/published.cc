// SPDX-License-Identifier: MIT
#include "published.h"

#include <algorithm>
#include <fstream>
#include <initializer_list>
#include <set>

#include "records.h"

namespace bench {

namespace {

using nlohmann::json;

bool has_texts(const json& object, std::initializer_list<const char*> keys) {
  return object.is_object() && std::all_of(keys.begin(), keys.end(), [&](const char* key) {
           return object.contains(key) && object[key].is_string() && !object[key].get<std::string>().empty();
         });
}

bool good_ours(const json& row) {
  return row.contains("ours") && (row["ours"].is_null() || has_texts(row["ours"], {"suite", "row"}));
}

bool good_source(const json& source) {
  return has_texts(source, {"author", "title", "venue"}) && source.contains("year") &&
         (source["year"].is_null() || source["year"].is_number_integer());
}

std::string fault_of_system(const json& system, const json& sources, const std::set<std::string>& rows) {
  if (!has_texts(system, {"name", "unit", "machine", "kind", "date", "source"}))
    return "needs name, unit, machine, kind, date and source: " + system.dump();
  const std::string name = system["name"], kind = system["kind"];
  if (kind != "published" && kind != "measured by us under the same emulator")
    return name + ": what is the kind '" + kind + "'?";
  if (!sources.contains(system["source"].get<std::string>()))
    return name + ": its source is not among the sources";
  if (!system.contains("figures") || !system["figures"].is_object() || system["figures"].empty())
    return name + " has no figures";
  for (const auto& [row, value] : system["figures"].items()) {
    if (!rows.contains(row)) return name + ": there is no row '" + row + "'";
    if (!value.is_number() || value.get<double>() <= 0) return name + ": its " + row + " is no figure";
  }
  return "";
}

}  // namespace

std::string fault_of_published(const json& published) {
  if (!published.is_object()) return "no object";
  for (const char* key : {"rows", "systems"}) {
    if (!published.contains(key) || !published[key].is_array()) return std::string("no array '") + key + "'";
  }
  if (!published.contains("sources") || !published["sources"].is_object()) return "no object 'sources'";
  std::set<std::string> rows;
  for (const json& row : published["rows"]) {
    if (!has_texts(row, {"id", "title"}) || !good_ours(row))
      return "a row needs id, title and ours: " + row.dump();
    if (!rows.insert(row["id"]).second) return "two rows '" + row["id"].get<std::string>() + "'";
  }
  for (const auto& [name, source] : published["sources"].items()) {
    if (!good_source(source)) return "the source '" + name + "' needs author, title, venue and year";
  }
  for (const json& system : published["systems"]) {
    const std::string fault = fault_of_system(system, published["sources"], rows);
    if (!fault.empty()) return fault;
  }
  return "";
}

json read_published(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw BadRecords("there are no published figures: " + file);
  json published = json::parse(in, nullptr, false);
  const std::string fault = published.is_discarded() ? "no JSON" : fault_of_published(published);
  if (!fault.empty()) throw BadRecords(file + ": " + fault);
  return published;
}

}  // namespace bench
