// SPDX-License-Identifier: MIT
#include "record.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <type_traits>

#include "output_file.h"

namespace scope {

namespace {

constexpr char magic[8] = {'M', 'I', 'C', 'A', 'S', 'C', 'P', '1'};

class Writer {
 public:
  template <class T>
  void put(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void put(const std::string& text) {
    put(text.size());
    bytes_ += text;
  }
  template <class T>
  void put(const std::vector<T>& values) {
    static_assert(std::is_trivially_copyable_v<T>);
    put(values.size());
    bytes_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// Once something is missing, everything after it is: whoever reads asks at the end.
class Reader {
 public:
  explicit Reader(std::string bytes) : bytes_(std::move(bytes)) {}

  template <class T>
  void get(T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    copy(&value, sizeof value);
  }
  void get(std::string& text) {
    text.resize(count(1));
    copy(text.data(), text.size());
  }
  template <class T>
  void get(std::vector<T>& values) {
    static_assert(std::is_trivially_copyable_v<T>);
    values.resize(count(sizeof(T)));
    copy(values.data(), values.size() * sizeof(T));
  }
  // A number of things that take at least so many bytes each.
  std::size_t count(std::size_t each) {
    std::size_t n = 0;
    get(n);
    if (n > (bytes_.size() - at_) / each) good_ = false;
    return good_ ? n : 0;
  }
  bool good() const { return good_; }
  bool at_end() const { return at_ == bytes_.size(); }

 private:
  void copy(void* to, std::size_t size) {
    if (size > bytes_.size() - at_) good_ = false;
    if (!good_ || size == 0) return;
    std::memcpy(to, bytes_.data() + at_, size);
    at_ += size;
  }

  std::string bytes_;
  std::size_t at_ = 0;
  bool good_ = true;
};

bool makes_sense(const Record& record) {
  for (const auto& [id, window] : record.windows) {
    for (const Event& event : window.trace) {
      if (event.instruction >= record.instructions.size() || event.what > Event::store) return false;
    }
  }
  for (const Instruction& in : record.instructions) {
    if (in.side >= sides || static_cast<unsigned>(in.kind) >= kinds) return false;
  }
  return true;
}

}  // namespace

bool save(const Record& record, const std::string& path) {
  Writer out;
  out.put(magic);
  out.put(record.begin);
  out.put(record.end);
  out.put(record.begin_passes);
  out.put(record.end_passes);
  out.put(record.instructions.size());
  for (const Instruction& in : record.instructions) {
    out.put(in.address);
    out.put(in.physical);
    out.put(in.size);
    out.put(in.side);
    out.put(in.kind);
    out.put(in.text);
  }
  out.put(record.windows.size());
  for (const auto& [id, window] : record.windows) {
    out.put(id);
    out.put(window.cut);
    out.put(window.counts);
    out.put(window.rounds);
    out.put(window.trace);
  }
  return write_whole(path, out.bytes());
}

std::string load(Record& record, const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return path + ": " + std::strerror(errno);
  std::ostringstream content;
  content << file.rdbuf();
  Reader in(std::move(content).str());
  char found[sizeof magic] = {};
  in.get(found);
  if (std::memcmp(found, magic, sizeof magic) != 0) return path + ": this is no record of the plugin";
  in.get(record.begin);
  in.get(record.end);
  in.get(record.begin_passes);
  in.get(record.end_passes);
  record.instructions.resize(in.count(27));
  for (Instruction& one : record.instructions) {
    in.get(one.address);
    in.get(one.physical);
    in.get(one.size);
    in.get(one.side);
    in.get(one.kind);
    in.get(one.text);
  }
  for (std::size_t left = in.count(29); left > 0 && in.good(); --left) {
    std::uint32_t id = 0;
    in.get(id);
    Window& window = record.windows[id];
    in.get(window.cut);
    in.get(window.counts);
    in.get(window.rounds);
    in.get(window.trace);
  }
  if (!in.good() || !in.at_end() || !makes_sense(record))
    return path + ": the record is truncated or spoiled";
  return "";
}

}  // namespace scope
