// The pipeline of the project's README: mean CPU per host over five minutes, every minute.
#include <weir/weir.hpp>

struct Reading { std::string host; double cpu = 0; weir::EventTime at; };
WEIR_RECORD(Reading, host, cpu, at);

WEIR_JOB(cpu_average) {            // (weir::Pipeline& pipeline, const weir::Options& options)
  pipeline.source("readings", weir::Csv<Reading>{.path = options.get("input")})
      .event_time(&Reading::at, {.out_of_orderness = 5s})
      .key_by(&Reading::host)
      .window(weir::sliding(5min, 1min), {.allowed_lateness = 30s})
      .aggregate("cpu", weir::mean(&Reading::cpu))
      .sink("report", weir::Console{});
}
