// Where records come from. A source is a set of splits (files, parts of a generator, partitions); a split is read by
// one task, front to back, from a position that checkpoints keep. Implement Source<T> and SplitReader<T>; the engine
// deals splits out to tasks, reads them, finds new ones, and restores positions at any parallelism.
//
// What a pipeline gets is a description with `using Record = …` and `make()`: pipeline.source("name", Csv<R>{.path = p}).
// One that never puts event times into its batches says so, `static constexpr bool has_event_time = false`, and windows
// without event_time() are refused when the pipeline is built.
// A source, like every operator, lives in one task and one thread.
#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weir/dataflow/operator.hpp>

namespace weir {

/// Where the next record of a split begins. What the numbers mean is the source's business, but `record` is what messages
/// show: a line, an event number.
struct SplitPosition {
  std::int64_t offset = 0;
  std::int64_t record = 0;
  friend auto operator<=>(const SplitPosition&, const SplitPosition&) = default;
};
WEIR_RECORD(SplitPosition, offset, record);

/// What became of a read.
struct ReadResult {
  enum class State : std::uint8_t { More, Wait, End };
  State state = State::More;
  std::optional<Duration> wait;  // of Wait: when to try again at the latest; empty: when woken

  static ReadResult more() { return {}; }
  static ReadResult end() { return {State::End, {}}; }
  static ReadResult wait_for(Duration time) { return {State::Wait, time}; }
};

template <class T>
class SplitReader {
 public:
  virtual ~SplitReader() = default;
  /// Appends up to `max_records` records without blocking. Throws Failure when the split cannot be read.
  virtual ReadResult read(Batch<T>& batch, std::size_t max_records) = 0;
  /// Where the next record begins.
  virtual SplitPosition position() const = 0;
};

template <class T>
class Source {
 public:
  virtual ~Source() = default;
  /// The names of all splits, in the order in which they should be read. Called when a task starts, and again every
  /// rediscover() if that is set. Which task reads a split follows from its name: numbers are dealt out in turn, others by
  /// hash; so tasks need not see a new one at the same time. Throws Failure when there are none.
  virtual std::vector<std::string> discover() = 0;
  /// What a split is called that goes by several names on one machine, also in checkpoints that have another of them. Asked only where
  /// one process runs the whole job: machines may differ in what a name means.
  virtual std::string own_name(std::string split) const { return split; }
  virtual std::unique_ptr<SplitReader<T>> open(const std::string& split, const SplitPosition& from, OperatorContext& context) = 0;
  /// How often to look for new splits; empty: the splits found at the start are all.
  virtual std::optional<Duration> rediscover() const { return std::nullopt; }
  /// How many splits a task reads side by side.
  virtual std::size_t concurrent_splits() const { return 1; }
};

template <class S>
concept SourceDescription = std::copy_constructible<S> && requires(const S& description) {
  typename S::Record;
  { description.make() } -> std::convertible_to<std::unique_ptr<Source<typename S::Record>>>;
};

}  // namespace weir
