// An operator's tests should read like the sentence they prove. A TaskHarness is one real Task around one operator with a
// fake world: push records, watermarks and time in, take what comes out, snapshot, restore somewhere else.
//
//   TEST_CASE("records are counted per key") {
//     TaskHarness task(operator_of<std::string>([](auto words) { return words.key_by(itself).count("n"); }));
//     task.push<std::string>({{"a", 1}, {"b", 2}, {"a", 3}});
//     CHECK(task.take<Keyed<std::string, std::int64_t>>() ==
//           rows<Keyed<std::string, std::int64_t>>({{{"a", 1}, 1}, {{"b", 1}, 2}, {{"a", 2}, 3}}));
//   }
//
// Every call runs the task until it has nothing left to do. Credit is endless unless the options limit it. Times are
// milliseconds. What the operator throws comes out of the call that made it throw. One thread, await_wake() aside.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <weir/dataflow/task.hpp>
#include <weir/operators/weir.hpp>

namespace weir::testing {

/// A value as one readable line: {a, 1, [2, 3]}.
template <class T>
std::string describe(const T& value);

/// A record and its event time.
template <class T>
struct Timed {
  T record{};
  std::int64_t at = EventTime::min().ms;
  friend bool operator==(const Timed&, const Timed&) = default;
  friend bool operator<(const Timed& a, const Timed& b) {
    return a.at != b.at ? a.at < b.at : describe(a.record) < describe(b.record);
  }
  friend std::ostream& operator<<(std::ostream& out, const Timed& timed) {
    return out << describe(timed.record) << '@' << timed.at;
  }
};

template <class T>
using Rows = std::vector<Timed<T>>;

/// For comparisons: rows<int>({{1, 10}, {2, 20}}).
template <class T>
Rows<T> rows(std::initializer_list<Timed<T>> list) { return list; }
/// The rows in order of time and text, where their order is not promised.
template <class T>
Rows<T> sorted(Rows<T> unsorted) {
  std::sort(unsorted.begin(), unsorted.end());
  return unsorted;
}
template <class T>
std::ostream& operator<<(std::ostream& out, const Rows<T>& all) {
  out << '[';
  for (std::size_t i = 0; i < all.size(); ++i) out << (i > 0 ? ", " : "") << all[i];
  return out << ']';
}

/// The identity, for streams that are keyed by the record itself.
inline constexpr auto itself = [](const auto& record) { return record; };

/// What a task stored for a checkpoint: chunks by operator of the task (always 0 with one operator).
struct Snapshot {
  struct Part {
    std::uint32_t node = 0;
    StateChunk chunk;
  };
  SnapshotMode mode = SnapshotMode::Full;
  std::uint32_t task = 0;
  std::uint32_t parallelism = 1;
  std::vector<Part> parts;

  std::size_t rows() const;
  /// Entries, tombstones, items in all: "accumulator: 3 entries".
  std::string summary() const;
};

struct HarnessOptions {
  std::uint32_t inputs = 1;              // of the operator; each has one channel unless `channels` says otherwise
  std::vector<InputChannel> channels = {};
  std::uint32_t ports = 1;
  std::uint32_t task = 0;
  std::uint32_t parallelism = 1;
  AttemptId attempt = {};
  std::uint32_t key_groups = kDefaultKeyGroups;
  std::optional<std::uint32_t> credit = {};  // batches that may leave per port until grant(); empty: endless
  std::uint32_t batch_records = 1024;
  bool checkpointed = true;
  std::int64_t now_ms = 0;
};

class TaskHarness {
 public:
  /// `stored`: the snapshots to restore from: of each old task the last full one and the deltas after it, in order. The old
  /// parallelism is that of the snapshots.
  explicit TaskHarness(OperatorFactory make, HarnessOptions options = {}, const std::vector<const Snapshot*>& stored = {});
  ~TaskHarness();

  /// One batch with these records.
  template <class T>
  void push(std::initializer_list<Timed<T>> records, std::uint32_t channel = 0) { push(Rows<T>(records), channel); }
  template <class T>
  void push(const Rows<T>& records, std::uint32_t channel = 0) {
    auto batch = std::make_unique<Batch<T>>();
    for (const Timed<T>& timed : records) batch->push(timed.record, EventTime{timed.at});
    deliver(channel, std::move(batch));
  }
  /// Any element, for what follows has no shorthand.
  void deliver(std::uint32_t channel, Element element);
  /// On one channel, or on all.
  void watermark(std::int64_t ms);
  void watermark_on(std::uint32_t channel, std::int64_t ms) { deliver(channel, Watermark{EventTime{ms}}); }
  void idle(std::uint32_t channel = 0) { deliver(channel, Idle{}); }
  void end(std::uint32_t channel) { deliver(channel, End{}); }
  /// Watermark and end on all channels, as the engine does when all sources have ended.
  void end_of_input();

  /// Moves processing time on, stopping wherever the task asked to be woken.
  void advance(Duration by);
  void run();
  /// Takes some steps and no more: for sources, which would otherwise run to their end. True when there is more to do.
  bool step(std::size_t steps = 1);
  /// Blocks until another thread has called the task's waker (once per call of it), then wakes the task.
  void await_wake();

