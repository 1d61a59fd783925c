// SPDX-License-Identifier: MIT
#include "document.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <sstream>
#include <string_view>

namespace docs {

namespace {

constexpr std::array file_kinds = {"c", "cc", "asm", "cmake"};
constexpr std::array kinds = {"text", "manifest", "console", "sh", "gdb"};

bool is_kind(const std::string& kind) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end() ||
         std::find(file_kinds.begin(), file_kinds.end(), kind) != file_kinds.end();
}

bool is_fence(const std::string& line) {
  const std::size_t start = line.find_first_not_of(' ');
  return start != std::string::npos && line.compare(start, 3, "```") == 0;
}

std::string without_blanks(const std::string& line) {
  std::string text;
  for (const char c : line) {
    if (!std::isspace(static_cast<unsigned char>(c))) text += c;
  }
  return text;
}

bool is_omission(const std::string& line) { return line == "..." || line == "//..." || line == "#..."; }

std::vector<std::string> substance(const std::vector<std::string>& lines) {
  std::vector<std::string> result;
  for (const std::string& line : lines) {
    if (std::string text = without_blanks(line); !text.empty()) result.push_back(std::move(text));
  }
  return result;
}

// The fault of a block's first line.
std::string fault_of(const Block& block) {
  if (block.kind.empty()) return "a block without a label";
  if (!is_kind(block.kind)) return "a block of the unknown kind '" + block.kind + "'";
  const bool needs_file = std::find(file_kinds.begin(), file_kinds.end(), block.kind) != file_kinds.end();
  if (needs_file && block.argument.empty()) return "the block does not say which file it is from";
  if ((block.kind == "text" || block.kind == "gdb") && !block.argument.empty()) return block.kind + " takes no argument";
  if (block.kind == "console" && !block.argument.empty() && block.argument != "about")
    return "console takes 'about'";
  if (block.kind == "sh" && !block.argument.empty() && block.argument != "run") return "sh takes 'run'";
  return {};
}

template <typename Visit>
void for_each_line_outside(const Document& document, Visit&& visit) {
  bool inside = false;
  for (std::size_t i = 0; i < document.lines.size(); ++i) {
    if (is_fence(document.lines[i])) inside = !inside;
    else if (!inside) visit(static_cast<unsigned>(i + 1), document.lines[i]);
  }
}

}  // namespace

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    lines.push_back(line);
  }
  return lines;
}

Document parse(const std::string& name, const std::string& text) {
  Document document{name, lines_of(text), {}, {}};
  bool inside = false;
  for (std::size_t i = 0; i < document.lines.size(); ++i) {
    const std::string& line = document.lines[i];
    if (!is_fence(line)) {
      if (inside) document.blocks.back().lines.push_back(line);
      continue;
    }
    inside = !inside;
    if (!inside) continue;
    Block block{name, static_cast<unsigned>(i + 1), {}, {}, {}};
    std::istringstream words(line.substr(line.find("```") + 3));
    words >> block.kind;
    std::getline(words >> std::ws, block.argument);
    if (const std::string fault = fault_of(block); !fault.empty()) {
      document.faults.push_back(block.place() + ": " + fault);
    }
    document.blocks.push_back(std::move(block));
  }
  if (inside) document.faults.push_back(document.blocks.back().place() + ": the block has no end");
  return document;
}

std::vector<Quote> quotes_of(const Document& document) {
  std::vector<Quote> quotes;
  Quote open;
  bool inside = false;
  // A quotation may go on in the next line, but not beyond a paragraph.
  for_each_line_outside(document, [&](unsigned number, const std::string& line) {
    if (line.empty()) inside = false;
    else if (inside) open.text += ' ';
    for (const char c : line) {
      if (c == '`') {
        if (inside) quotes.push_back(open);
        inside = !inside;
        open = {number, {}};
      } else if (inside) {
        open.text += c;
      }
    }
  });
  return quotes;
}

bool shows_file(const Block& block) {
  return !block.argument.empty() && block.kind != "console" && block.kind != "sh";
}

std::string compare_with_file(const Block& block, const std::string& text) {
  // The file without blanks and line breaks, and where in it lines begin: a piece is of whole
  // lines, however they are broken.
  std::string file;
  std::vector<std::size_t> starts;
  for (const std::string& line : substance(lines_of(text))) {
    starts.push_back(file.size());
    file += line;
  }
  starts.push_back(file.size());
  const auto is_start = [&](std::size_t at) { return std::binary_search(starts.begin(), starts.end(), at); };

  std::string piece;
  std::size_t from = 0;
  // Each piece between omissions in order, at the first place where it is.
  const auto find_piece = [&] {
    if (piece.empty()) return true;
    std::size_t at = file.find(piece, from);
    while (at != std::string::npos && !(is_start(at) && is_start(at + piece.size())))
      at = file.find(piece, at + 1);
    if (at == std::string::npos) return false;
    from = at + piece.size();
    piece.clear();
    return true;
  };
  const std::vector<std::string> shown = substance(block.lines);
  if (shown.empty()) return block.place() + ": an empty block";
  for (const std::string& line : shown) {
    if (!is_omission(line)) piece += line;
    else if (!find_piece()) break;
  }
  if (find_piece()) return {};
  // The longest beginning of the piece that is there tells where it differs.
  std::size_t best = 0;
  for (const std::size_t start : starts) {
    std::size_t n = 0;
    while (n < piece.size() && start + n < file.size() && piece[n] == file[start + n]) ++n;
    best = std::max(best, n);
  }
  return block.place() + ": not what " + block.argument +
         " says: " + piece.substr(std::min(best, piece.size() - 1), 60);
}

std::vector<Link> links_of(const Document& document) {
  std::vector<Link> links;
  for_each_line_outside(document, [&](unsigned number, const std::string& line) {
    for (std::size_t at = line.find("]("); at != std::string::npos; at = line.find("](", at + 1)) {
      const std::size_t end = line.find(')', at);
      if (end != std::string::npos) links.push_back({number, line.substr(at + 2, end - at - 2)});
    }
  });
  return links;
}

std::vector<std::string> anchors_of(const Document& document) {
  std::vector<std::string> anchors;
  std::map<std::string, unsigned> seen;
  for_each_line_outside(document, [&](unsigned, const std::string& line) {
    if (!line.starts_with('#')) return;
    std::string anchor;
    for (const char c : line.substr(std::min(line.find_first_not_of("# "), line.size()))) {
      if (std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_') {
        anchor += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      } else if (c == ' ') {
        anchor += '-';
      }
    }
    const unsigned before = seen[anchor]++;
    anchors.push_back(before == 0 ? anchor : anchor + "-" + std::to_string(before));
  });
  return anchors;
}

}  // namespace docs
