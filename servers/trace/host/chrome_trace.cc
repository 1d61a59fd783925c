// SPDX-License-Identifier: MIT
#include "chrome_trace.h"

#include <mica/trace.h>

#include <cstdint>
#include <istream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace trace_export {

namespace {

using mica::trace::Event;
using mica::trace::Protocol;
using mica::trace::State;
using nlohmann::json;
using Word = std::uint64_t;

constexpr Word anybody = ~Word{0}, threads_per_task = 64;

struct Line {
  std::uint32_t number;
  Event event;
  State state;
  Protocol protocol;
  Word time, thread, partner, awaited, tag, first, second;
};

struct Dump {
  Word khz = 0, lost = 0;
  bool ended = false;
  std::map<Word, std::string> tasks;
  std::vector<Line> lines;
};

Word number(std::istringstream& words) {
  std::string word;
  if (!(words >> word)) throw BadDump("a line is cut off");
  try {
    return std::stoull(word, nullptr, 16);
  } catch (const std::logic_error&) {
    throw BadDump("no number: " + word);
  }
}

Line line_of(std::istringstream& words) {
  const Word head = number(words);
  Line l{};
  l.number = static_cast<std::uint32_t>(head);
  l.event = static_cast<Event>(head >> 32 & 0xff);
  l.state = static_cast<State>(head >> 40 & 0xff);
  l.protocol = static_cast<Protocol>(head >> 48 & 0xff);
  for (Word* word : {&l.time, &l.thread, &l.partner, &l.awaited, &l.tag, &l.first, &l.second}) *word = number(words);
  return l;
}

Dump read(std::istream& text) {
  Dump dump;
  for (std::string line; std::getline(text, line);) {
    const std::size_t at = line.find('@');
    if (at == std::string::npos) continue;
    std::istringstream words(line.substr(at));
    std::string kind;
    words >> kind;
    if (kind == "@clock") {
      dump = {};
      dump.khz = number(words);
    } else if (kind == "@task") {
      const Word index = number(words);
      words >> dump.tasks[index];
    } else if (kind == "@lost") {
      dump.lost = number(words);
    } else if (kind == "@end") {
      dump.ended = true;
    } else if (kind == "@") {
      dump.lines.push_back(line_of(words));
    }
  }
  if (dump.khz == 0) throw BadDump("there is no dump of a trace");
  if (!dump.ended) throw BadDump("the dump has no end");
  return dump;
}

const char* call_name(Word stub) {
  static constexpr const char* names[] = {"Ipc", "ExchangeRegisters", "ThreadControl", "SystemClock", "ThreadSwitch",
                                          "Schedule", "Unmap", "SpaceControl", "ProcessorControl", "MemoryControl"};
  const Word n = stub / mica::trace::stub_spacing;
  return n < std::size(names) ? names[n] : "foreign system call";
}

std::string hex(Word word) {
  std::ostringstream out;
  out << "0x" << std::hex << word;
  return out.str();
}

class Export {
 public:
  explicit Export(const Dump& dump) : dump_(dump) {}

  json run() {
    for (const Line& l : dump_.lines) {
      if (last_ != 0 && l.number != last_ + 1) gap();
      last_ = l.number;
      line(l);
    }
    if (!dump_.lines.empty())
      for (auto& [thread, track] : tracks_) close(thread, track, us(dump_.lines.back().time));
    name_tracks();
    return {{"traceEvents", events_},
            {"displayTimeUnit", "ns"},
            {"otherData", {{"records", dump_.lines.size()}, {"lost", dump_.lost}}}};
  }

 private:
  struct Track {
    std::string what;  // the slice that is open; empty: none is
    double since = 0;
  };

