#include "harness.hpp"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <stdexcept>

namespace bench {
namespace {

double seconds(const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; }

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// All that was measured of one contender.
struct Samples {
  std::vector<double> per_second;
  std::vector<double> per_core;
};

void add_spread(benchmark::UserCounters& counters, const std::string& name, const Spread& spread) {
  counters[name + "_min"] = spread.min;
  counters[name + "_lower_quartile"] = spread.lower;
  counters[name + "_median"] = spread.median;
  counters[name + "_upper_quartile"] = spread.upper;
  counters[name + "_max"] = spread.max;
}

/// The ratio of runs that followed each other: what slows the machine down for a while slows both.
Spread ratios(const std::vector<double>& engine, const std::vector<double>& loop) {
  std::vector<double> each;
  for (std::size_t i = 0; i < engine.size(); ++i) each.push_back(engine[i] / loop[i]);
  return spread_of(each);
}

/// Keeps this thread, and those it starts, on the core where it is. Left alone, the engine's threads mostly run on another one
/// than the loop, and the ratio then differs by half from one run to the next.
class OneCore {
 public:
  OneCore() {
    sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t here;
    CPU_ZERO(&here);
    CPU_SET(static_cast<unsigned>(sched_getcpu()), &here);
    sched_setaffinity(0, sizeof here, &here);
  }
  ~OneCore() { sched_setaffinity(0, sizeof before_, &before_); }
  OneCore(const OneCore&) = delete;
  OneCore& operator=(const OneCore&) = delete;

 private:
  cpu_set_t before_{};
};

std::vector<Samples> run_alternately(const std::vector<const Contender*>& contenders, std::uint64_t records, int repetitions) {
  std::vector<Samples> samples(contenders.size());
  std::optional<std::uint64_t> checksum;
  const OneCore one_core;
  for (int repetition = -1; repetition < repetitions; ++repetition) {  // the first one warms up
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      Outcome outcome;
      const Cost cost = measure([&] { outcome = contenders[i]->run(); });
      if (checksum && *checksum != outcome.checksum) {
        throw std::runtime_error(contenders[i]->name + " computed something else: checksum " + std::to_string(outcome.checksum) +
                                 ", expected " + std::to_string(*checksum));
      }
      checksum = outcome.checksum;
      if (repetition < 0) continue;
      samples[i].per_second.push_back(static_cast<double>(records) / cost.wall_s);
      samples[i].per_core.push_back(static_cast<double>(records) / cost.cpu_s);
    }
  }
  return samples;
}

void compare(const Comparison& comparison, int repetitions, benchmark::UserCounters& counters) {
  std::vector<const Contender*> contenders{&comparison.engine};
  for (const Contender& loop : comparison.loops) contenders.push_back(&loop);
  const std::vector<Samples> samples = run_alternately(contenders, comparison.records, repetitions);
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    const std::string name = i == 0 ? "engine" : contenders[i]->name;
    add_spread(counters, name + "_per_core", spread_of(samples[i].per_core));
    add_spread(counters, name + "_per_second", spread_of(samples[i].per_second));
    if (i == 0) continue;
    counters["ratio_per_core_" + name] = ratios(samples[0].per_core, samples[i].per_core).median;
    counters["ratio_wall_" + name] = ratios(samples[0].per_second, samples[i].per_second).median;
  }
  counters["records"] = static_cast<double>(comparison.records);
  counters["target"] = comparison.target;
}

/// 31.4 M, 0.52, 8.1 k.
std::string short_number(double value) {
  const char* unit = "";
  for (const char* next : {" k", " M", " G"}) {
    if (std::abs(value) < 1000) break;
    value /= 1000;
    unit = next;
  }
  std::ostringstream out;
  out << std::fixed << std::setprecision(std::abs(value) < 10 ? 2 : 1) << value << unit;
  return out.str();
}

double counter(const benchmark::BenchmarkReporter::Run& run, const std::string& name) {
  const auto found = run.counters.find(name);
  return found == run.counters.end() ? 0 : found->second.value;
}

