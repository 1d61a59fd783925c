// SPDX-License-Identifier: MIT
// The shape of bench/published.json:
//   rows     which figures are compared, and which row of ours each is: id, title, ours
//   sources  where figures come from, by name: author, title, venue, year (null: undated)
//   systems  name, unit, machine, kind, date, source, and figures by the id of their row
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace bench {

// What is wrong with `published`, for people; empty if nothing is.
std::string fault_of_published(const nlohmann::json& published);

// The file, checked. Throws BadRecords with what is wrong with it.
nlohmann::json read_published(const std::string& file);

}  // namespace bench
