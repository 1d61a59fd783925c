// SPDX-License-Identifier: MIT
#include "programs.h"

#include "image.h"

namespace root {

void check_program(const Manifest& manifest, const TaskSpec& task,
                   std::optional<std::span<const unsigned char>> file, Complaints& complaints) {
  if (task.program.empty()) return;  // the manifest's fault, which has been told
  const auto complain = [&](Complaints::Parts parts) {
    complaints.add(manifest.line_of(task.program),
                   {"task ", quoted(task.name), ": program: ", quoted(task.program), ": "}, parts);
  };
  if (!file) return complain({"there is no such file"});
  const mica::ElfImage image = mica::read_elf(*file);
  if (const char* const fault = image_fault(image)) return complain({fault});
  const Word size = image_size(image);
  if (size > task.memory) {
    complain({"the image needs ", size >> 10, "K, of ", task.memory >> 10, "K of memory"});
  }
}

void check_programs(const Manifest& manifest, const Archive& archive, Complaints& complaints) {
  for (const TaskSpec& task : manifest.tasks) {
    const auto file = archive.find(task.program);
    check_program(manifest, task, file ? std::optional(file->data) : std::nullopt, complaints);
  }
}

}  // namespace root
