// Nexmark's events as a source of a pipeline. Its splits are the generator's parts; a split's position
// is the number of its next event, so that a resumed job goes on with exactly the event it was at.
//
// One stream of events is dealt out to kStripes splits, whatever the parallelism: results and stored
// positions do not depend on how many tasks read them. A task reads its splits side by side, so that
// event time runs evenly.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <weir/weir.hpp>

#include "generator.hpp"

namespace nexmark {

/// Divisible by the numbers of tasks that are likely, so that each gets as many.
constexpr std::uint64_t kStripes = 24;

struct Events {
  using Record = Event;

  GeneratorOptions generator;
  std::optional<std::uint64_t> per_second = {};  // of real time, all splits together; empty: no limit

  std::unique_ptr<weir::Source<Event>> make() const;
};

/// How much earlier than events before it an event can be.
weir::Duration disorder(const GeneratorOptions& options);

}  // namespace nexmark
