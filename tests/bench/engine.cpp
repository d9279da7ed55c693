#include "engine.hpp"

#include <stdexcept>

namespace bench {

std::shared_ptr<weir::EmbeddedJob> run_to_end(weir::Pipeline& pipeline, weir::EmbeddedJobOptions options,
                                              std::unique_ptr<weir::CheckpointStore> store) {
  auto job = std::make_shared<weir::EmbeddedJob>(weir::Plan::make(std::move(pipeline.graph()), {}), std::move(options),
                                                 std::move(store));
  const auto outcome = job->wait_for(std::chrono::minutes(10));
  if (!outcome) throw std::runtime_error("the job did not end");
  if (outcome->state != weir::JobOutcome::State::Finished) throw std::runtime_error("the job failed: " + outcome->message);
  return job;
}

}  // namespace bench
