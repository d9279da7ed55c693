// Whose file it is.
#include <doctest/doctest.h>

#include <fstream>

#include <weir/node/output_claims.hpp>
#include <weir/node/output_files.hpp>
#include <weir/weir.hpp>

#include "support/temporary_directory.hpp"

using namespace weir;
using weir::testing::TemporaryDirectory;

namespace {

/// A job that copies lines from a file to files.
JobGraph copying(const std::string& input, const std::vector<std::filesystem::path>& outputs) {
  Pipeline pipeline("copy");
  const auto lines = pipeline.source("lines", TextLines{.path = input});
  int number = 0;
  for (const auto& output : outputs) lines.sink("sink" + std::to_string(++number), RowFile{output, RowFormat::Text});
  return pipeline.graph();
}

std::string refusal(const JobGraph& graph) {
  try {
    const OutputClaims claims(graph);
    return "";
  } catch (const Failure& failure) {
    return failure.what();
  }
}

}  // namespace

TEST_CASE("a file is one job's at a time, under all of its names") {
  const TemporaryDirectory directory;
  std::filesystem::create_directory_symlink(directory.path(), directory / "link");
  const JobGraph job = copying("in", {directory / "out.csv"});
  {
    const OutputClaims claims(job);
    CHECK(refusal(job) == "sink 'sink1' cannot write " + (directory / "out.csv").string() + ": process " + std::to_string(getpid()) +
                              " is writing it; stop it first, or name another file");
    CHECK(refusal(copying("in", {directory / "link/out.csv"})).find("is writing it") != std::string::npos);
    CHECK(refusal(copying("in", {directory / "other.csv"})).empty());
  }
  CHECK(refusal(job).empty());
  CHECK(!std::filesystem::exists(directory / "out.csv"));
  CHECK(std::distance(std::filesystem::directory_iterator(directory.path()), {}) == 1);  // the link: no lock is left
}

TEST_CASE("a lock file that a killed job left is no claim") {
  const TemporaryDirectory directory;
  std::ofstream(directory / ".out.csv.lock") << "1";
  CHECK(refusal(copying("in", {directory / "out.csv"})).empty());
}

TEST_CASE("a file that is there is one job's at a time under its hard links too, and a refusal leaves no lock") {
  const TemporaryDirectory directory;
  std::ofstream(directory / "out.csv") << "row\n";
  std::filesystem::create_hard_link(directory / "out.csv", directory / "twin.csv");
  const OutputClaims claims(copying("in", {directory / "out.csv"}));
  CHECK(refusal(copying("in", {directory / "twin.csv"})) == "sink 'sink1' cannot write " + (directory / "twin.csv").string() +
                                                                ": a process that knows it by another name is writing it; stop it first, or name another file");
  CHECK(!std::filesystem::exists(directory / ".twin.csv.lock"));
}

TEST_CASE("two sinks of one job do not write one file") {
  const TemporaryDirectory directory;
  CHECK(refusal(copying("in", {directory / "a.csv", directory / "sub/../a.csv"})) ==
        "sinks 'sink1' and 'sink2' would both write " + (directory / "sub/../a.csv").string() + "; name another file for one");
  std::ofstream(directory / "b.csv") << "row\n";
  std::filesystem::create_hard_link(directory / "b.csv", directory / "twin.csv");
  CHECK(refusal(copying("in", {directory / "b.csv", directory / "twin.csv"})) ==
        "sinks 'sink1' and 'sink2' would both write " + (directory / "twin.csv").string() + "; name another file for one");
}

TEST_CASE("a file that an option names is neither the job's input nor its output") {
  const TemporaryDirectory directory;
  std::ofstream(directory / "in.txt") << "line\n";
  const JobGraph job = copying(directory / "in.txt", {directory / "out.csv"});
  CHECK_THROWS_WITH_AS(require_own_file(job, "stats", directory / "./in.txt"),
                       ("option --stats would write into the input of source 'lines': " + (directory / "./in.txt").string() + "; name another file").c_str(), Failure);
  CHECK_THROWS_WITH_AS(require_own_file(job, "stats", directory / "out.csv"),
                       ("option --stats would write into the output of sink 'sink1': " + (directory / "out.csv").string() + "; name another file").c_str(), Failure);
  require_own_file(job, "stats", directory / "stats.json");
}

TEST_CASE("a directory of part files belongs to one sink for each prefix") {
  const TemporaryDirectory directory;
  const auto job = [&](const std::string& prefix) {
    Pipeline pipeline("copy");
    pipeline.source("lines", TextLines{.path = "in"})
        .sink("sink", Files{.directory = directory / "parts", .format = RowFormat::Text, .prefix = prefix});
    return pipeline.graph();
  };
  const OutputClaims claims(job("a"));
  CHECK(refusal(job("a")).find("is writing it") != std::string::npos);
  CHECK(refusal(job("b")).empty());
}

TEST_CASE("a job does not write into what it reads") {
  const TemporaryDirectory directory;
  std::ofstream(directory / "a.txt") << "line\n";
  std::filesystem::create_hard_link(directory / "a.txt", directory / "twin.txt");
  const auto refused = [&](const std::filesystem::path& input, const std::filesystem::path& output) {
    return refusal(copying(input, {output})).find("would write into the input of source 'lines'") != std::string::npos;
  };
  CHECK(refusal(copying(directory / "a.txt", {directory / "a.txt"})) ==
        "sink 'sink1' would write into the input of source 'lines': " + (directory / "a.txt").string() + "; name another file");
  CHECK(refusal(copying(directory / "*.txt", {directory / "a.txt"})) ==
        "sink 'sink1' would write into the input of source 'lines': " + (directory / "a.txt").string() + " is read as " +
            (directory / "*.txt").string() + "; name another file");
  CHECK(refused(directory / "a.txt", directory / "./sub/../a.txt"));
  CHECK(refused(directory / "a.txt", directory / "twin.txt"));
  CHECK(refused(directory / "*.txt", directory / "new.txt"));
  CHECK(refused(directory.path(), directory / "new.csv"));
  CHECK(!refused(directory / "a.txt", directory / "b.txt"));
  CHECK(!refused(directory / "*.txt", directory / "new.csv"));
  std::filesystem::create_directory(directory / "sub");
  CHECK(!refused(directory / "*.txt", directory / "sub/new.txt"));
  CHECK(!refused(directory.path(), directory / "sub/new.csv"));
}
