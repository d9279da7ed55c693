// When a task fails, its job is restarted from the last complete checkpoint, later each time; a record that fails again
// and again must not be retried forever. Pure.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include <weir/base/time.hpp>

namespace weir {

struct RestartOptions {
  std::uint32_t attempts = 3;        // tries at the same failure before the job fails
  Duration first_delay{100};
  Duration longest_delay{30'000};
  double factor = 2;                 // of each delay to the one before
};

/// What failed, and where: two failures with equal values are the same one.
struct TaskFailure {
  std::string operator_name;
  std::string position;  // of the record in its source, when known
  std::string message;

  friend bool operator==(const TaskFailure&, const TaskFailure&) = default;
};

class RestartPolicy {
 public:
  explicit RestartPolicy(const RestartOptions& options) : options_(options), delay_(options.first_delay) {}

  struct Decision {
    bool restart = false;
    Duration delay{0};
    std::uint32_t failures = 0;  // of this kind in a row
  };

  /// Two failures count as the same when operator and message agree: the position is exact only once the job runs
  /// record by record, which it does after the first failure.
  Decision failed(const TaskFailure& failure) {
    const bool same = failure.operator_name == last_.operator_name && failure.message == last_.message;
    failures_ = same ? failures_ + 1 : 1;
    last_ = failure;
    Decision decision{failures_ < options_.attempts, delay_, failures_};
    delay_ = std::min(options_.longest_delay, Duration(static_cast<std::int64_t>(static_cast<double>(delay_.count()) * options_.factor)));
    return decision;
  }

  /// A checkpoint after the failure completed: the job got past it.
  void progressed() {
    failures_ = 0;
    last_ = {};
    delay_ = options_.first_delay;
  }

  /// Whether the last attempt failed, so that the next should run record by record.
  bool isolating() const { return failures_ > 0; }

 private:
  RestartOptions options_;
  Duration delay_;
  std::uint32_t failures_ = 0;
  TaskFailure last_;
};

}  // namespace weir