  /// What has come out of a port since the last take, as records ...
  template <class T>
  Rows<T> take(std::uint32_t port = 0) {
    Rows<T> taken;
    for (Element& element : take_elements(port)) {
      if (!is_batch(element)) continue;
      Batch<T>& batch = batch_of<T>(*std::get<BatchPtr>(element));
      for (std::size_t i = 0; i < batch.records.size(); ++i) taken.push_back({batch.records[i], batch.times[i].ms});
    }
    return taken;
  }
  /// ... or as text in order, one line per record or control element: "3@10", "watermark 99", "idle", "barrier 1", "end".
  template <class T>
  std::vector<std::string> take_log(std::uint32_t port = 0) {
    std::vector<std::string> log;
    for (Element& element : take_elements(port)) {
      if (!is_batch(element)) {
        log.push_back(control_text(element));
        continue;
      }
      Batch<T>& batch = batch_of<T>(*std::get<BatchPtr>(element));
      for (std::size_t i = 0; i < batch.records.size(); ++i) {
        log.push_back(describe(batch.records[i]) + "@" + std::to_string(batch.times[i].ms));
      }
    }
    return log;
  }
  std::vector<Element> take_elements(std::uint32_t port = 0);
  /// The last watermark that has come out of a port; EventTime::min() before the first.
  EventTime watermark_of(std::uint32_t port = 0) const;

  /// With limited credit: `batches` more may leave.
  void grant(std::uint32_t batches, std::uint32_t port = 0);

  /// A checkpoint: barriers on all channels (a source: a trigger), until the task is done with it. A delta holds the changes
  /// since the last snapshot of this task.
  Snapshot snapshot(SnapshotMode mode = SnapshotMode::Full);
  /// What the task stored for a checkpoint whose barriers came through deliver(); empty until the task is done with it.
  std::optional<Snapshot> take_stored(CheckpointId checkpoint);
  /// Credit that the task has granted to the sender of a channel so far, the first window aside.
  std::uint64_t granted(std::uint32_t channel = 0) const;
  /// The last checkpoint is complete.
  void complete();

  bool finished() const;
  Task& task();
  CheckpointId last_checkpoint() const;

 private:
  class World;
  static std::string control_text(const Element& element);

  std::unique_ptr<World> world_;
  std::unique_ptr<Task> task_;
};

/// The operator that a step of the pipeline API adds: operator_of<Reading>([](auto readings) { return readings.map(f); }).
/// Of several, the last one added.
template <class T, class Build>
OperatorFactory operator_of(Build build) {
  JobGraph graph;
  StepOptions options;
  const NodeId source = add_node(graph, GraphNode::Kind::Source, "source", options, nullptr);
  (void)build(Stream<T>(graph, source, 0));
  return graph.nodes.back().make;
}
/// The same of two streams: operator_of<Left, Right>([](auto left, auto right) { ... }).
template <class T, class U, class Build>
OperatorFactory operator_of(Build build) {
  JobGraph graph;
  StepOptions options;
  const NodeId left = add_node(graph, GraphNode::Kind::Source, "left", options, nullptr);
  const NodeId right = add_node(graph, GraphNode::Kind::Source, "right", options, nullptr);
  (void)build(Stream<T>(graph, left, 0), Stream<U>(graph, right, 0));
  return graph.nodes.back().make;
}

template <class T>
std::string describe(const T& value) {
  std::ostringstream out;
  const auto list = [&](const auto& parts, char open, char close) {
    out << open;
    const char* separator = "";
    for (const auto& part : parts) {
      out << separator << describe(part);
      separator = ", ";
    }
    out << close;
  };
  if constexpr (std::is_same_v<T, std::string>) out << value;
  else if constexpr (std::is_same_v<T, EventTime>) out << value.ms;
  else if constexpr (std::is_enum_v<T>) out << static_cast<long long>(value);
  else if constexpr (std::is_same_v<T, bool>) out << (value ? "true" : "false");
  else if constexpr (std::is_integral_v<T>) out << static_cast<std::conditional_t<std::is_signed_v<T>, long long, unsigned long long>>(value);
  else if constexpr (std::is_floating_point_v<T>) out << value;
  else if constexpr (weir::detail::IsOptional<T>::value) out << (value ? describe(*value) : "none");
  else if constexpr (weir::detail::IsVector<T>::value) list(value, '[', ']');
  else if constexpr (weir::detail::IsMap<T>::value) list(value, '<', '>');
  else if constexpr (weir::detail::IsTuple<T>::value) {
    std::apply([&](const auto&... part) { list(std::initializer_list<std::string>{describe(part)...}, '(', ')'); }, value);
  } else {
    std::vector<std::string> fields;
    for_each_field<T>([&](const auto& field) { fields.push_back(describe(value.*field.member)); });
    list(fields, '{', '}');
  }
  return out.str();
}

}  // namespace weir::testing
