// SPDX-License-Identifier: MIT
#include "manifest.h"

#include <optional>

namespace root {

namespace {

constexpr Word page = 0x1000;

class Parser {
 public:
  Parser(std::string_view text, Manifest& manifest, Complaints& complaints)
      : rest_(text), manifest_(manifest), complaints_(complaints) {}

  void run() {
    while (!rest_.empty()) read_line();
    for (TaskSpec& task : manifest_.tasks) check(task);
  }

 private:
  using View = std::string_view;

  static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

  void complain(unsigned line, View a, View b = {}, View c = {}) {
    Complaint complaint{line, {}};
    std::size_t n = 0;
    for (const View part : {a, b, c}) {
      for (const char ch : part) {
        if (n + 1 < sizeof(complaint.text)) complaint.text[n++] = ch;
      }
    }
    complaints_.push(complaint);
  }
  void complain(View a, View b = {}, View c = {}) { complain(line_number_, a, b, c); }

  void read_line() {
    ++line_number_;
    std::size_t end = rest_.find('\n');
    if (end == View::npos) end = rest_.size();
    line_ = rest_.substr(0, end);
    rest_.remove_prefix(end < rest_.size() ? end + 1 : end);
    if (const std::size_t comment = line_.find('#'); comment != View::npos) line_ = line_.substr(0, comment);
    const View key = word();
    if (key.empty()) return;
    if (key == "system") {
      manifest_.system = rest_of_line();
    } else if (key == "task") {
      begin_task();
    } else if (task_ == nullptr) {
      complain("'", key, "' stands before the first task");
      return;
    } else {
      property(key);
    }
    if (const View more = word(); !more.empty()) complain("'", more, "' is one word too many");
  }

  View word() {
    while (!line_.empty() && is_blank(line_.front())) line_.remove_prefix(1);
    std::size_t n = 0;
    while (n < line_.size() && !is_blank(line_[n])) ++n;
    const View result = line_.substr(0, n);
    line_.remove_prefix(n);
    return result;
  }

  View rest_of_line() {
    while (!line_.empty() && is_blank(line_.front())) line_.remove_prefix(1);
    while (!line_.empty() && is_blank(line_.back())) line_.remove_suffix(1);
    const View result = line_;
    line_ = {};
    return result;
  }

  void begin_task() {
    TaskSpec task;
    task.line = line_number_;
    task.name = word();
    if (!is_name(task.name)) complain("a task needs a name of up to 31 letters, digits, '-', '_', '.'");
    for (const TaskSpec& other : manifest_.tasks) {
      if (other.name == task.name) complain("there is a task '", task.name, "' already");
    }
    if (!manifest_.tasks.push(task)) return complain("there are too many tasks");
    task_ = &manifest_.tasks[manifest_.tasks.size() - 1];
  }

  static bool is_name(View name) {
    if (name.empty() || name.size() > 31) return false;
    for (const char c : name) {
      const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      if (!letter && c != '-' && c != '_' && c != '.') return false;
    }
    return true;
  }

  void property(View key) {
    TaskSpec& task = *task_;
    if (key == "program") task.program = word();
    else if (key == "arguments") task.arguments = rest_of_line();
    else if (key == "priority") set(task.priority, key, 1, 254);
    else if (key == "memory") task.memory = bytes(key);
    else if (key == "dma") task.dma = bytes(key);
    else if (key == "threads") set(task.threads, key, 1, 64);
    else if (key == "tasks") set(task.tasks, key, 0, 64);
    else if (key == "ports") read_ports();
    else if (key == "device") read_device();
    else if (key == "interrupt") read_interrupt();
    else if (key == "provides") read_names(task.provides, key);
    else if (key == "uses") read_names(task.uses, key);
    else if (key == "restart") read_restart();
    else if (key == "heartbeat") task.heartbeat = time(key);
    else if (key == "essential") task.essential = true;
    else if (key == "holds" && word() == "memory") task.holds_memory = true;
    else if (key == "privilege" && word() == "control") task.privileged = true;
    else {
      complain("unknown property '", key, "'");
      line_ = {};
    }
  }

  static std::optional<Word> number(View text) {
    unsigned base = 10;
    if (text.starts_with("0x")) {
      base = 16;
      text.remove_prefix(2);
    }
    if (text.empty()) return std::nullopt;
    Word value = 0;
    for (const char c : text) {
      const unsigned digit = c >= '0' && c <= '9'   ? static_cast<unsigned>(c - '0')
                             : c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a' + 10)
                                                    : 99;
      if (digit >= base || value > ~Word{0} / base - base) return std::nullopt;
      value = value * base + digit;
    }
    return value;
  }

  void set(Word& value, View key, Word least, Word most) {
    const View text = word();
    const auto n = number(text);
    if (!n || *n < least || *n > most) return complain(key, ": out of range: ", text);
    value = *n;
  }

