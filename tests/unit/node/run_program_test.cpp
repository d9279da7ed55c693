#include <weir/node/run_program.hpp>

#include <csignal>

#include <doctest/doctest.h>

using namespace weir;

namespace {

Result<ProgramRun> shell(const std::string& script, std::chrono::milliseconds limit = std::chrono::minutes(1)) {
  return run_program({"/bin/sh", "-c", script}, {.time = limit});
}

}  // namespace

TEST_CASE("a program's output and exit status are returned") {
  const auto run = shell("echo out; echo err >&2; exit 3").or_throw();
  CHECK(run.status == 3);
  CHECK(run.output == "out\nerr\n");
  CHECK(shell("kill -SEGV $$").or_throw().signal == SIGSEGV);
  CHECK(run_program({"/no/such/program"}, {.time = std::chrono::minutes(1)}).or_throw().status == kNotStarted);
}

TEST_CASE("of endless output a part is kept, and a program that does not end is ended") {
  CHECK(shell("head -c 3000000 /dev/zero").or_throw().output.size() == 1 << 20);
  CHECK(!shell("while :; do :; done", std::chrono::milliseconds(50)));
}
