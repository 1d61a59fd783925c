// SPDX-License-Identifier: MIT
#include "manifest.h"

#include <array>
#include <span>

#include "manifest_rules.h"
#include "manifest_words.h"

namespace root {

namespace {

using View = std::string_view;

constexpr Word page = 0x1000;
constexpr Word most_memory = Word{1} << 40;
constexpr Word device_end = TaskSpec::framebuffer_place;  // the root server maps devices one to one
constexpr Word port_count = 0x10000;
constexpr Word most_time = 86400UL * 1000000;  // a day

class Parser {
 public:
  Parser(Manifest& manifest, Complaints& complaints)
      : rest_(manifest.text), manifest_(manifest), complaints_(complaints) {}

  void run() {
    while (!rest_.empty()) read_line();
    end_task();
    if (manifest_.tasks.empty()) complaints_.add(1, {"there is no task"});
  }

 private:
  struct Property {
    View key;
    void (Parser::*read)();
    bool repeatable = false;
  };
  using Properties = std::span<const Property>;

  static Properties system_properties() {
    static constexpr Property all[] = {
        {"system", &Parser::read_system},
        {"memory", &Parser::read_system_memory},
        {"task", &Parser::begin_task, true},
    };
    return all;
  }
  static Properties task_properties() {
    static constexpr Property all[] = {
        {"task", &Parser::begin_task, true},
        {"program", &Parser::read_program},
        {"arguments", &Parser::read_arguments},
        {"priority", &Parser::read_priority},
        {"memory", &Parser::read_memory},
        {"threads", &Parser::read_threads},
        {"tasks", &Parser::read_tasks},
        {"ports", &Parser::read_ports, true},
        {"interrupt", &Parser::read_interrupt, true},
        {"device", &Parser::read_device, true},
        {"dma", &Parser::read_dma},
        {"provides", &Parser::read_provides, true},
        {"uses", &Parser::read_uses, true},
        {"restart", &Parser::read_restart},
        {"heartbeat", &Parser::read_heartbeat},
        {"essential", &Parser::read_essential},
        {"holds", &Parser::read_holds},
        {"privilege", &Parser::read_privilege},
    };
    return all;
  }

  // --- Lines --------------------------------------------------------------------

  void read_line() {
    ++number_;
    const View line = rest_.substr(0, rest_.find('\n'));
    rest_.remove_prefix(line.size() < rest_.size() ? line.size() + 1 : line.size());
    line_ = line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
    for (const char c : line_) {
      const bool control = (c >= 0 && c < ' ' && c != '\t') || c == 0x7f;
      if (control) return complaints_.add(number_, {"there is a character that is no text"});
    }
    key_ = take_word(line_);
    if (key_.empty()) return;
    const Properties properties = task_ ? task_properties() : system_properties();
    const Property* const property = find(properties, key_);
    if (property == nullptr) return complain_of_key(properties);
    unsigned& said = said_[static_cast<std::size_t>(property - properties.data())];
    const unsigned before = said;
    said = number_;
    if (before != 0 && !property->repeatable) complain({"line ", Word{before}, " says this already"});
    (this->*property->read)();
  }

  static const Property* find(Properties properties, View key) {
    for (const Property& property : properties) {
      if (property.key == key) return &property;
    }
    return nullptr;
  }

  void complain_of_key(Properties properties) {
    if (task_ == nullptr && find(task_properties(), key_)) {
      return complaints_.add(number_, {quoted(key_), " has no place before the first task"});
    }
    if (task_ != nullptr && find(system_properties(), key_)) {
      return complaints_.add(number_, {quoted(key_), " has its place before the first task"});
    }
    Meant meant(key_);
    for (const Property& property : properties) meant.consider(property.key);
    if (meant.word().empty()) return complaints_.add(number_, {"unknown word ", quoted(key_)});
    complaints_.add(number_, {"unknown word ", quoted(key_), "; did you mean ", quoted(meant.word()), "?"});
  }

  // Of the property in this line.
  void complain(Complaints::Parts parts) {
    if (task_ != nullptr && key_ != "task") {
      complaints_.add(number_, {"task ", quoted(task_->name), ": ", key_, ": "}, parts);
    } else {
      complaints_.add(number_, {key_, ": "}, parts);
    }
  }

  void expect_end() {
    if (const View more = take_word(line_); !more.empty()) {
      complain({quoted(more), " is one word too many"});
    }
  }