constexpr std::string_view kRatio = "ratio_per_core_";

}  // namespace

Cost measure(const std::function<void()>& work) {
  using Clock = std::chrono::steady_clock;
  const double cpu = cpu_seconds();
  const auto start = Clock::now();
  work();
  return {std::chrono::duration<double>(Clock::now() - start).count(), cpu_seconds() - cpu};
}

Spread spread_of(std::vector<double> samples) {
  if (samples.empty()) return {};
  std::sort(samples.begin(), samples.end());
  const auto at = [&](double share) {
    const double position = share * static_cast<double>(samples.size() - 1);
    const auto below = static_cast<std::size_t>(position);
    const auto above = std::min(below + 1, samples.size() - 1);
    return samples[below] + (samples[above] - samples[below]) * (position - static_cast<double>(below));
  };
  return {samples.front(), at(0.25), at(0.5), at(0.75), samples.back()};
}

void add_comparison(const Settings& settings, const std::string& name, std::function<Comparison()> make) {
  add_figures(name, [make = std::move(make), repetitions = settings.repetitions()](benchmark::UserCounters& counters) {
    compare(make(), repetitions, counters);
  });
}

void add_figures(const std::string& name, std::function<void(benchmark::UserCounters&)> measure_figures) {
  benchmark::RegisterBenchmark(name.c_str(), [measure_figures = std::move(measure_figures)](benchmark::State& state) {
    for (auto _ : state) {
      try {
        measure_figures(state.counters);
      } catch (const std::exception& exception) {
        state.SkipWithError(exception.what());
      }
    }
  })->Iterations(1)->Unit(benchmark::kSecond);
}

bool ResultTable::ReportContext(const Context& context) {
  PrintBasicContext(&GetErrorStream(), context);
  return true;
}

void ResultTable::ReportRuns(const std::vector<Run>& runs) {
  for (const Run& run : runs) {
    if (run.error_occurred) {
      failed_ = true;
      GetErrorStream() << run.benchmark_name() << ": " << run.error_message << std::endl;
    } else if (run.counters.contains("target")) {
      print_comparison(run);
    } else {
      print_figures(run);
    }
  }
}

void ResultTable::print_comparison(const Run& run) {
  std::ostream& out = GetOutputStream();
  if (!header_printed_) {
    out << std::left << std::setw(36) << "records/s per core; median of runs" << std::right << std::setw(10) << "engine"
        << std::setw(20) << "quartiles" << std::setw(10) << "loop" << std::setw(20) << "quartiles" << std::setw(8) << "ratio"
        << std::setw(8) << "target" << std::setw(8) << "wall" << "\n";
    header_printed_ = true;
  }
  const auto quartiles = [&](const std::string& name) {
    return short_number(counter(run, name + "_per_core_lower_quartile")) + " - " +
           short_number(counter(run, name + "_per_core_upper_quartile"));
  };
  for (const auto& [name, value] : run.counters) {
    if (!name.starts_with(kRatio)) continue;
    const std::string loop = name.substr(kRatio.size());
    std::string title = run.run_name.function_name + " : " + loop;
    out << std::left << std::setw(36) << title << std::right << std::setw(10)
        << short_number(counter(run, "engine_per_core_median")) << std::setw(20) << quartiles("engine") << std::setw(10)
        << short_number(counter(run, loop + "_per_core_median")) << std::setw(20) << quartiles(loop) << std::setw(8)
        << short_number(value) << std::setw(8) << (counter(run, "target") > 0 ? short_number(counter(run, "target")) : "-")
        << std::setw(8) << short_number(counter(run, "ratio_wall_" + loop)) << std::endl;
  }
}

void ResultTable::print_figures(const Run& run) {
  std::ostream& out = GetOutputStream();
  out << run.run_name.function_name << ":";
  if (run.iterations > 1) out << " " << short_number(run.GetAdjustedRealTime()) << " " << benchmark::GetTimeUnitString(run.time_unit);
  for (const auto& [name, value] : run.counters) out << "  " << name << " " << short_number(value);
  out << std::endl;
}

}  // namespace bench
