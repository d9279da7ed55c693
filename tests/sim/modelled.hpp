// A stream together with the records that it must carry, and the larger steps that turn one into the next: the pipeline's way
// and the plain way side by side.
#pragma once

#include <string>

#include "sim/event.hpp"

namespace weir::sim {

struct Modelled {
  Stream<Event> stream;
  Events events;
  bool ordered = true;    // all records of a key come from one task, in the order of `events`
  bool timed = true;      // event times and watermarks agree with the records' own times
  std::size_t group = 0;  // class of the step that makes it, see random_pipeline.hpp
};

/// What a step with state is called, and the options of the stateless one behind it.
struct KeyedStep {
  std::string name;
  std::uint32_t parallelism = 1;
  StepOptions next;
};

/// Sums over sliding event-time windows; the window's start is the result's number.
Modelled sliding_sums(Modelled from, std::int64_t size_ms, std::int64_t slide_ms, const KeyedStep& step);
/// Sums over sessions, by the least gap from `gap_ms` on that no two records of a key have exactly.
Modelled session_sums(Modelled from, std::int64_t gap_ms, const KeyedStep& step);
/// All pairs of records of one key not more than `reach_ms` apart.
Modelled join_near(Modelled left, const Modelled& right, std::int64_t reach_ms, const KeyedStep& step);
/// Halves values, going round until they are at most `limit`. `step.parallelism` is the loop's head's.
Modelled halve_in_loop(Modelled from, std::int64_t limit, const KeyedStep& step);

}  // namespace weir::sim
