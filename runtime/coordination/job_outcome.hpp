// How a job ended. A value.
#pragma once

#include <cstdint>
#include <string>

#include <weir/dataflow/element.hpp>

namespace weir {

struct JobOutcome {
  enum class State : std::uint8_t {
    Finished,  // every source ended and everything is published
    Stopped,   // on request before that, with a last checkpoint, which is stored if there is a store
    Failed,
  };
  State state = State::Finished;
  std::string message = {};        // of a failure: one line
  CheckpointId restored_from = 0;  // 0: started from the beginning
  CheckpointId ended_with = 0;     // the job's last checkpoint; 0: it failed, or something did while it was to stop

  friend bool operator==(const JobOutcome&, const JobOutcome&) = default;
};

}  // namespace weir
