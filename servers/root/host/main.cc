// SPDX-License-Identifier: MIT
// The host's checker of manifests (docs/manual/manifest.md):
//
//      manifest_check MANIFEST [FOLDER-or-ARCHIVE...]
//          Prints FILE:LINE: MESSAGE to standard error for everything that is wrong. With
//          folders or boot archives, also for each task whose program is in none of them, is no
//          program, or needs more memory than the task may have; the first that has a file counts.
//      manifest_check --programs MANIFEST [FOLDER-or-ARCHIVE...]
//          Also prints the files that the manifest needs, one a line, each once; nothing if
//          something is wrong.
//
// Ends with 0 if all is well, 1 if something is wrong, 2 after wrong use or if a file cannot be
// read.
#include <iostream>
#include <string>
#include <vector>

#include "manifest_check.h"

int main(int count, char** words) {
  const std::vector<std::string> arguments(words + 1, words + count);
  return root::host::manifest_check(arguments, std::cout, std::cerr);
}
