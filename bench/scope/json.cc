// SPDX-License-Identifier: MIT
#include "json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "listing.h"
#include "numbers.h"

namespace scope {

namespace {

using Json = nlohmann::ordered_json;

Json to_json(const BySide& n) {
  return {{"total", n.total()}, {"user", n.of[user]}, {"stub", n.of[stub]}, {"kernel", n.of[kernel]}};
}

Json to_json(const Distinct& n) {
  return {{"total", n.total()}, {"user", n.of(user)}, {"stub", n.of(stub)}, {"kernel", n.of(kernel)}};
}

Json places(const Figures& f, bool lines) {
  const auto kind = [&](const Places& p) {
    return Json{{"virtual", to_json(lines ? p.virtual_lines : p.virtual_pages)},
                {"physical", to_json(lines ? p.physical_lines : p.physical_pages)}};
  };
  return {{"code", kind(f.code)}, {"data", kind(f.data)}};
}

Json to_json(const Counts& counts) {
  Json all = Json::object();
  for (unsigned level = 0; level < levels; ++level) {
    const LevelCounts& n = counts[level];
    all[level_names[level]] = {{"accesses", n.accesses},
                               {"misses", n.misses()},
                               {"compulsory", n.of(Miss::compulsory)},
                               {"flushed", n.of(Miss::flushed)},
                               {"capacity", n.of(Miss::capacity)},
                               {"conflict", n.of(Miss::conflict)}};
  }
  return all;
}

Json to_json(const Range& range) { return {{"low", std::floor(range.low)}, {"high", std::ceil(range.high)}}; }

Json symbols(const Figures& figures) {
  Json all = Json::array();
  for (const SymbolCount& s : figures.symbols) {
    all.push_back({{"symbol", s.name}, {"side", side_names[s.side]}, {"instructions", s.instructions}});
  }
  return all;
}

Json model(const MachineOptions& machine) {
  Json all = Json::object();
  for (unsigned level = 0; level < levels; ++level)
    all[level_names[level]] = describe(machine.geometry[level]);
  all["global"] = machine.global_kernel ? "kernel" : "none";
  return all;
}

Json figures_of(const Report& report, const Analysis& window) {
  const Figures& f = window.figures;
  Json out;
  if (!report.suite.empty()) out["suite"] = report.suite;
  out["window"] = window.id;
  if (const auto row = report.rows.find(window.id); row != report.rows.end()) out["row"] = row->second;
  out["title"] = window.title;
  out["times"] = window.times;
  out["in_loop"] = window.in_loop;
  if (window.cut) out["cut"] = true;
  const Spread spread = spread_of(window.counts);
  out["iterations"] = {
      {"n", window.counts.size()}, {"min", spread.min}, {"median", spread.median}, {"max", spread.max}};
  out["instructions"] = to_json(f.instructions);
  out["lines"] = places(f, true);
  out["pages"] = places(f, false);
  out["loads"] = to_json(f.loads);
  out["stores"] = to_json(f.stores);
  out["load_bytes"] = to_json(f.load_bytes);
  out["store_bytes"] = to_json(f.store_bytes);
  out["device_accesses"] = to_json(f.device_accesses);
  out["costly"] = Json::object();
  for (const auto& [kind, n] : f.costly) out["costly"][name_of(kind)] = to_json(n);
  out["symbols"] = symbols(f);
  out["model"] = model(report.machine);
  out["misses"] = {{"cold", to_json(window.misses.cold.counts)},
                   {"warm", to_json(window.misses.warm.counts)}};
  out["cycles"] = {{"cold", to_json(window.cold)}, {"warm", to_json(window.warm)}};
  return out;
}

Json accesses(const Step& step) {
  Json all = Json::array();
  for (const Access& access : step.accesses) {
    const Event& event = *access.event;
    Json one = {{"what", event.what == Event::load ? "load" : "store"},
                {"address", hex(event.address)},
                {"bytes", event.bytes},
                {"first", access.first}};
    if (event.device) one["device"] = true;
    else if (event.physical != no_address) one["physical"] = hex(event.physical);
    all.push_back(std::move(one));
  }
  return all;
}

Json step_to_json(const Report& report, const Step& step) {
  const Instruction& in = *step.instruction;
  Json out = {{"side", side_names[in.side]},
              {"address", hex(in.address)},
              {"bytes", in.size},
              {"text", in.text},
              {"place", place_of(in, report.symbols)}};
  if (in.physical != no_address) out["physical"] = hex(in.physical);
  const auto line = report.lines.find(in.address);
  if (line != report.lines.end()) out["line"] = line->second;
  if (in.kind != Kind::plain) out["costly"] = name_of(in.kind);
  if (step.first_line) out["first"] = true;
  if (!step.accesses.empty()) out["accesses"] = accesses(step);
  return out;
}

void add_misses(Json& steps, const Pass& pass, const char* name) {
  for (const LevelMiss& miss : pass.misses) {
    steps[miss.step][name].push_back(std::string(level_names[miss.level]) + " " +
                                     miss_names[static_cast<unsigned>(miss.miss)]);
  }
}

// What is no UTF-8, in a name for example, is replaced.
std::string text_of(const Json& json) { return json.dump(-1, ' ', true, Json::error_handler_t::replace); }

}  // namespace

std::string json_lines(const Report& report) {
  std::string out;
  for (const Analysis& window : report.windows) out += text_of(figures_of(report, window)) + "\n";
  return out;
}

std::string page_data(const Report& report, std::size_t most) {
  Json windows = Json::array();
  for (const Analysis& window : report.windows) {
    Json one = figures_of(report, window);
    Json steps = Json::array();
    if (window.figures.instructions.total() <= most) {
      for (const Step& step : steps_of(report, window)) steps.push_back(step_to_json(report, step));
      add_misses(steps, window.misses.cold, "cold");
      add_misses(steps, window.misses.warm, "warm");
    }
    one["steps"] = std::move(steps);
    windows.push_back(std::move(one));
  }
  Json costs = Json::array();
  for (const Cost& cost : cost_table()) {
    costs.push_back(
        {{"what", cost.what}, {"low", cost.cycles.low}, {"high", cost.cycles.high}, {"source", cost.source}});
  }
  return text_of({{"suite", report.suite}, {"windows", std::move(windows)}, {"costs", std::move(costs)}});
}

}  // namespace scope
