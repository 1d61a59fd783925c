// SPDX-License-Identifier: MIT
// The documents: what their blocks show is in the tree, the commands that are not run exist,
// the links lead somewhere; and the reader of documents finds what is wrong. What is in blocks of kind
// `console` and `sh run` is run by tests/system/documents_test.cc.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "manifest_fixture.h"
#include "tests/docs/commands.h"
#include "tests/docs/document.h"
#include "tests/docs/transcript.h"

using docs::Block;
using docs::Document;

namespace {

const std::filesystem::path tree = MICA_SOURCES;

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<Document> all_documents() {
  std::vector<std::string> names = {"README.md", "CONTRIBUTING.md", "CHANGELOG.md"};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(tree / "docs")) {
    if (entry.path().extension() == ".md")
      names.push_back(std::filesystem::relative(entry.path(), tree).string());
  }
  std::sort(names.begin(), names.end());
  std::vector<Document> documents;
  for (const std::string& name : names) documents.push_back(docs::parse(name, read(tree / name)));
  return documents;
}

std::string output_of(const std::string& command) {
  std::FILE* const out = popen(("cd '" + tree.string() + "' && " + command).c_str(), "r");
  REQUIRE(out);
  std::string text;
  for (int c = std::fgetc(out); c != EOF; c = std::fgetc(out)) text += static_cast<char>(c);
  REQUIRE(pclose(out) == 0);
  return text;
}

const docs::Help& help() {
  static const docs::Help all(output_of("./mica help"), output_of("./mica help scope"));
  return all;
}

// Only what has been configured can be asked.
bool builds(const std::string& preset, const std::string& path) {
  if (path.empty())
    return read(tree / "CMakePresets.json").find("\"name\": \"" + preset + "\"") != std::string::npos;
  const std::string rules = read(tree / "build" / preset / "build.ninja");
  return rules.empty() || rules.find("\nbuild " + path + ":") != std::string::npos ||
         rules.find(" " + path + ":") != std::string::npos;
}

Block block_of(const std::string& text) {
  const Document document = docs::parse("a.md", text);
  REQUIRE(document.faults == std::vector<std::string>{});
  REQUIRE(document.blocks.size() == 1);
  return document.blocks[0];
}

std::string fault_in(const std::string& text) {
  const Document document = docs::parse("a.md", text);
  return document.faults.empty() ? "none" : document.faults[0];
}

}  // namespace

TEST_CASE("documents: every block has a label that says how it is tested") {
  for (const Document& document : all_documents()) {
    for (const std::string& fault : document.faults) FAIL_CHECK(fault);
    for (const Block& block : document.blocks) {
      if (block.kind != "console") continue;
      std::vector<std::string> faults;
      CHECK_MESSAGE(!docs::steps_of(block, faults).empty(), block.place());
      for (const std::string& fault : faults) FAIL_CHECK(fault);
    }
  }
}

TEST_CASE("documents: code is a piece of the file that it names") {
  for (const Document& document : all_documents()) {
    for (const Block& block : document.blocks) {
      if (!docs::shows_file(block)) continue;
      const std::string text = read(tree / block.argument);
      CHECK_MESSAGE(!text.empty(), block.place(), ": there is no file ", block.argument);
      if (const std::string fault = docs::compare_with_file(block, text); !fault.empty()) FAIL_CHECK(fault);
    }
  }
}

TEST_CASE("documents: manifests have no fault") {
  for (const Document& document : all_documents()) {
    for (const Block& block : document.blocks) {
      if (block.kind != "manifest" ||
          std::find(block.lines.begin(), block.lines.end(), "...") != block.lines.end())
        continue;
      std::string text;
      for (const std::string& line : block.lines) text += line + "\n";
      for (const std::string& fault : mica::test::Parsed(text).faults())
        FAIL_CHECK(block.place(), ": ", fault);
    }
  }
}

TEST_CASE("documents: commands that are not run exist, with their options") {
  for (const Document& document : all_documents()) {
    for (const Block& block : document.blocks) {
      if (block.kind != "sh" || !block.argument.empty()) continue;
      std::string line;
      for (const std::string& part : block.lines) {
        line += part;
        if (line.ends_with('\\')) {
          line.pop_back();
          continue;
        }
        if (const std::string fault = help().check(line, builds); !fault.empty())
          FAIL_CHECK(block.place(), ": ", fault);
        line.clear();
      }
    }
    for (const docs::Quote& quote : docs::quotes_of(document)) {
      if (!quote.text.starts_with("./mica ")) continue;
      const auto commands = docs::Help::commands_of(quote.text);
      const std::string fault = help().check_mica(commands[0]);
      CHECK_MESSAGE(fault.empty(), document.name, ":", quote.line, ": ", fault);
    }
  }
}

