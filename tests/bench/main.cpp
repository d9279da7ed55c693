// bench [--scale small|full] [--filter REGEX] [--benchmark_out FILE --benchmark_out_format json] [--benchmark_...]
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "cases.hpp"

namespace {

/// Takes our own options out of the arguments; the rest is Google Benchmark's. Nothing when one is wrong.
std::optional<bench::Settings> read_options(std::vector<std::string>& arguments) {
  bench::Settings settings;
  for (std::size_t i = 1; i < arguments.size();) {
    const bool ours = arguments[i] == "--scale" || arguments[i] == "--filter";
    if (!ours) {
      ++i;
      continue;
    }
    if (i + 1 == arguments.size()) return std::nullopt;
    const std::string value = arguments[i + 1];
    if (arguments[i] == "--filter") {
      arguments[i] = "--benchmark_filter=" + value;
      arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      continue;
    }
    if (value != "small" && value != "full") return std::nullopt;
    settings.scale = value == "full" ? bench::Scale::Full : bench::Scale::Small;
    arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(i), arguments.begin() + static_cast<std::ptrdiff_t>(i) + 2);
  }
  return settings;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> arguments(argv, argv + argc);
  const auto settings = read_options(arguments);
  if (!settings) {
    std::cerr << "usage: bench [--scale small|full] [--filter REGEX] [--benchmark_out FILE]\n";
    return 2;
  }
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  int count = static_cast<int>(pointers.size());
  benchmark::Initialize(&count, pointers.data());
  if (benchmark::ReportUnrecognizedArguments(count, pointers.data())) return 2;

  bench::add_stateless_cases(*settings);
  bench::add_keyed_count_cases(*settings);
  bench::add_window_cases(*settings);
  bench::add_checkpoint_cases(*settings);
  bench::add_state_size_cases(*settings);
  bench::add_latency_cases(*settings);
  bench::ResultTable table;
  benchmark::RunSpecifiedBenchmarks(&table);
  benchmark::Shutdown();
  return table.failed() ? 1 : 0;
}
