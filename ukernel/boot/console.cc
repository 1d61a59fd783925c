// SPDX-License-Identifier: MIT
#include "console.h"

#include "font.h"

namespace mica {

namespace {

constexpr u16 serial_port = 0x3f8;
constexpr u16 exit_port = 0xf4;       // QEMU's isa-debug-exit
constexpr u8 exit_boot_failed = 0x21;  // QEMU's status is 67

void out(u16 port, u8 value) { asm volatile("outb %0, %1" : : "a"(value), "Nd"(port)); }

u8 in(u16 port) {
  u8 value;
  asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

void serial_start() {
  out(serial_port + 1, 0);     // no interrupts
  out(serial_port + 3, 0x80);  // the next two are the divisor: 115200 baud
  out(serial_port + 0, 1);
  out(serial_port + 1, 0);
  out(serial_port + 3, 3);     // 8 bits, no parity, 1 stop bit
}

void serial_put(char c) {
  constexpr u8 sender_empty = 0x20;
  for (unsigned tries = 0; (in(serial_port + 5) & sender_empty) == 0 && tries < 100000; ++tries) {}
  out(serial_port, static_cast<u8>(c));
}

// Screen state. Without a word from the loader it is what PCs start with.
constexpr u8 kind_text = 2;
Framebuffer screen{0xb8000, 160, 80, 25, 16, kind_text, 0};
u32 column = 0, row = 0;

bool screen_reachable() {
  return screen.base != 0 && screen.base + u64{screen.pitch} * screen.height <= u64{4} << 30;
}

u32 columns() { return screen.type == kind_text ? screen.width : screen.width / Font::width; }
u32 rows() { return screen.type == kind_text ? screen.height : screen.height / Font::height; }

void put_pixel(u32 x, u32 y, bool set) {
  const u32 bytes = (u32{screen.bits} + 7) / 8;
  auto* const pixel = reinterpret_cast<volatile u8*>(screen.base + u64{y} * screen.pitch + u64{x} * bytes);
  for (u32 i = 0; i < bytes; ++i) pixel[i] = set ? 0xff : 0;
}

void draw(char c) {
  if (screen.type == kind_text) {
    constexpr u16 white_on_red = 0x4f00;
    auto* const cell = reinterpret_cast<volatile u16*>(screen.base + u64{row} * screen.pitch) + column;
    *cell = static_cast<u16>(white_on_red | static_cast<u8>(c));
    return;
  }
  for (u32 y = 0; y < Font::height; ++y) {
    for (u32 x = 0; x < Font::width; ++x) {
      put_pixel(column * Font::width + x, row * Font::height + y, Font::pixel(c, x, y));
    }
  }
}

void screen_put(char c) {
  if (!screen_reachable()) return;
  if (c == '\n' || column == columns()) {
    column = 0;
    ++row;
  }
  if (c < ' ' || row >= rows()) return;
  draw(c);
  ++column;
}

void print(std::string_view text) {
  for (const char c : text) {
    if (c == '\n') serial_put('\r');
    serial_put(c);
    screen_put(c);
  }
}

}  // namespace

void set_screen(const Framebuffer& framebuffer) {
  if (framebuffer.base != 0) screen = framebuffer;
}

void stop(std::initializer_list<std::string_view> parts) {
  serial_start();
  print("mica boot: ");
  for (const std::string_view part : parts) print(part);
  print("\n");
  out(exit_port, exit_boot_failed);
  while (true) asm volatile("cli; hlt");
}

}  // namespace mica
