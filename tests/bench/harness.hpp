// A figure for a stream processor says little by itself: machines differ. Every case therefore runs the engine beside
// the loop that a good engineer would write by hand over the same records in memory, alternately in one process, and
// reports what both do per second of wall time and per second of processor time ("per core": an engine that
// keeps two cores busy has to do twice the work to be as good), with median and spread, and the ratio between them.
//
// Both must compute the same: a run yields a checksum, and a case whose checksums differ is an error. Time is never
// asserted; a target is printed beside the ratio. The rest is Google Benchmark: filters, JSON, and cases without a loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

namespace bench {

enum class Scale : std::uint8_t { Small, Full };

struct Settings {
  Scale scale = Scale::Small;

  int repetitions() const { return scale == Scale::Full ? 7 : 5; }
  /// The number of records, events or keys for which figures are published, or a fifth of it for a quick look.
  std::size_t scaled(std::size_t full) const { return scale == Scale::Full ? full : full / 5; }
};

/// What a run yields, and what is to be taken apart when the clock has stopped.
struct Outcome {
  std::uint64_t checksum = 0;
  std::shared_ptr<void> remains;  // owned by whoever holds the outcome
};

struct Contender {
  std::string name;
  std::function<Outcome()> run;
};

/// The engine beside one or more loops; the first is the one that the target is about.
struct Comparison {
  std::uint64_t records = 0;
  Contender engine;
  std::vector<Contender> loops;
  double target = 0;  // the least ratio engine/loop per core that we want; 0: none
};

/// What one run took. Processor time is that of all threads.
struct Cost {
  double wall_s = 0;
  double cpu_s = 0;
};

/// Runs `work` and tells what it took.
Cost measure(const std::function<void()>& work);

/// Median, quartiles and extremes, for samples in any order.
struct Spread {
  double min = 0;
  double lower = 0;  // quartile
  double median = 0;
  double upper = 0;
  double max = 0;
};
Spread spread_of(std::vector<double> samples);

/// Registers a comparison; `make` loads the records when the case is about to run.
void add_comparison(const Settings& settings, const std::string& name, std::function<Comparison()> make);

/// Registers a case that states figures of its own, by putting them into the counters.
void add_figures(const std::string& name, std::function<void(benchmark::UserCounters&)> measure);

/// Prints comparisons as a table and other cases as a line each. Remembers whether one failed.
class ResultTable final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context& context) override;
  void ReportRuns(const std::vector<Run>& runs) override;

  bool failed() const { return failed_; }

 private:
  void print_comparison(const Run& run);
  void print_figures(const Run& run);

  bool header_printed_ = false;
  bool failed_ = false;
};

}  // namespace bench
