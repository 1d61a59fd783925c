// SPDX-License-Identifier: MIT
// A boot failure is also seen on the screen: VGA text, and a framebuffer.
#include <doctest/doctest.h>

#include <sstream>

#include "boot/font.h"
#include "files.h"
#include "machine.h"

namespace {

const std::string message = "mica boot: module 0 (kernel): missing";

// The top line of a screen dump, read with the font it was written with.
std::string read_picture(const std::string& ppm, std::size_t letters) {
  std::istringstream stream(ppm);
  std::string form;
  std::size_t width = 0, height = 0, depth = 0;
  stream >> form >> width >> height >> depth;
  stream.get();
  REQUIRE(form == "P6");
  const std::size_t start = static_cast<std::size_t>(stream.tellg());
  REQUIRE(ppm.size() >= start + width * height * 3);
  const auto lit = [&](std::size_t x, std::size_t y) {
    return static_cast<unsigned char>(ppm[start + (y * width + x) * 3]) > 127;
  };
  std::string text;
  for (std::size_t column = 0; column < letters; ++column) {
    char found = '\0';
    for (char c = ' '; c <= '~' && found == '\0'; ++c) {
      bool same = true;
      for (unsigned y = 0; y < mica::Font::height; ++y) {
        for (unsigned x = 0; x < mica::Font::width; ++x) {
          same = same && lit(column * mica::Font::width + x, y) == mica::Font::pixel(c, x, y);
        }
      }
      if (same) found = c;
    }
    text += found == '\0' ? '~' : found;
  }
  return text;
}

std::string read_text_screen(const std::string& memory) {
  std::string text;
  for (std::size_t i = 0; i + 1 < memory.size(); i += 2) text += memory[i];
  return text;
}

}  // namespace

TEST_CASE("screen: VGA text shows the failure") {
  const TemporaryFolder folder;
  const std::string dump = folder.path("dump");
  const Outcome outcome =
      Machine().without_exit().kernel({}).run_until("missing", "pmemsave 0xb8000 4000 \"" + dump + "\"");
  CHECK(outcome.says(message));
  CHECK(read_text_screen(read_file(dump)).find(message) == 0);
}

TEST_CASE("screen: VGA text shows that there is no long mode") {
  const TemporaryFolder folder;
  const std::string dump = folder.path("dump");
  Machine().without_exit().cpu("qemu32").kernel({}).run_until("needed",
                                                              "pmemsave 0xb8000 4000 \"" + dump + "\"");
  CHECK(read_text_screen(read_file(dump)).find("mica boot: this CPU has no long mode") == 0);
}

TEST_CASE("screen: a framebuffer shows the failure, started by BIOS and by UEFI") {
  for (const bool uefi : {false, true}) {
    CAPTURE(uefi);
    const TemporaryFolder folder;
    const std::string dump = folder.path("dump.ppm");
    Machine machine;
    machine.real_time().without_exit().cdrom(make_iso(folder, {}));
    if (uefi) machine.uefi();
    const Outcome outcome = machine.run_until("missing", "screendump \"" + dump + "\"", 120);
    CHECK(outcome.says(message));
    CHECK(read_picture(read_file(dump), message.size()) == message);
  }
}
