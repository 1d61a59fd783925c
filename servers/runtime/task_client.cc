// SPDX-License-Identifier: MIT
// What a task of the root server asks of it as a matter of course.
#include <mica/root.h>

#include "program.h"

namespace mica {

void register_name(std::string_view name) {
  const auto done = call<Root::register_name>(root_server(), Name(name));
  if (done) return;
  runtime::print("{}: the name {}: {}\n", this_task().name, name, text(done.error()));
  runtime::exit(1);
}

std::string_view argument(std::string_view name) {
  std::string_view rest = this_task().arguments;
  while (!rest.empty()) {
    while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
    std::size_t n = 0;
    while (n < rest.size() && rest[n] != ' ') ++n;
    const std::string_view word = rest.substr(0, n);
    rest.remove_prefix(n);
    if (word == name) return word;
    if (word.size() > name.size() && word.starts_with(name) && word[name.size()] == '=') {
      return word.substr(name.size() + 1);
    }
  }
  return {};
}

}  // namespace mica