TEST_CASE("documents: links lead to files and headings that there are") {
  for (const Document& document : all_documents()) {
    for (const docs::Link& link : docs::links_of(document)) {
      if (link.target.find("://") != std::string::npos) continue;
      CAPTURE(document.name);
      CAPTURE(link.line);
      CAPTURE(link.target);
      const std::size_t mark = link.target.find('#');
      const std::string file = link.target.substr(0, mark);
      const auto path = file.empty() ? tree / document.name : (tree / document.name).parent_path() / file;
      CHECK(std::filesystem::exists(path));
      if (mark == std::string::npos || path.extension() != ".md") continue;
      const auto anchors = docs::anchors_of(docs::parse(file, read(path)));
      CHECK(std::find(anchors.begin(), anchors.end(), link.target.substr(mark + 1)) != anchors.end());
    }
  }
}

// --- The reader itself ---------------------------------------------------------------

TEST_CASE("reader of documents: blocks without a label, of unknown kinds, without an end") {
  CHECK(fault_in("# A\n\n```\nx\n```\n") == "a.md:3: a block without a label");
  CHECK(fault_in("```c++ a.cc\n```\n") == "a.md:1: a block of the unknown kind 'c++'");
  CHECK(fault_in("```cc\nint a;\n```\n") == "a.md:1: the block does not say which file it is from");
  CHECK(fault_in("```console later\n$ a\n```\n") == "a.md:1: console takes 'about'");
  CHECK(fault_in("```sh never\na\n```\n") == "a.md:1: sh takes 'run'");
  CHECK(fault_in("```text x\na\n```\n") == "a.md:1: text takes no argument");
  CHECK(fault_in("```text\na\n") == "a.md:1: the block has no end");
  CHECK(fault_in("  ```text\n  a\n  ```\n") == "none");
}

TEST_CASE("reader of documents: code has to be in the file, in its order, but for omissions") {
  const std::string file = "int a;\n\nint b() {\n  return 1;\n}\nint c;\n";
  const auto fault = [&](const std::string& shown) {
    return docs::compare_with_file(block_of("```cc a.cc\n" + shown + "```\n"), file);
  };
  const std::string says = "a.md:1: not what a.cc says: ";
  CHECK(fault("int a;\nint b() {\nreturn 2;\n}\n") == says + "2;}");
  CHECK(fault("int  a ;\nint b() {\n      return 1;\n}\n") == "");
  CHECK(fault("int b() { return\n  1;\n}\n") == "");
  CHECK(fault("int a;\n// ...\nint c;\n") == "");
  CHECK(fault("int a;\n...\nint c;\n") == "");
  CHECK(fault("int a;\nint c;\n") == says + "c;");
  CHECK(fault("int c;\n// ...\nint a;\n").starts_with(says));
  CHECK(fault("int d;\n// ...\n") == says + "d;");
  CHECK(fault("a;\n").starts_with(says));  // no whole line
  CHECK(fault("int b() {\nreturn\n").starts_with(says));
  CHECK(fault("") == "a.md:1: an empty block");
}

TEST_CASE("reader of documents: steps of a console block") {
  std::vector<std::string> faults;
  const auto steps = docs::steps_of(
      block_of("```console\n$ ./mica run\nroot: x\nmica> ps\ntask\nmica> \n$ true\n```\n"), faults);
  CHECK(faults.empty());
  REQUIRE(steps.size() == 2);
  CHECK(steps[0].command == "./mica run");
  CHECK(steps[0].line == 2);
  CHECK(steps[0].typed == std::vector<std::string>{"ps"});
  CHECK(steps[0].output == std::vector<std::string>{"root: x", "mica> ps", "task", "mica>"});
  CHECK(steps[1].command == "true");
  CHECK(docs::steps_of(block_of("```console\nhello\n```\n"), faults).empty());
  CHECK(faults.size() == 1);
}

