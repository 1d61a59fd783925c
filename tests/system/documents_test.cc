// SPDX-License-Identifier: MIT
// Runs the commands of the documents and compares what they print with what is written there:
// the blocks `console` and `sh run` of README.md, CONTRIBUTING.md and docs/. The other blocks are
// tests/unit/documents_test.cc's; tests/docs/document.h says what each kind means.
//
// The commands of a document run in an empty folder where the top of the tree is linked, so that
// they find ./mica and build/ and leave nothing behind. A command that several blocks show is
// run once. What takes minutes (./mica test, ./mica bench) is not run: such blocks are `sh`.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>

#include "files.h"
#include "process.h"
#include "tests/docs/transcript.h"

namespace {

using Clock = Process::Clock;
using std::filesystem::path;

const path tree = SOURCES;
constexpr auto time_limit = std::chrono::seconds(120);
constexpr auto thinking = std::chrono::milliseconds(400);

std::vector<docs::Document> all_documents() {
  std::vector<std::string> names = {"README.md", "CONTRIBUTING.md", "CHANGELOG.md"};
  for (const auto& entry : std::filesystem::recursive_directory_iterator(tree / "docs")) {
    if (entry.path().extension() == ".md")
      names.push_back(std::filesystem::relative(entry.path(), tree).string());
  }
  std::sort(names.begin(), names.end());
  std::vector<docs::Document> documents;
  for (const std::string& name : names)
    documents.push_back(docs::parse(name, read_file((tree / name).string())));
  return documents;
}

void link_tree(const TemporaryFolder& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(tree)) {
    std::filesystem::create_symlink(entry.path(), folder.path(entry.path().filename().string()));
  }
}

struct Result {
  int status = -1;
  std::string output, errors;
};

// Where the next prompt begins that stands at the beginning of a line; npos: there is none yet.
std::size_t find_prompt(const std::string& text, std::size_t from) {
  for (std::size_t at = text.find(docs::prompt, from); at != std::string::npos;
       at = text.find(docs::prompt, at + 1)) {
    std::size_t before = at;
    while (before > 0 && text[before - 1] == '\r') --before;
    if (before == 0 || text[before - 1] == '\n') return at;
  }
  return std::string::npos;
}

// Runs a command in the folder; types a line at each prompt of Mica's shell.
Result run(const TemporaryFolder& folder, const std::string& command,
           const std::vector<std::string>& typed = {}) {
  Process shell({"bash", "-c", "cd '" + folder.path("") + "'\nexec 2>.errors\n" + command});
  Result result;
  const auto until = Clock::now() + time_limit;
  std::size_t next = 0, seen = 0;
  while (Clock::now() < until) {
    const std::size_t before = result.output.size();
    if (!shell.read_some(result.output, next < typed.size() ? Clock::now() + thinking : until)) {
      result.status = shell.wait();
      break;
    }
    // A person would not type before the system has come to rest.
    if (next == typed.size() || result.output.size() != before) continue;
    const std::size_t at = find_prompt(result.output, seen);
    if (at == std::string::npos) continue;
    seen = at + 1;
    shell.write_text(typed[next++] + "\r");
  }
  result.errors = read_file(folder.path(".errors"));
  return result;
}

void check_console(const docs::Block& block, const TemporaryFolder& folder) {
  static std::map<std::string, Result> results;
  std::vector<std::string> faults;
  for (const docs::Step& step : docs::steps_of(block, faults)) {
    CAPTURE(block.document);
    CAPTURE(step.line);
    CAPTURE(step.command);
    auto found = results.find(step.command);
    if (found == results.end() || !step.typed.empty()) {
      found = results.insert_or_assign(step.command, run(folder, step.command, step.typed)).first;
    }
    CAPTURE(found->second.output);
    CAPTURE(found->second.errors);
    CHECK(found->second.status == 0);
    const std::string differs = docs::compare_output(step.output, docs::shown_on_screen(found->second.output),
                                                     block.argument == "about");
    CHECK_MESSAGE(differs.empty(), "not in the output: ", differs);
  }
  CHECK(faults.empty());
}

void check_script(const docs::Block& block, const TemporaryFolder& folder) {
  std::string script = "set -e\n";
  for (const std::string& line : block.lines) script += line + "\n";
  CAPTURE(block.document);
  CAPTURE(block.line);
  const Result result = run(folder, script);
  CAPTURE(result.output);
  CAPTURE(result.errors);
  CHECK(result.status == 0);
}

}  // namespace

TEST_CASE("documents: commands print what is written") {
  for (const docs::Document& document : all_documents()) {
    TemporaryFolder folder;
    link_tree(folder);
    for (const docs::Block& block : document.blocks) {
      if (block.kind == "console") check_console(block, folder);
      if (block.kind == "sh" && block.argument == "run") check_script(block, folder);
    }
  }
}

// A piece of code that nothing compiles could be as wrong as it likes.
TEST_CASE("documents: the files that they show pieces of are built") {
  const auto commands = nlohmann::json::parse(read_file(BINARIES "/compile_commands.json"));
  std::map<std::string, std::string> sources;
  for (const auto& command : commands) sources[command["file"]] = read_file(command["file"]);
  const std::string archives = read_file((tree / "systems/manifests/CMakeLists.txt").string());
  for (const docs::Document& document : all_documents()) {
    for (const docs::Block& block : document.blocks) {
      if (!docs::shows_file(block) || block.kind == "cmake") continue;
      const path file = tree / block.argument;
      CAPTURE(block.place());
      CAPTURE(block.argument);
      if (block.kind == "manifest") {
        CHECK(archives.find("mica_archive(" + file.filename().string() + " ") != std::string::npos);
      } else if (file.extension() == ".h") {
        const std::string name = file.filename().string();
        CHECK(std::any_of(sources.begin(), sources.end(), [&](const auto& source) {
          return source.second.find("/" + name + ">") != std::string::npos ||
                 (path(source.first).parent_path() == file.parent_path() &&
                  source.second.find("\"" + name + "\"") != std::string::npos);
        }));
      } else {
        CHECK(sources.contains(file.string()));
      }
    }
  }
}