  std::optional<Word> size_of(View text) {
    unsigned shift = 0;
    if (text.ends_with('K')) shift = 10;
    else if (text.ends_with('M')) shift = 20;
    else if (text.ends_with('G')) shift = 30;
    if (shift != 0) text.remove_suffix(1);
    const auto n = number(text);
    if (!n || *n > (Word{1} << 40 >> shift)) return std::nullopt;
    return *n << shift;
  }

  Word bytes(View key) {
    const View text = word();
    const auto size = size_of(text);
    if (size && *size != 0 && *size % page == 0) return *size;
    complain(key, ": no size in pages of 4K: ", text);
    return page;
  }

  Word time(View key) {
    View text = word();
    Word unit = 0;
    if (text.ends_with("ms")) unit = 1000, text.remove_suffix(2);
    else if (text.ends_with('s')) unit = 1000000, text.remove_suffix(1);
    const auto n = number(text);
    if (unit != 0 && n && *n != 0 && *n <= 1000000) return *n * unit;
    complain(key, ": no time (10s, 500ms): ", text);
    return 1000000;
  }

  void read_ports() {
    const auto first = number(word()), count = number(word());
    if (!first || !count || *count == 0 || *first + *count > 0x10000) return complain("ports: needs first port and number");
    if (!task_->ports.push({*first, *count})) complain("ports: too many");
  }

  void read_device() {
    const auto first = number(word()), size = size_of(word());
    if (!first || !size || *size == 0 || *first % page != 0 || *size % page != 0 || *first > Word{1} << 46) {
      return complain("device: needs a physical address and a size, in pages");
    }
    if (!task_->devices.push({*first, *size})) complain("device: too many");
  }

  void read_interrupt() {
    const View text = word();
    if (text == "message") return set(task_->message_interrupts, "interrupt", 1, 24);
    const auto line = number(text);
    if (!line || *line > 255) return complain("interrupt: no line: ", text);
    if (!task_->interrupts.push(*line)) complain("interrupt: too many");
  }

  template <std::size_t N>
  void read_names(mica::FixedVector<View, N>& names, View key) {
    for (View name = word(); !name.empty(); name = word()) {
      if (!is_name(name)) complain(key, ": no name: ", name);
      else if (!names.push(name)) complain(key, ": too many names");
    }
    if (names.empty()) complain(key, ": needs a name");
  }

  void read_restart() {
    const View text = word();
    RestartPolicy& policy = task_->restart;
    policy = {};
    if (text == "never") return;
    if (text != "always") return complain("restart: 'never' or 'always', not '", text, "'");
    policy.always = true;
    const View at = word();
    if (at.empty()) return;
    if (at != "at" || word() != "most") return complain("restart: always [at most N in TIME]");
    set(policy.limit, "restart", 1, 8);
    if (word() != "in") return complain("restart: always [at most N in TIME]");
    policy.window = time("restart");
  }

  static bool overlap(const Region& a, const Region& b) {
    return a.first < b.first + b.size && b.first < a.first + a.size;
  }

  void check(const TaskSpec& task) {
    if (task.program.empty()) complain(task.line, "task '", task.name, "' has no program");
    if (task.memory == 0) complain(task.line, "task '", task.name, "' has no memory");
    for (const View name : task.uses) {
      if (!is_provided(name)) complain(task.line, "nobody provides '", name, "'");
    }
    for (const TaskSpec& other : manifest_.tasks) {
      if (&other >= &task) break;
      for (const View name : task.provides) {
        for (const View same : other.provides) {
          if (name == same) complain(task.line, "two tasks provide '", name, "'");
        }
      }
      for (const Region& a : task.ports) {
        for (const Region& b : other.ports) {
          if (overlap(a, b)) complain(task.line, "the ports are also those of '", other.name, "'");
        }
      }
      for (const Region& a : task.devices) {
        for (const Region& b : other.devices) {
          if (overlap(a, b)) complain(task.line, "the device is also that of '", other.name, "'");
        }
      }
      for (const Word a : task.interrupts) {
        for (const Word b : other.interrupts) {
          if (a == b) complain(task.line, "the interrupt is also that of '", other.name, "'");
        }
      }
    }
  }

  bool is_provided(View name) const {
    for (const TaskSpec& task : manifest_.tasks) {
      for (const View provided : task.provides) {
        if (provided == name) return true;
      }
    }
    return false;
  }

  View rest_, line_;
  unsigned line_number_ = 0;
  Manifest& manifest_;
  Complaints& complaints_;
  TaskSpec* task_ = nullptr;
};

}  // namespace

void parse_manifest(std::string_view text, Manifest& manifest, Complaints& complaints) {
  manifest = {};
  complaints.clear();
  Parser(text, manifest, complaints).run();
  if (manifest.tasks.empty()) complaints.push({1, "there is no task"});
}

}  // namespace root
