// SPDX-License-Identifier: MIT
// The microscope's names, files and pages.
#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "bench/scope/html.h"
#include "bench/scope/output_file.h"
#include "bench/scope/record.h"
#include "bench/scope/source_lines.h"
#include "bench/scope/symbols.h"

using namespace scope;

namespace {

class Folder {
 public:
  Folder() { std::filesystem::create_directory(path_); }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string path(const std::string& name) const { return path_ + "/" + name; }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_), {}));
  }

 private:
  std::string path_ = std::filesystem::temp_directory_path() / ("mica-scope-" + std::to_string(getpid()));
};

std::string content(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE("microscope, symbols: names of addresses, addresses of names") {
  const Folder folder;
  std::ofstream(folder.path("nm")) << "\nkernel.elf:\n"
                                      "0000000000001000 T start\n"
                                      "0000000000001000 t start_too\n"
                                      "0000000000001040 t bench::(anonymous namespace)::echo(unsigned long)\n"
                                      "0000000000001080 W twice(int)\n"
                                      "00000000000010c0 t twice(long)\n"
                                      "0000000000001100 t f<(K)1>(int) [clone .isra.0]\n"
                                      "0000000000003000 T kernel_start\n"
                                      "0000000000003000 T syscall_entry\n"
                                      "0000000000003000 T text_start\n"
                                      "0000000000001200 D data\n"
                                      "                 U undefined\n";
  Symbols symbols;
  CHECK_FALSE(symbols.read(folder.path("none")));
  REQUIRE(symbols.read(folder.path("nm")));
  CHECK(symbols.name(0xfff) == "?");
  CHECK(symbols.name(0x1000) == "start");
  CHECK(symbols.place(0x103f) == "start+0x3f");
  CHECK(symbols.place(0x1040) == "bench::(anonymous namespace)::echo(unsigned long)+0x0");
  CHECK(symbols.name(0x1208) == "f<(K)1>(int) [clone .isra.0]");  // data is no function
  CHECK(symbols.name(0x3001) == "syscall_entry");  // no bound of a section
  CHECK(symbols.name(0x20000) == "?");
  std::string error;
  CHECK(resolve(symbols, "start_too", error) == 0x1000);
  CHECK(resolve(symbols, "bench::(anonymous namespace)::echo", error) == 0x1040);
  CHECK(resolve(symbols, "twice(long)", error) == 0x10c0);
  CHECK(resolve(symbols, "f<(K)1>", error) == 0x1100);
  CHECK(resolve(symbols, "0xFFFFffff80000000", error) == 0xffff'ffff'8000'0000);
  CHECK(error.empty());
  resolve(symbols, "twice", error);
  CHECK(error == "there are several functions 'twice'; give one's address: 0x1080 0x10c0");
  resolve(symbols, "echo", error);
  CHECK(error.find("no function 'echo'") != std::string::npos);
  for (const char* const bad : {"0x", "0x12g", "0x11112222333344445"}) {
    CAPTURE(bad);
    resolve(symbols, bad, error);
    CHECK(error.find("is no address") != std::string::npos);
  }
}

TEST_CASE("microscope, page: nothing in the data ends the script, nothing in the title is markup") {
  CHECK(escape_html("a<b> & \"c\" 'd'") == "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;");
  CHECK(for_script(R"({"a":"</script><!--&"})") == R"({"a":"\u003c/script\u003e\u003c!--\u0026"})");
  CHECK(fill_page("<t>@@TITLE@@</t>@@ @@DATA@@@@", "<x>", "{\"a\":\"@@TITLE@@<\"}") ==
        "<t>&lt;x&gt;</t>@@ {\"a\":\"@@TITLE@@\\u003c\"}@@");
}

TEST_CASE("microscope, source lines: what addr2line answers") {
  SourceLines lines;
  add_lines(lines, {1, 2, 3, 4, 5}, "/a/b/ipc.cc:42\n??:0\nipc.S:7 (discriminator 2)\n/a/x.cc:?\n");
  CHECK(lines == SourceLines{{1, "ipc.cc:42"}, {3, "ipc.S:7"}});
}

TEST_CASE("microscope, files: all or none") {
  const Folder folder;
  CHECK(write_all({{folder.path("a"), "1"}, {folder.path("b"), "2"}}).empty());
  CHECK(content(folder.path("b")) == "2");
  const std::string failed = write_all({{folder.path("a"), "new"}, {folder.path("none/b"), "2"}});
  CHECK(failed.find("none/b") != std::string::npos);
  CHECK(content(folder.path("a")) == "1");
  CHECK(folder.files() == 2);
  CHECK_FALSE(write_whole(folder.path("none/c"), "3"));
}

TEST_CASE("microscope, record: it comes back as it was, and not at all when it is spoiled") {
  const Folder folder;
  Record record;
  record.begin = "f";
  record.end_passes = 7;
  record.instructions = {
      {.address = 1, .physical = 2, .size = 3, .side = kernel, .kind = Kind::lock, .text = "x"}};
  record.windows[5] = {
      {{.instruction = 0}, {.address = 9, .instruction = 0, .what = Event::store}}, {1, 2}, {}, true};
  const std::string path = folder.path("record");
  REQUIRE(save(record, path));
  Record back;
  CHECK(load(back, path).empty());
  CHECK(back.begin == "f");
  CHECK(back.end_passes == 7);
  REQUIRE(back.instructions.size() == 1);
  CHECK(back.instructions[0].text == "x");
  CHECK(back.instructions[0].kind == Kind::lock);
  REQUIRE(back.windows[5].trace.size() == 2);
  CHECK(back.windows[5].trace[1].what == Event::store);
  CHECK(back.windows[5].cut);

  const std::string bytes = content(path);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    REQUIRE(write_whole(path, bytes.substr(0, size)));
    Record none;
    CHECK_FALSE(load(none, path).empty());
  }
  REQUIRE(write_whole(path, bytes + "x"));
  CHECK_FALSE(load(back, path).empty());
  record.windows[5].trace[1].instruction = 1;  // there is none
  REQUIRE(save(record, path));
  CHECK_FALSE(load(back, path).empty());
  CHECK_FALSE(load(back, folder.path("none")).empty());
}
