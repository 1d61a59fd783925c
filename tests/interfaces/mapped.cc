// SPDX-License-Identifier: MIT
// A task that has a region mapper, and does nothing.
#include <mica/regions.h>
#include <runtime/program.h>

int main() {
  for (;;) L4_Sleep(L4_Never);
}
