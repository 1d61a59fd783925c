// SPDX-License-Identifier: MIT
// docs/manual/servers.md says what the headers of include/mica say: interfaces, operations with their
// numbers and types, errors.
#include <doctest/doctest.h>
#include <mica/pci.h>
#include <mica/root.h>
#include <mica/rtc.h>
#include <mica/terminal.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>

#define WORDS(name) \
  { #name, mica::wire::fixed_words < mica::name> }

namespace {

using Cells = std::vector<std::string>;

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Section {
  std::string title, text;
  std::vector<Cells> rows;  // of all its tables
};

std::vector<Section> sections() {
  std::ifstream in(MICA_SERVERS_MANUAL);
  std::vector<Section> list;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("## ")) list.push_back({line.substr(3), {}, {}});
    if (list.empty()) continue;
    list.back().text += line + "\n";
    if (!line.starts_with("| ")) continue;
    Cells cells;
    for (std::size_t at = 2, end = 0; (end = line.find(" |", at)) != std::string::npos; at = end + 3) {
      const std::string cell = line.substr(at, end - at);
      const std::size_t first = cell.find_first_not_of(" `"), last = cell.find_last_not_of(" `");
      cells.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
      if (end + 3 > line.size()) break;
    }
    list.back().rows.push_back(cells);
  }
  REQUIRE_FALSE(list.empty());
  return list;
}

const Section* find_section(const std::vector<Section>& list, const std::string& title) {
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const Section& s) { return s.title == title; });
  return found == list.end() ? nullptr : &*found;
}

struct Operation {
  std::string number, name, request, reply;
  bool operator==(const Operation&) const = default;
};

struct Interface {
  std::string name, id;
  std::vector<Operation> operations;
};

// The interfaces of a header: structs with an id and operations.
std::vector<Interface> interfaces_of(const std::filesystem::path& header) {
  const std::string text = std::regex_replace(read(header), std::regex("//[^\n]*"), "");
  std::vector<Interface> list;
  const std::regex part(
      R"(struct (\w+) \{|long id = (0x[0-9a-f]+);|using (\w+)\s*=\s*Operation<\s*(\w+),\s*(\d+),\s*([^;]*)>;)");
  std::string current;
  for (std::sregex_iterator at(text.begin(), text.end(), part), end; at != end; ++at) {
    const std::smatch& m = *at;
    if (m[1].matched) current = m[1];
    if (m[2].matched) list.push_back({current, m[2], {}});
    if (!m[3].matched) continue;
    REQUIRE_FALSE(list.empty());
    CHECK(m[4] == list.back().name);
    std::string signature = std::regex_replace(m[6].str(), std::regex(R"(\s+|l4::)"), " ");
    signature = std::regex_replace(signature, std::regex(R"(^ | $|(\() )"), "$1");
    signature = std::regex_replace(signature, std::regex("  +"), " ");
    const std::size_t open = signature.find('(');
    const std::string reply = signature.substr(0, open);
    list.back().operations.push_back({m[5], m[3], signature.substr(open + 1, signature.rfind(')') - open - 1),
                                      reply == "void" ? "" : reply});
  }
  return list;
}

std::vector<Interface> all_interfaces() {
  std::vector<Interface> list;
  for (const auto& entry : std::filesystem::directory_iterator(MICA_HEADERS)) {
    for (const Interface& i : interfaces_of(entry.path())) list.push_back(i);
  }
  return list;
}

std::map<std::string, long> errors() {
  std::map<std::string, long> list;
  const std::string text = read(std::filesystem::path(MICA_HEADERS) / "result.h");
  const std::regex part(R"(\n  (\w+) = (\d+),)");
  for (std::sregex_iterator at(text.begin(), text.end(), part), end; at != end; ++at) {
    if ((*at)[2] != "0") list[(*at)[1]] = std::stol((*at)[2]);
  }
  return list;
}

}  // namespace

TEST_CASE("servers manual: each interface has its section, with all operations and their types") {
  const std::vector<Section> list = sections();
  const std::vector<Interface> interfaces = all_interfaces();
  CHECK(interfaces.size() >= 6);
  for (const Interface& interface : interfaces) {
    CAPTURE(interface.name);
    const Section* const section = find_section(list, interface.name);
    CHECK_MESSAGE(section != nullptr, "docs/manual/servers.md has no section '## ", interface.name, "'");
    if (section == nullptr) continue;
    CHECK(section->text.find("\nInterface `" + interface.id + "`") != std::string::npos);
    std::vector<Operation> told;
    for (const Cells& cells : section->rows) {
      if (cells.size() == 6 && std::isdigit(static_cast<unsigned char>(cells[0][0])))
        told.push_back({cells[0], cells[1], cells[2], cells[3]});
    }
    for (const Operation& operation : interface.operations) {
      CHECK_MESSAGE(std::find(told.begin(), told.end(), operation) != told.end(), "not in the manual: | ",
                    operation.number, " | `", operation.name, "` | `", operation.request, "` | `",
                    operation.reply, "` | errors | text |");
    }
    CHECK(told.size() == interface.operations.size());
  }
}

