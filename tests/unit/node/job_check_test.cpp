#include <weir/node/job_check.hpp>

#include <fstream>

#include <doctest/doctest.h>

#include "support/temporary_directory.hpp"

using namespace weir;

namespace {

/// What is said of a bundle when the program that looks at it does so.
std::string refusal(const std::string& script) {
  const testing::TemporaryDirectory directory;
  const std::filesystem::path program = directory / "weir";
  std::ofstream(program) << "#!/bin/sh\n" << script << '\n';
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  const auto checked = check_job({.program = program.string()}, "/none.so", {});
  return checked ? "" : checked.error().message;
}

}  // namespace

TEST_CASE("what is wrong with a job is told as the process that reads it says, or by how that ended") {
  CHECK(refusal("echo noise; echo 'weir: error: option --input is missing'; exit 2") == "option --input is missing");
  CHECK(refusal("kill -SEGV $$") == "the process that reads the bundle was killed by signal 11 (Segmentation fault)");
  CHECK(refusal("exit 139") == "the process that reads the bundle ended with status 139");
  CHECK(check_job({.program = "/no/such/weir"}, "/none.so", {}).error().message == "the process that reads the bundle could not be started: /no/such/weir");
}

TEST_CASE("a job that has nothing wrong with it says what it writes") {
  const testing::TemporaryDirectory directory;
  std::ofstream(directory / "weir") << "#!/bin/sh\nprintf 'noise\\n{\\n\"writes\": [\"/out\"]\\n}\\n'\n";
  std::filesystem::permissions(directory / "weir", std::filesystem::perms::owner_all);
  CHECK(check_job({.program = (directory / "weir").string()}, "/none.so", {}).value().writes == std::vector<std::string>{"/out"});
}

TEST_CASE("the process that reads a bundle has no more memory than a worker") {
  const testing::TemporaryDirectory directory;
  std::ofstream(directory / "weir") << "#!/bin/sh\necho \"weir: error: $(ulimit -d)\"; exit 2\n";
  std::filesystem::permissions(directory / "weir", std::filesystem::perms::owner_all);
  const auto checked = check_job({.program = (directory / "weir").string(), .memory_bytes = 64 << 20}, "/none.so", {});
  CHECK(checked.error().message == "65536");
}
