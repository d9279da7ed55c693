// I8, a sink publishes only what a complete checkpoint covers, and what it publishes is there once: for random jobs that
// crash, lose power, meet full disks and unreadable checkpoints at random calls.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <sstream>

#include "support/sink_trial.hpp"
#include "support/temporary_directory.hpp"

using namespace weir;
using namespace weir::testing;

namespace {

struct Trouble {
  std::uint64_t call = 0;
  enum class Kind : std::uint8_t { Crash, PowerLoss, FullDisk, LostCheckpoint } kind = Kind::Crash;
};

TrialScript any_script() {
  const auto step =
      rc::gen::oneOf(rc::gen::map(rc::gen::inRange<std::int64_t>(0, 5),
                                  [](std::int64_t rows) {
                                    return TrialStep{TrialStep::Kind::Write, rows};
                                  }),
                     rc::gen::just(TrialStep{TrialStep::Kind::Snapshot, 0}),
                     rc::gen::just(TrialStep{TrialStep::Kind::Complete, 0}),
                     rc::gen::map(rc::gen::inRange<std::int64_t>(1, 900), [](std::int64_t ms) {
                       return TrialStep{TrialStep::Kind::Advance, ms};
                     }));
  return *rc::gen::container<TrialScript>(step);
}

std::vector<Trouble> any_troubles() {
  const auto trouble =
      rc::gen::map(rc::gen::pair(rc::gen::inRange<std::uint64_t>(0, 60), rc::gen::inRange(0, 4)),
                   [](const auto& drawn) {
                     return Trouble{drawn.first, static_cast<Trouble::Kind>(drawn.second)};
                   });
  return *rc::gen::resize(6, rc::gen::container<std::vector<Trouble>>(trouble));
}

/// Runs the job to its end through all troubles; `check` sees the disk after each.
template <class Check>
void survive(SinkTrial& trial, const std::vector<Trouble>& troubles, Check check) {
  for (const Trouble& trouble : troubles) {
    if (trouble.kind == Trouble::Kind::FullDisk)
      trial.files().fail_at(trouble.call);
    else
      trial.files().crash_at(trouble.call);
    const bool ended = trial.run();
    if (!ended) check();
    if (trouble.kind == Trouble::Kind::PowerLoss) trial.files().lose_power();
    if (trouble.kind == Trouble::Kind::LostCheckpoint) trial.lose_newest_checkpoint();
    trial.files().reset();
  }
  RC_ASSERT(trial.run());
}

std::string csv_of(std::int64_t rows) {
  const CsvFormat<TrialRow> format;
  std::string text = format.header();
  for (std::int64_t n = 0; n < rows; ++n) format.append(text, trial_row(n));
  return text;
}

std::vector<std::int64_t> published(const std::filesystem::path& directory) {
  std::vector<std::int64_t> numbers;
  for (const auto& path : real_file_system().list(directory, FileSystem::Depth::Recursive)) {
    if (path.filename().string().front() == '.') continue;
    std::istringstream lines(content(path));
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line)) numbers.push_back(std::stoll(line));
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

bool all_below(const std::vector<std::int64_t>& rows, std::int64_t end) {
  return rows.empty() || rows.back() < end;
}

bool all_different(const std::vector<std::int64_t>& rows) {
  return std::adjacent_find(rows.begin(), rows.end()) == rows.end();
}

}  // namespace

TEST_CASE("a file holds every row once, in order, whatever happens") {
  CHECK(rc::check([] {
    const TemporaryDirectory directory;
    const auto path = directory / "out.csv";
    SinkTrial trial(
        [path](FileSystem& files) {
          return std::make_unique<RowFileWriter<CsvFormat<TrialRow>>>(CsvFormat<TrialRow>(), path,
                                                                      files);
        },
        any_script(), *rc::gen::arbitrary<std::uint64_t>());
    survive(trial, any_troubles(),
            [&] { RC_ASSERT(csv_of(trial.covered()).starts_with(content(path))); });
    RC_ASSERT(content(path) == csv_of(trial.rows()));
    RC_ASSERT(real_file_system().list(directory.path(), FileSystem::Depth::Flat).size() == 1u);
  }));
}

TEST_CASE("a directory holds every row once, whatever happens") {
  CHECK(rc::check([] {
    const TemporaryDirectory directory;
    PartOptions options;
    options.directory = directory / "out";
    options.suffix = ".csv";
    options.roll_bytes = *rc::gen::inRange<std::uint64_t>(10, 80);
    options.roll_after = Duration(1000);
    options.max_open_parts = *rc::gen::inRange<std::size_t>(1, 4);
    const auto bucket_of = [](const TrialRow& row) { return std::to_string(row.number % 3); };
    SinkTrial trial(
        [&](FileSystem& files) {
          return std::make_unique<FilesWriter<CsvFormat<TrialRow>, decltype(bucket_of)>>(
              CsvFormat<TrialRow>(), bucket_of, options, files);
        },
        any_script(), *rc::gen::arbitrary<std::uint64_t>());
    survive(trial, any_troubles(), [&] {
      const auto rows = published(options.directory);
      RC_ASSERT(all_different(rows));
      RC_ASSERT(all_below(rows, trial.covered()));
    });
    const auto rows = published(options.directory);
    RC_ASSERT(static_cast<std::int64_t>(rows.size()) == trial.rows());
    RC_ASSERT(all_different(rows));
  }));
}