  // --- System and tasks ---------------------------------------------------------

  void read_system() {
    View name = take_rest(line_);
    if (name.starts_with('"')) {
      if (name.size() < 2 || name.find('"', 1) != name.size() - 1) return complain({"one '\"' is missing"});
      name = name.substr(1, name.size() - 2);
    }
    if (name.empty()) return complain({"a name is missing"});
    manifest_.system = name;
  }

  void read_system_memory() { read_pages(manifest_.memory); }

  void begin_task() {
    end_task();
    said_ = {};
    TaskSpec task;
    task.line = number_;
    task.name = take_word(line_);
    task.priority = 100;
    task.threads = 1;
    const bool has_room = manifest_.tasks.push(task);
    // More tasks than there is room for are read as well, for what is wrong with them.
    if (!has_room) spare_ = task;
    task_ = has_room ? &manifest_.tasks[manifest_.tasks.size() - 1] : &spare_;
    if (!has_room && !too_many_) complain({"more than ", Word{manifest_.tasks.capacity}, " tasks"});
    too_many_ = !has_room;
    if (task.name.empty()) complain({"a name is missing"});
    else if (!is_name(task.name)) complain_of_name(task.name);
    expect_end();
  }

  void end_task() {
    if (task_ == nullptr) return;
    for (const View key : {View("program"), View("memory")}) {
      const Property* const property = find(task_properties(), key);
      if (said_[static_cast<std::size_t>(property - task_properties().data())] != 0) continue;
      complaints_.add(task_->line, {"task ", quoted(task_->name), " has no ", key});
    }
  }

  // --- Properties ---------------------------------------------------------------

  void read_program() {
    constexpr std::size_t longest = 63;  // what a task can be told of itself
    task_->program = take_word(line_);
    if (task_->program.empty()) complain({"the name of a file is missing"});
    if (task_->program.size() > longest) complain({"more than ", Word{longest}, " characters"});
    expect_end();
  }

  void read_arguments() {
    constexpr std::size_t longest = 511;
    task_->arguments = take_rest(line_);
    if (task_->arguments.size() > longest) complain({"more than ", Word{longest}, " characters"});
  }

  void read_priority() { read_last_number(task_->priority, 1, 254); }
  void read_threads() { read_last_number(task_->threads, 1, 64); }
  void read_tasks() { read_last_number(task_->tasks, 0, 64); }
  void read_memory() { read_pages(task_->memory); }
  void read_dma() { read_pages(task_->dma); }
  void read_heartbeat() {
    if (read_time(task_->heartbeat)) expect_end();
  }

  void read_ports() {
    Region region{0, 0, number_};
    if (!read_number(region.first, 0, port_count - 1)) return;
    if (!read_number(region.size, 1, port_count - region.first)) return;
    if (!task_->ports.push(region)) complain_of_room(task_->ports.capacity);
    expect_end();
  }

  void read_device() {
    Region region{0, 0, number_};
    View ahead = line_;
    if (take_word(ahead) == "framebuffer") {
      line_ = ahead;
      region = {TaskSpec::framebuffer_place, page, number_};
    } else {
      if (!read_number(region.first, 0, device_end - page)) return;
      if (region.first % page != 0) return complain({hex(region.first), " is no multiple of 4K"});
      if (!read_size(region.size, device_end - region.first)) return;
    }
    if (!task_->devices.push(region)) complain_of_room(task_->devices.capacity);
    expect_end();
  }

  void read_interrupt() {
    View ahead = line_;
    if (take_word(ahead) == "message") {
      line_ = ahead;
      key_ = "interrupt message";
      if (task_->message_interrupts != 0) return complain({"a number is there already"});
      return read_last_number(task_->message_interrupts, 1, 24);
    }
    Interrupt interrupt{0, false, number_};
    if (!read_number(interrupt.number, 1, 255)) return;
    ahead = line_;
    if (take_word(ahead) == "shared") {
      line_ = ahead;
      interrupt.shared = true;
    }
    if (!task_->interrupts.push(interrupt)) complain_of_room(task_->interrupts.capacity);
    expect_end();
  }

  void read_provides() { read_names(task_->provides); }
  void read_uses() { read_names(task_->uses); }