  double us(Word time) const {
    return static_cast<double>(time - dump_.lines.front().time) * 1000 / static_cast<double>(dump_.khz);
  }
  static Word thread_number(Word thread) { return thread >> 32; }
  bool is_interrupt(Word thread) const { return thread_number(thread) < 48 && (thread & 0xffff'ffff) == 1; }

  std::string name(Word thread) const {
    if (thread == anybody) return "anybody";
    if (thread == mica::trace::idle_thread) return "idle";
    const Word n = thread_number(thread);
    if (is_interrupt(thread)) return "interrupt " + std::to_string(n);
    const auto task = dump_.tasks.find(n / threads_per_task);
    if (task == dump_.tasks.end() || n < threads_per_task)
      return n == 48 ? "sigma0" : n == 50 ? "root" : "thread " + std::to_string(n);
    return n % threads_per_task == 0 ? task->second : task->second + "." + std::to_string(n % threads_per_task);
  }

  json event(const char* phase, const std::string& what, Word thread, double at) const {
    return {{"ph", phase}, {"name", what}, {"pid", 0}, {"tid", thread_number(thread)}, {"ts", at}, {"cat", "mica"}};
  }

  void close(Word thread, Track& track, double at) {
    if (track.what.empty()) return;
    json slice = event("X", track.what, thread, track.since);
    slice["dur"] = at - track.since;
    events_.push_back(std::move(slice));
    track.what.clear();
  }
  void begin(Word thread, std::string what, double at) {
    Track& track = tracks_[thread];
    close(thread, track, at);
    track = {std::move(what), at};
  }
  // What an arrow ends at has to be a slice.
  void see(Word thread, double at) {
    Track& track = tracks_[thread];
    if (track.what.empty()) track = {is_interrupt(thread) ? "interrupt" : "waits", at};
  }

  void gap() {
    tracks_.clear();
  }

  std::string state_of(const Line& l) const {
    if (l.state == State::sending) return "waits to send";
    if (l.state == State::receiving) return l.protocol == Protocol::user ? "receives" : "waits for an answer";
    if (l.awaited != 0) return "waits for " + name(l.awaited);
    if (l.state == State::ready) return "ready";
    return "stopped";
  }

  void mark(const Line& l, const std::string& what, json arguments) {
    json mark = event("i", what, l.thread, us(l.time));
    mark["s"] = "t";
    mark["args"] = std::move(arguments);
    events_.push_back(std::move(mark));
  }

  void line(const Line& l) {
    const double at = us(l.time);
    switch (l.event) {
      case Event::run:
        if (l.thread != mica::trace::idle_thread) begin(l.thread, state_of(l), at);
        if (l.partner != mica::trace::idle_thread) begin(l.partner, "runs", at);
        return;
      case Event::message:
        about(l);
        arrow(l, at);
        return;
      case Event::queued:
        about(l);
        see(l.thread, at);
        return;
      case Event::failed:
        mark(l, "Ipc failed", {{"error", l.partner}});
        return;
      case Event::call:
        mark(l, call_name(l.partner), {{"rdi", hex(l.tag)}, {"rsi", hex(l.first)}, {"r8", hex(l.second)}});
        return;
    }
  }

  // What the kernel says in the thread's name.
  void about(const Line& l) {
    // Once: a message that waited is there a second time when it is taken.
    if (l.event == Event::message && waits_.erase(l.thread) != 0) return;
    if (l.event == Event::queued) waits_[l.thread] = true;
    switch (l.protocol) {
      case Protocol::page_fault:
      case Protocol::transfer_fault:
        return mark(l, "page fault", {{"address", hex(l.first)}, {"instruction", hex(l.second)}});
      case Protocol::io_fault:
        return mark(l, "I/O fault", {{"port", hex(l.first >> 16)}});
      case Protocol::exception:
        return mark(l, "exception " + std::to_string(l.second), json::object());
      case Protocol::interrupt:
        return mark(l, "interrupt", {{"handler", name(l.partner)}});
      default:
        return;
    }
  }

  void arrow(const Line& l, double at) {
    see(l.thread, at);
    see(l.partner, at);
    const Word id = ++arrows_;
    json start = event("s", "message", l.thread, at), end = event("f", "message", l.partner, at);
    start["id"] = end["id"] = id;
    end["bp"] = "e";
    start["args"] = {{"label", static_cast<std::int64_t>(l.tag) >> 16}, {"to", name(l.partner)}};
    events_.push_back(std::move(start));
    events_.push_back(std::move(end));
  }

  void name_tracks() {
    json names = json::array();
    names.push_back({{"ph", "M"}, {"name", "process_name"}, {"pid", 0}, {"args", {{"name", "Mica"}}}});
    std::map<Word, std::string> tracks;
    for (const json& each : events_) {
      const Word n = each["tid"];
      tracks[n] = {};
    }
    for (const Line& l : dump_.lines)
      for (const Word thread : {l.thread, l.event == Event::failed || l.event == Event::call ? l.thread : l.partner})
        if (tracks.count(thread_number(thread)) != 0) tracks[thread_number(thread)] = name(thread);
    for (const auto& [n, text] : tracks)
      names.push_back({{"ph", "M"}, {"name", "thread_name"}, {"pid", 0}, {"tid", n}, {"args", {{"name", text}}}});
    for (json& each : events_) names.push_back(std::move(each));
    events_ = std::move(names);
  }

  const Dump& dump_;
  json events_ = json::array();
  std::map<Word, Track> tracks_;
  std::map<Word, bool> waits_;
  std::uint32_t last_ = 0;
  Word arrows_ = 0;
};

}  // namespace

json chrome_trace(std::istream& text) {
  const Dump dump = read(text);
  return Export(dump).run();
}

}  // namespace trace_export
