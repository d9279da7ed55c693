// Golden files, each run four ways: straight through at parallelism 1 and 3; from checkpoint to checkpoint, each taken
// after a few moves of the scheduler; and restored from the middle at parallelism 2. A file is
//
//   # a sentence: what it shows
//   pipeline NAME                  of pipelines.cpp
//   input                          key value seconds, in order of arrival
//   …
//   output                         lines in any order
//   …
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "pipelines.hpp"
#include "support/plan_runner.hpp"

using namespace weir;
using weir::testing::PlanRunner;

namespace {

struct GoldenFile {
  std::string title;
  std::string pipeline;
  std::vector<golden::Sample> input;
  std::vector<std::string> output;
};

GoldenFile read_golden(const std::filesystem::path& path) {
  GoldenFile file;
  std::ifstream in(path);
  std::string part;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string first;
    if (!(words >> first)) continue;
    if (first == "#") file.title += line.substr(1);
    else if (first == "pipeline") words >> file.pipeline;
    else if (first == "input" || first == "output") part = first;
    else if (part == "output") file.output.push_back(line);
    else {
      golden::Sample sample{first, 0, {}};
      REQUIRE_MESSAGE(static_cast<bool>(words >> sample.value >> sample.at.ms), path, ": not a sample: ", line);
      sample.at.ms *= 1000;
      file.input.push_back(sample);
    }
  }
  return file;
}

/// The lines in order, as one text: what differs is then shown.
std::string joined(std::vector<std::string> lines) {
  std::sort(lines.begin(), lines.end());
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

/// One run of a golden file's pipeline, in one or several attempts that share a sink.
class Trial {
 public:
  explicit Trial(const GoldenFile& file) : file_(file) {}

  /// Runs to the end, or is given up after a checkpoint that starts after `moves` moves. Continues the attempt before.
  void attempt(std::uint32_t parallelism, std::optional<std::size_t> moves, Barrier::Mode mode = Barrier::Mode::Aligned) {
    Pipeline pipeline("golden");
    const auto samples = pipeline.source("samples", collection(file_.input), {.parallelism = 1});
    golden::pipelines().at(file_.pipeline)(samples).sink("lines", lines_);
    PlanRunner runner(std::move(pipeline.graph()), {.parallelism = parallelism}, ++seed_, stored_.get());
    if (stored_) runner.continue_from(newest_);
    if (moves) runner.run_moves(*moves);
    else runner.run();
    REQUIRE((moves || runner.finished()));
    runner.trigger(mode);
    runner.run([&] { return runner.checkpoint() != nullptr; });
    REQUIRE(runner.checkpoint() != nullptr);
    newest_ = runner.publish();
    stored_ = runner.take_checkpoint();
  }

  std::string lines() const { return joined(lines_.records()); }

 private:
  const GoldenFile& file_;
  Collected<std::string> lines_;
  std::unique_ptr<StoredJob> stored_;
  CheckpointId newest_ = 0;
  std::uint64_t seed_ = 0;
};

}  // namespace

TEST_CASE("every golden file comes out the same four ways") {
  constexpr std::size_t kAttempts = 40;  // more than a file has records
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(WEIR_SOURCE_DIR) / "tests/golden/cases")) {
    const GoldenFile file = read_golden(entry.path());
    CAPTURE(entry.path().filename());
    CAPTURE(file.title);
    REQUIRE(golden::pipelines().contains(file.pipeline));
    ++files;
    const std::string expected = joined(file.output);
    for (const std::uint32_t parallelism : {1U, 3U}) {
      CAPTURE(parallelism);
      Trial straight(file);
      straight.attempt(parallelism, std::nullopt);
      CHECK(straight.lines() == expected);
    }
    for (const std::size_t moves : {1U, 2U, 5U, 13U}) {
      CAPTURE(moves);
      Trial stepwise(file);
      for (std::size_t attempt = 0; attempt < kAttempts; ++attempt) stepwise.attempt(3, moves);
      stepwise.attempt(3, std::nullopt);
      CHECK(stepwise.lines() == expected);

      Trial rescaled(file);
      // A savepoint's barrier never overtakes, so that lateness is exact at another parallelism too.
      rescaled.attempt(3, moves, Barrier::Mode::Savepoint);
      rescaled.attempt(2, std::nullopt);
      CHECK(rescaled.lines() == expected);
    }
  }
  CHECK(files >= golden::pipelines().size());
}