  void read_restart() {
    RestartPolicy policy;
    const View when = take_word(line_);
    if (when != "never" && when != "always") return complain_of_choice(when, "'never' or 'always'");
    policy.always = when == "always";
    View ahead = line_;
    if (policy.always && !take_word(ahead).empty()) {
      if (!read_fixed("at") || !read_fixed("most")) return;
      if (!read_number(policy.limit, 1, 8)) return;
      if (!read_fixed("in") || !read_time(policy.window)) return;
    }
    task_->restart = policy;
    expect_end();
  }

  void read_essential() {
    task_->essential = true;
    expect_end();
  }
  void read_holds() {
    task_->holds_memory = true;
    if (read_fixed("memory")) expect_end();
  }
  void read_privilege() {
    task_->privileged = true;
    if (!read_fixed("control")) return;
    View rest = line_;
    if (take_word(rest) == "inject") {
      task_->may_inject = true;
      line_ = rest;
    }
    expect_end();
  }

  // --- Values: false, and a complaint, if there is none ---------------------------

  bool read_number(Word& value, Word low, Word high) {
    const View word = take_word(line_);
    const auto n = number_of(word);
    if (word.empty()) complain({"a number is missing"});
    else if (!n) complain({quoted(word), " is no number"});
    else if (*n < low || *n > high) complain({quoted(word), " is not in ", low, " .. ", high});
    else return value = *n, true;
    return false;
  }
  void read_last_number(Word& value, Word low, Word high) {
    if (read_number(value, low, high)) expect_end();
  }

  // Bytes in whole pages.
  bool read_size(Word& value, Word most) {
    const View word = take_word(line_);
    const auto size = size_of(word);
    if (word.empty()) complain({"a size is missing"});
    else if (!size) complain({quoted(word), " is no size"});
    else if (*size == 0 || *size % page != 0) complain({quoted(word), " is no multiple of 4K"});
    else if (*size > most) complain({quoted(word), " is more than ", most >> 10, "K"});
    else return value = *size, true;
    return false;
  }
  void read_pages(Word& value) {
    if (read_size(value, most_memory)) expect_end();
  }

  bool read_time(Word& value) {
    const View word = take_word(line_);
    const auto time = time_of(word);
    if (word.empty()) complain({"a time is missing"});
    else if (!time) complain({quoted(word), " is no time, as 500ms or 10s are"});
    else if (*time == 0 || *time > most_time) complain({quoted(word), " is not in 1ms .. 86400s"});
    else return value = *time, true;
    return false;
  }

  bool read_fixed(View expected) {
    const View word = take_word(line_);
    if (word == expected) return true;
    complain_of_choice(word, quoted(expected));
    return false;
  }

  template <std::size_t N>
  void read_names(mica::FixedVector<View, N>& names) {
    View name = take_word(line_);
    if (name.empty()) complain({"a name is missing"});
    for (; !name.empty(); name = take_word(line_)) {
      bool known = false;
      for (const View other : names) known = known || other == name;
      if (known) complain({quoted(name), " is there twice"});
      else if (!is_name(name)) complain_of_name(name);
      else if (!names.push(name)) return complain_of_room(N);
    }
  }

  void complain_of_name(View name) {
    complain({quoted(name), " is no name of up to 31 letters, digits, '-', '_', '.'"});
  }
  void complain_of_room(std::size_t capacity) { complain({"more than ", Word{capacity}, " of them"}); }
  void complain_of_choice(View word, Part expected) {
    if (word.empty()) complain({expected, " is missing"});
    else complain({expected, " is expected, not ", quoted(word)});
  }

  View rest_, line_, key_;
  unsigned number_ = 0;  // of the line
  Manifest& manifest_;
  Complaints& complaints_;
  TaskSpec* task_ = nullptr;
  TaskSpec spare_;
  bool too_many_ = false;
  // The lines of the properties that this task, or the system, has.
  std::array<unsigned, 32> said_{};
};

}  // namespace

unsigned Manifest::line_of(View part) const {
  unsigned line = 1;
  for (const char* at = text.data(); at != part.data(); ++at) line += *at == '\n' ? 1u : 0u;
  return line;
}

void parse_manifest(View text, Manifest& manifest, Complaints& complaints) {
  manifest.text = text;
  manifest.system = {};
  manifest.memory = 0;
  manifest.tasks.clear();
  complaints.clear();
  Parser(manifest, complaints).run();
  check_rules(manifest, complaints);
}

}  // namespace root
