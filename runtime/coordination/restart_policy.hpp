// When a task fails, its job is restarted from the last complete checkpoint, later each time. What fails again and again must
// not be retried forever, and the job must not give up over failures that have nothing to do with each other. Pure.
//
//   the same failure       at the same position, or with the same message soon after: `attempts` tries, also when checkpoints
//                          complete in between, as they do before a record that comes late in each attempt
//   what is permanent      one try
//   any failures           `in_vain` of them with no new checkpoint in between, whatever they say
//
// A process that was killed or a machine that went away says nothing about the job, which is restarted as often as that happens.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <weir/base/time.hpp>

namespace weir {

struct RestartOptions {
  std::uint32_t attempts = 3;        // tries at the same failure before the job fails
  std::uint32_t in_vain = 10;        // failures in a row without a new checkpoint before the job fails; at least `attempts`
  Duration first_delay{100};
  Duration longest_delay{30'000};
  double factor = 2;                 // of each delay to the one before
  Duration forget_after{600'000};    // then the same message is a new failure: a peer may go away now and then

  friend bool operator==(const RestartOptions&, const RestartOptions&) = default;
};

/// What failed, and where.
struct TaskFailure {
  std::string operator_name;
  std::string position;  // of the record in its source, when known
  std::string message;
  enum class Remedy : std::uint8_t { Restart, None };
  Remedy remedy = Remedy::Restart;

  friend bool operator==(const TaskFailure&, const TaskFailure&) = default;
};

/// For people: "operator 'parse' failed at readings.csv:1042: …".
inline std::string describe(const TaskFailure& failure) {
  if (failure.operator_name.empty()) return failure.message;
  const std::string where = failure.position.empty() ? "" : " at " + failure.position;
  return "operator '" + failure.operator_name + "' failed" + where + ": " + failure.message;
}

class RestartPolicy {
 public:
  explicit RestartPolicy(const RestartOptions& options) : options_(options), delay_(options.first_delay) {}

  struct Decision {
    bool restart = false;
    Duration delay{0};
    std::uint32_t times = 1;    // that this failure came
    std::uint32_t in_vain = 1;  // failures since the last checkpoint
  };

  /// The position need not agree: it is exact only once the job runs record by record, as it does after the first failure.
  Decision failed(const TaskFailure& failure, ProcessingTime now) {
    times_ = recurs(failure, now) ? times_ + 1 : 1;
    last_ = failure;
    last_time_ = now;
    isolating_ = true;
    const bool worth_it = failure.remedy == TaskFailure::Remedy::Restart && times_ < options_.attempts;
    return decide(worth_it, times_);
  }

  /// Something outside the job ended a part of it.
  Decision lost() { return {true, next_delay(), 1, in_vain_}; }

  /// A checkpoint completed.
  void progressed() {
    in_vain_ = 0;
    isolating_ = false;
    delay_ = options_.first_delay;
  }

  /// Whether the next attempt should run record by record, to tell which one fails.
  bool isolating() const { return isolating_; }

 private:
  Decision decide(bool worth_it, std::uint32_t times) {
    ++in_vain_;
    const bool restart = worth_it && in_vain_ < std::max(options_.attempts, options_.in_vain);
    return {restart, next_delay(), times, in_vain_};
  }

  Duration next_delay() {
    const double next = std::min(static_cast<double>(delay_.count()) * options_.factor, static_cast<double>(options_.longest_delay.count()));
    return std::exchange(delay_, Duration(static_cast<std::int64_t>(next)));
  }

  bool recurs(const TaskFailure& failure, ProcessingTime now) const {
    if (!last_ || failure.operator_name != last_->operator_name) return false;
    if (!failure.position.empty() && failure.position == last_->position) return true;
    return failure.message == last_->message && now - last_time_ < options_.forget_after;
  }

  RestartOptions options_;
  Duration delay_;
  std::uint32_t times_ = 0;
  std::uint32_t in_vain_ = 0;
  bool isolating_ = false;
  std::optional<TaskFailure> last_;
  ProcessingTime last_time_;
};

}  // namespace weir
