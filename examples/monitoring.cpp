// Watches machines: mean CPU over 5 minutes, greatest memory use over the last hour, every minute. Reads this machine
// from /proc, or recorded samples from CSV.
//
//   build/bin/monitoring --cpu-window 10s --memory-window 30s --memory-slide 5s
//   build/bin/monitoring --input samples.csv --output report.csv
#include <weir/weir.hpp>

namespace {

struct Figure {
  std::string host;
  std::string measure;
  weir::EventTime start;
  weir::EventTime end;
  double value = 0;
};
WEIR_RECORD(Figure, host, measure, start, end, value);

weir::Stream<weir::SystemSample> samples(weir::Pipeline& pipeline, const std::string& input, weir::Duration interval) {
  if (input.empty()) return pipeline.source("machine", weir::SystemStats{.every = interval});
  return pipeline.source("samples", weir::Csv<weir::SystemSample>{.path = input});
}

}  // namespace

WEIR_JOB(monitoring) {
  const auto input = options.get("input", {.help = "CSV of samples: host,cpu,memory_used_bytes,memory_total_bytes,at; empty: this machine", .fallback = ""});
  const auto output = options.get("output", {.help = "CSV file to write; empty: print", .fallback = ""});
  const auto interval = options.duration("interval", {.help = "between two samples of this machine", .fallback = "1s"});
  const auto cpu_window = options.duration("cpu-window", {.help = "length of the CPU windows", .fallback = "5min"});
  const auto memory_window = options.duration("memory-window", {.help = "length of the memory windows", .fallback = "60min"});
  const auto memory_slide = options.duration("memory-slide", {.help = "time between two memory windows", .fallback = "1min"});
  if (interval <= 0ms) throw weir::Failure("option --interval must be longer than 0");

  const auto machines = samples(pipeline, input, interval)
                            .event_time(&weir::SystemSample::at, {.out_of_orderness = 2s})
                            .key_by(&weir::SystemSample::host);

  const auto cpu = machines.window(weir::tumbling(cpu_window))
                       .aggregate("cpu", weir::mean(&weir::SystemSample::cpu),
                                  [](const std::string& host, const weir::Window& window, double mean) {
                                    return Figure{host, "cpu_mean", window.start, window.end, mean};
                                  });
  const auto memory = machines.window(weir::sliding(memory_window, memory_slide))
                          .aggregate("memory", weir::max(&weir::SystemSample::memory_used_bytes),
                                     [](const std::string& host, const weir::Window& window, std::int64_t most) {
                                       return Figure{host, "memory_max_bytes", window.start, window.end, double(most)};
                                     });

  const auto report = cpu.merge(memory);
  if (output.empty()) report.global().sink("console", weir::Console{}, {.parallelism = 1});
  else report.global().sink("file", weir::CsvFile{.path = output}, {.parallelism = 1});
}
