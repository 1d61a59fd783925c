// SPDX-License-Identifier: MIT
// The documents as the tests read them: a Markdown file with its fenced blocks. What is in a
// block is said by the words behind the opening fence:
//
//   text             not looked at: drawings, layouts
//   cc FILE          a piece of that file, which the build compiles; also c, asm, cmake
//   manifest [FILE]  a manifest without faults; with a file, a piece of that file
//   console [about]  commands after "$ ", each with what it prints; they are run (transcript.h)
//   sh run           commands that are run and have to succeed; what they print is not told
//   sh               commands that take too long, or do too much, to be run: what can be checked
//                    about them without running them is checked (commands.h)
//   gdb              commands of ./mica debug: tests/system/debug_test.cc, which looks at the blocks
//                    of text on the same page as well
//
// In a piece of a file a line `...`, with or without a comment sign, stands for lines that are
// left out. Blanks do not count.
#pragma once

#include <string>
#include <vector>

namespace docs {

struct Block {
  std::string document;
  unsigned line = 0;  // of the opening fence, from 1 on
  std::string kind;
  std::string argument;
  std::vector<std::string> lines;

  std::string place() const { return document + ":" + std::to_string(line); }
};

struct Document {
  std::string name;
  std::vector<std::string> lines;
  std::vector<Block> blocks;
  std::vector<std::string> faults;  // "NAME:LINE: what is wrong"
};

Document parse(const std::string& name, const std::string& text);

std::vector<std::string> lines_of(const std::string& text);

// What is between single backquotes outside of the blocks, with the line where it begins.
struct Quote {
  unsigned line;
  std::string text;
};
std::vector<Quote> quotes_of(const Document& document);

// Is the block's kind one whose argument is a file of which it shows a piece?
bool shows_file(const Block& block);

// Empty, or what is wrong: the block is no piece of the file's text.
std::string compare_with_file(const Block& block, const std::string& text);

// The links of a document to other files of the tree, and to headings: "[text](target)".
struct Link {
  unsigned line;
  std::string target;
};
std::vector<Link> links_of(const Document& document);

// The names by which the headings of a document are linked to.
std::vector<std::string> anchors_of(const Document& document);

}  // namespace docs
