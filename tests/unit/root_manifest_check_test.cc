// SPDX-License-Identifier: MIT
// The host's checker of manifests: what it prints, and how it ends.
#include "servers/root/host/manifest_check.h"

#include <doctest/doctest.h>

#include <sstream>
#include <vector>

#include "archive_maker.h"
#include "elf_file.h"
#include "manifest_fixture.h"
#include "temporary_folder.h"

using namespace mica::test;

namespace {

struct Outcome {
  int status;
  std::string out, error;
};

Outcome run(const std::vector<std::string>& arguments) {
  std::ostringstream out, error;
  const int status = root::host::manifest_check(arguments, out, error);
  return {status, out.str(), error.str()};
}

std::string as_text(const std::vector<unsigned char>& bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

TEST_CASE("manifest_check: a good manifest, with and without programs") {
  const TemporaryFolder folder;
  const std::string manifest =
      folder.write("m", good_task("a") + "task b\nprogram b.elf\nmemory 64K\n" + good_task("c"));
  const std::string elf = as_text(good_elf().bytes());
  folder.write("a.elf", elf);
  const std::string archive = folder.write("x.tar", as_text(ArchiveMaker().add("b.elf", elf).end().bytes()));
  CHECK(run({manifest}).status == 0);
  CHECK(run({manifest}).out + run({manifest}).error == "");
  CHECK(run({"--programs", manifest}).out == "a.elf\nb.elf\n");
  const Outcome both = run({"--programs", manifest, folder.path().string(), archive});
  CHECK(both.status == 0);
  CHECK(both.out == "a.elf\nb.elf\n");
  CHECK(both.error == "");
  const Outcome one = run({manifest, archive});
  CHECK(one.status == 1);
  CHECK(one.error == manifest + ":2: task 'a': program: 'a.elf': there is no such file\n" + manifest +
                         ":9: task 'c': program: 'a.elf': there is no such file\n");
}

TEST_CASE("manifest_check: the first place that has the file counts") {
  const TemporaryFolder folder;
  const std::string manifest = folder.write("m", good_task());
  folder.write("a.elf", "text");
  const std::string archive =
      folder.write("x.tar", as_text(ArchiveMaker().add("a.elf", as_text(good_elf().bytes())).bytes()));
  CHECK(run({manifest, archive, folder.path().string()}).status == 0);
  CHECK(run({manifest, folder.path().string(), archive}).error ==
        manifest + ":2: task 'a': program: 'a.elf': not an ELF file\n");
}

TEST_CASE("manifest_check: all errors are printed, and no programs then") {
  const TemporaryFolder folder;
  const std::string manifest = folder.write("m", good_task("a", "priority 0\nthreads 0"));
  const Outcome outcome = run({"--programs", manifest});
  CHECK(outcome.status == 1);
  CHECK(outcome.out == "");
  CHECK(outcome.error == manifest + ":4: task 'a': priority: '0' is not in 1 .. 254\n" + manifest +
                             ":5: task 'a': threads: '0' is not in 1 .. 64\n");
  std::string wrong;
  for (int i = 0; i < 40; ++i) wrong += "wrong\n";
  const Outcome many = run({folder.write("n", wrong)});
  CHECK(many.error.find("n:32: unknown word 'wrong'\n") != std::string::npos);
  CHECK(many.error.ends_with("n: more may be wrong\n"));
}

TEST_CASE("manifest_check: bad archives, missing files, wrong use") {
  const TemporaryFolder folder;
  const std::string manifest = folder.write("m", good_task());
  const std::string cut = folder.write("x.tar", "short");
  CHECK(run({manifest, cut}).status == 1);
  CHECK(run({manifest, cut}).error.starts_with(cut + ": the archive ends inside a header\n"));
  const std::string nowhere = (folder.path() / "none").string();
  CHECK(run({nowhere}).status == 2);
  CHECK(run({nowhere}).error == nowhere + ": cannot be read\n");
  CHECK(run({manifest, nowhere}).status == 2);
  CHECK(run({folder.path().string()}).status == 2);
  for (const auto& arguments :
       {std::vector<std::string>{}, {"--programs"}, {"--help"}, {"--programs", "-x"}}) {
    CHECK(run(arguments).status == 2);
    CHECK(run(arguments).error.starts_with("use: manifest_check"));
  }
}
