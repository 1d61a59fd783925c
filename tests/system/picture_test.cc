// SPDX-License-Identifier: MIT
// ./mica picture draws the system that runs: the drawing is Graphviz', and has what is there.
#include <doctest/doctest.h>

#include <regex>
#include <string>

#include "files.h"
#include "process.h"

namespace {

// The first piece of the text that the expression's group matches; "" fails the test.
std::string find(const std::string& text, const std::string& expression) {
  std::smatch found;
  CHECK_MESSAGE(std::regex_search(text, found, std::regex(expression)), "not in the drawing: ", expression);
  return found.empty() ? std::string() : found[1].str();
}

// The number of the first thread of a task, from the box of its space.
std::string thread_of(const std::string& dot, const std::string& task) {
  std::string expression = "label=\"";
  expression.append(task).append("\\\\n[^\"]*\";\\s+t(\\d+) ");
  return find(dot, expression);
}

bool has(const std::string& text, const std::string& pattern) { return std::regex_search(text, std::regex(pattern)); }

}  // namespace

TEST_CASE("picture: spaces, threads, pagers, services and interrupts of the shell's system") {
  const TemporaryFolder folder;
  const std::string file = folder.path("system.dot");
  const std::string log = output_of(SOURCES "/mica picture shell --icount --type 'date' -o " + file);
  INFO(log);
  const std::string dot = read_file(file);
  const std::string plain = output_of("dot -Tplain " + file);
  INFO(dot);
  REQUIRE(dot.starts_with("digraph mica {"));
  CHECK(plain.starts_with("graph "));
  const std::string sigma0 = find(dot, "label=\"sigma0\"; t(\\d+) "), root = find(dot, "label=\"root\\\\n[^\"]*\"; t(\\d+) ");
  const std::string serial = thread_of(dot, "serial"), echo = thread_of(dot, "echo"), shell = thread_of(dot, "shell");
  const auto edge = [&](const std::string& from, const std::string& to) {
    std::string pattern = "\nedge ";
    return has(plain, pattern.append(from).append(" ").append(to).append(" "));
  };
  for (const std::string& thread : {sigma0, root, serial, echo, shell}) {
    CHECK(has(plain, std::string("\nnode t").append(thread).append(" ")));
  }
  const std::string t = "t";
  CHECK(edge(t + root, t + sigma0));  // its pager
  for (const std::string& thread : {serial, echo, shell}) CHECK(edge(t + thread, t + root));
  CHECK(has(dot, std::string("t").append(shell).append(" -> t").append(echo).append(" \\[ltail=[^\n]*label=\"echo\"\\]")));
  CHECK(has(dot, std::string("t").append(shell).append(" -> t").append(serial).append(" \\[ltail=[^\n]*label=\"serial\"\\]")));
  CHECK_FALSE(edge(t + echo, t + serial));
  CHECK(has(dot, std::string("label=\"interrupt 4\", shape=cds\\]; i4 -> t").append(serial).append(";")));
  CHECK(edge("i4", t + serial));
  // What a task holds is what is mapped to it, by the root server.
  const std::string memory = find(dot, "label=\"serial\\\\n[^}]*(m\\d+) \\[shape=box, [^\n]*label=\"0x[0-9a-f]+ \\d+ KiB\\\\l");
  CHECK(edge(t + root, memory));
}

TEST_CASE("picture: a system without a shell is told, and so is a kind of file that is none") {
  const TemporaryFolder folder;
  const Ran demo = run(SOURCES "/mica picture demo --icount --timeout 20 -o " + folder.path("demo.svg"));
  CHECK(demo.status != 0);
  CHECK(demo.output.find("mica: there was no picture") != std::string::npos);
  CHECK_FALSE(exists(folder.path("demo.svg")));
  const Ran gif = run(SOURCES "/mica picture -o x.gif");
  CHECK(gif.status != 0);
  CHECK(gif.output.find("x.gif is no .svg, .png, .pdf or .dot") != std::string::npos);
}
