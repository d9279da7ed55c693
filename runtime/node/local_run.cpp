#include <weir/graph/local_run.hpp>

#include <weir/actors/embedded_job.hpp>
#include <weir/base/text.hpp>

namespace weir {

constexpr Duration kForEver = 24h * 36'500;  // a clock can still be that far ahead

void run_locally(JobGraph graph, const LocalRun& options) {
  const std::string name = graph.name;
  EmbeddedJobOptions job_options;
  job_options.threads = options.threads;
  job_options.restart.attempts = options.attempts;
  EmbeddedJob job(Plan::make(std::move(graph), {.parallelism = options.parallelism}), std::move(job_options), nullptr);
  const auto outcome = job.wait_for(options.limit.value_or(kForEver));
  if (!outcome) {
    throw Failure("job '" + name + "' has not ended within " + to_text(*options.limit) +
                  "; give it sources that end, or a longer limit: pipeline.run({.limit = 10min})");
  }
  if (outcome->state == JobOutcome::State::Failed) throw Failure(outcome->message);
}

}  // namespace weir
