// SPDX-License-Identifier: MIT
// trace_export: a serial line's text on standard input, JSON on standard output.
#include <iostream>

#include "chrome_trace.h"

int main() {
  try {
    std::cout << trace_export::chrome_trace(std::cin).dump(1) << '\n';
  } catch (const trace_export::BadDump& bad) {
    std::cerr << "trace: " << bad.what() << '\n';
    return 1;
  }
  return 0;
}