TEST_CASE("servers manual: structs have as many words as it says, and each that is a reply is there") {
  std::map<std::string, unsigned> told;
  for (const Section& section : sections()) {
    for (const Cells& cells : section.rows) {
      if (cells.size() == 3 && std::isdigit(static_cast<unsigned char>(cells[1][0])) &&
          std::isupper(static_cast<unsigned char>(cells[0][0])))
        told[cells[0]] = static_cast<unsigned>(std::stoul(cells[1]));
    }
  }
  const std::map<std::string, unsigned> words = {
      WORDS(MessageInterrupt), WORDS(TaskInfo),      WORDS(ThreadState),
      WORDS(BlockInfo),        WORDS(MemoryInfo),    WORDS(FileInfo),
      WORDS(FileEntry),        WORDS(Ending),        WORDS(LogPiece),
      WORDS(InterruptInfo),    WORDS(DateTime),      WORDS(PciFunction),
      WORDS(PciRegion),        WORDS(PciCapability), WORDS(Receipt),
      {"Size", mica::wire::fixed_words<mica::Terminal::Size>}};
  for (const auto& [name, count] : words) {
    CAPTURE(name);
    CHECK(told[name] == count);
  }
  const std::regex value("Word|Map|Name|TaskId|ThreadId|Text<.*>|");
  for (const Interface& interface : all_interfaces()) {
    for (const Operation& operation : interface.operations) {
      if (std::regex_match(operation.reply, value)) continue;
      CHECK_MESSAGE(told.contains(operation.reply), "docs/manual/servers.md does not say what ",
                   operation.reply, " is");
    }
  }
}

TEST_CASE("servers manual: errors have the labels and names of the header") {
  const std::vector<Section> list = sections();
  const std::map<std::string, long> known = errors();
  CHECK(known.at("denied") == static_cast<long>(mica::Error::denied));
  CHECK(known.at("bad_reply") == static_cast<long>(mica::Error::bad_reply));
  const Section* const section = find_section(list, "Errors");
  REQUIRE(section != nullptr);
  std::map<std::string, long> told;
  for (const Cells& cells : section->rows) {
    if (std::isdigit(static_cast<unsigned char>(cells[0][0]))) told[cells[1]] = std::stol(cells[0]);
  }
  CHECK(told == known);

  // What stands before a comma or a parenthesis in the column of errors.
  for (const Section& other : list) {
    for (const Cells& cells : other.rows) {
      if (cells.size() != 6 || !std::isdigit(static_cast<unsigned char>(cells[0][0]))) continue;
      if (cells[4].starts_with("those of") || cells[4].starts_with("as ")) continue;
      const std::string names = std::regex_replace(cells[4], std::regex(R"(\s*\([^)]*\))"), "");
      const std::regex word(R"([^,\s][^,]*)");
      for (std::sregex_iterator at(names.begin(), names.end(), word), end; at != end; ++at) {
        CAPTURE(other.title);
        CAPTURE(cells[1]);
        CHECK_MESSAGE(known.contains(at->str()), "no error: ", at->str());
      }
    }
  }
}

TEST_CASE("programs manual: the names in its tables are in the headers beside them") {
  std::ifstream in(MICA_PROGRAMS_MANUAL);
  unsigned names = 0;
  for (std::string line; std::getline(in, line);) {
    std::smatch header;
    if (!std::regex_search(line, header, std::regex(R"(^\| \[[^\]]*\]\(([^)]*\.h)\) \| (.*)\|)"))) continue;
    const std::string text =
        read(std::filesystem::path(MICA_PROGRAMS_MANUAL).parent_path() / header[1].str());
    CAPTURE(header[1].str());
    REQUIRE_FALSE(text.empty());
    const std::string cell = header[2];
    const std::regex name(R"(`(\w+)`)");
    for (std::sregex_iterator at(cell.begin(), cell.end(), name), end; at != end; ++at) {
      ++names;
      CHECK_MESSAGE(std::regex_search(text, std::regex("\\b" + (*at)[1].str() + "\\b")),
                    "not there: ", (*at)[1].str());
    }
  }
  CHECK(names > 30);

  // A server's further members, which server.h asks for by name.
  const std::string server = read(std::filesystem::path(MICA_HEADERS) / "server.h");
  for (const std::string member :
       {"close", "interrupt", "message", "next_timeout", "timeout", "buffer", "reply_string"}) {
    CHECK(server.find("server_->" + member + "(") != std::string::npos);
  }
}
