// SPDX-License-Identifier: MIT
// A program of Linux: it has never heard of L4, and runs on Linux too. The personality
// (servers/personality) serves its system calls.
#include "calls.h"

LINUX_START;

extern "C" void run(long count, char** arguments) {
  using namespace linux_abi;
  struct {
    char system[65], node[65], release[65], version[65], machine[65], domain[65];
  } name;
  say("linux: hello from ");
  if (call(uname, address(&name)) == 0) say(name.system);
  for (long i = 1; i < count; ++i) say(" "), say(arguments[i]);
  say("\n");

  // A heap by brk, as small allocators have it.
  const Word heap = static_cast<Word>(call(brk));
  const Word size = 100000;
  if (static_cast<Word>(call(brk, heap + size)) != heap + size) end(1);
  char* const text = reinterpret_cast<char*>(heap);
  const char line[] = "linux: this line lies in a heap of 100000 bytes\n";
  for (unsigned i = 0; i < sizeof(line); ++i) text[size - sizeof(line) + i] = line[i];
  say(text + size - sizeof(line));
  end(0);
}