TEST_CASE("reader of documents: output is what is written, but for omissions") {
  using Lines = std::vector<std::string>;
  const auto compare = [](const Lines& expected, const Lines& actual, bool about = false) {
    return docs::compare_output(expected, actual, about);
  };
  CHECK(compare({"a", "b"}, {"a", "b"}) == "");
  CHECK(compare({"a  1"}, {"a      1 "}) == "");
  CHECK(compare({"a", "b"}, {"a", "c"}) == "b");
  CHECK(compare({"a"}, {"a", "b"}) == "(the output goes on)");
  CHECK(compare({"a", "b"}, {"a"}) == "b");
  CHECK(compare({"a", "...", "d"}, {"a", "b", "c", "d"}) == "");
  CHECK(compare({"...", "d"}, {"d", "e"}) == "(the output goes on)");
  CHECK(compare({"...", "e"}, {"d", "f"}) == "e");
  CHECK(compare({"a ... c"}, {"a b b c"}) == "");
  CHECK(compare({"a ... c"}, {"a b b d"}) == "a ... c");
  CHECK(compare({"took 100 of 0x10"}, {"took 120 of 0xff"}, true) == "");
  CHECK(compare({"took 100"}, {"took 130"}, true) == "took 100");
  CHECK(compare({"took 100"}, {"took 101"}) == "took 100");
  CHECK(compare({"3 copies"}, {"5 copies"}, true) == "");
  CHECK(compare({"3 copies"}, {"6 copies"}, true) == "3 copies");
  CHECK(compare({"took 1,000.5"}, {"took 1,100.25"}, true) == "");
  CHECK(compare({"took 10"}, {"took 0x10"}, true) == "took 10");
  CHECK(compare({"mr0"}, {"mr1"}, true) == "mr0");
}

TEST_CASE("reader of documents: what a screen shows of the line editor's output") {
  using Lines = std::vector<std::string>;
  CHECK(docs::shown_on_screen("mica> p\rmica> ps\x1b[K\r\ntask\r\n") == Lines{"mica> ps", "task"});
  CHECK(docs::shown_on_screen("abc\b\bX\n") == Lines{"aXc"});
  CHECK(docs::shown_on_screen("abcd\x1b[2D\x1b[Kx") == Lines{"abx"});
}

TEST_CASE("reader of documents: commands against the help") {
  const docs::Help some(
      "use: ./mica COMMAND\n\n  run [SYSTEM]   boots\n  test [unit|guest]\n                 tests\n"
      "  bench --trace FILE  measures\n\nOptions of run and boot:\n  --icount  counts\n",
      "use: ./mica scope [--html FILE]\n");
  const auto fault = [&](const std::string& line) {
    return some.check(line, [](const std::string& preset, const std::string& path) {
      return preset == "release" && (path.empty() || path == "a/b");
    });
  };
  CHECK(fault("./mica run demo --icount   # boots --not an option") == "");
  CHECK(fault("./mica run demo --smp 2") == "'./mica run' has no option '--smp'");
  CHECK(fault("./mica fly") == "there is no command './mica fly'");
  CHECK(fault("./mica test guest && ./mica test gues") == "there are no tests 'gues'");
  CHECK(fault("./mica bench ipc --trace a.txt > x | ./mica scope --html") == "");
  CHECK(fault("A=1 build/release/a/b -tc='*x; y*'") == "");
  CHECK(fault("build/release/a/c") == "nothing builds build/release/a/c");
  CHECK(fault("cmake --preset release && cmake --build --preset release --target x") == "");
  CHECK(fault("cmake --preset fast") == "no such preset");
  CHECK(fault("ls") == "'ls' can be run: label the block 'console' or 'sh run'");
  CHECK(docs::Help::commands_of("./mica run demo &").size() == 1);
}

TEST_CASE("reader of documents: quotations in running text") {
  const Document document = docs::parse("a.md", "a `b` c `./mica\nrun` `d\n\ne `f`\n```text\n`g`\n```\n");
  const auto quotes = docs::quotes_of(document);
  REQUIRE(quotes.size() == 3);
  CHECK(quotes[0].text == "b");
  CHECK(quotes[1].text == "./mica run");
  CHECK(quotes[1].line == 1);
  CHECK(quotes[2].text == "f");
  CHECK(quotes[2].line == 4);
}

TEST_CASE("reader of documents: headings are linked to by these names") {
  const Document document =
      docs::parse("a.md", "# The `mica` script\n## A, b\n## A b\n```text\n# no\n```\n[x](a.md#a-b)\n");
  CHECK(docs::anchors_of(document) == std::vector<std::string>{"the-mica-script", "a-b", "a-b-1"});
  REQUIRE(docs::links_of(document).size() == 1);
  CHECK(docs::links_of(document)[0].target == "a.md#a-b");
}
