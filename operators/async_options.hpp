// What an asynchronous call may be told: see async.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <weir/base/time.hpp>
#include <weir/operators/step_options.hpp>

namespace weir {

struct AsyncOptions {
  enum class Order : std::uint8_t {
    Arrival,     // results leave in the order of their requests
    Completion,  // results leave when they are there; only watermarks keep their place among them
  };
  /// What becomes of a request that is not answered in time, or fails for good.
  enum class Unanswered : std::uint8_t {
    FailTask,    // the job restarts from its last checkpoint
    SideOutput,  // the request goes to the stream `unanswered`
  };

  Order order = Order::Arrival;
  std::size_t capacity = 100;                  // requests of a task under way, or waiting for their turn to leave
  std::optional<Duration> timeout = {};        // from the beginning of the first attempt to the answer; empty: none
  std::uint32_t attempts = 1;                  // calls for one request at the most
  Duration backoff{100};                       // before the second attempt; doubles before each further one
  Duration longest_backoff{10'000};
  /// Whether a failure with this message is worth another attempt; empty: all are.
  std::function<bool(const std::string& message)> retry_if = {};
  Unanswered unanswered = Unanswered::FailTask;
  std::size_t threads = 4;                     // of async_blocking: calls at the same time, per task
  std::optional<std::uint32_t> parallelism = {};  // empty: the job's
  Fuse fuse = Fuse::Yes;                       // whether what follows may share its task
};

}  // namespace weir
