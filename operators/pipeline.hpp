// Where a pipeline begins. A Pipeline collects the graph; running it is the engine's business: that of the program that WEIR_JOB
// makes, or, in tests and other programs, run().
#pragma once

#include <string>
#include <utility>

#include <weir/graph/local_run.hpp>
#include <weir/operators/source.hpp>
#include <weir/operators/stream.hpp>

namespace weir {

/// A source that may send what it could not read to a second stream: records of `S::Rejected` on port 1, when
/// `emits_rejected()`.
template <class S>
concept RejectingSource = SourceDescription<S> && requires(const S& description) {
  typename S::Rejected;
  { description.emits_rejected() } -> std::same_as<bool>;
};

/// A source that says which files, patterns or directories it reads.
template <class S>
concept FileReading = requires(const S& description) {
  { description.reads() } -> std::same_as<std::vector<std::string>>;
};

/// What a source returns that can tell bad rows from good ones: the stream of the good ones.
template <class T, class Rejected>
class SourceStream : public Stream<T> {
 public:
  enum class Bad : std::uint8_t { Emitted, Dropped };

  SourceStream(Stream<T> good, Bad bad) : Stream<T>(std::move(good)), bad_(bad) {}

  /// Throws Failure when the source was not told to collect them: Csv<R>{.path = p, .errors = {BadRows::Collect}}.
  Stream<Rejected> bad_rows() const {
    if (bad_ == Bad::Dropped) {
      throw Failure("source '" + this->graph().nodes[this->node()].name +
                    "' does not collect bad rows; give it .errors = {BadRows::Collect}");
    }
    return Stream<Rejected>(this->graph(), this->node(), 1);
  }

 private:
  Bad bad_;
};

/// A source whose records have no event time until event_time() gives them one. Others may bring theirs.
template <class S>
concept TimelessSource = requires { requires !S::has_event_time; };

/// Owns the graph that its streams refer to: neither copied nor moved.
class Pipeline {
 public:
  explicit Pipeline(std::string name) { graph_.name = std::move(name); }
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  template <class S>
  auto source(const std::string& name, S source, StepOptions options = {}) {
    constexpr bool valid = SourceDescription<S>;
    static_assert(valid, "source: this is not a source; sources have a Record type and make() -> unique_ptr<Source<Record>>");
    if constexpr (!valid) {
      return Stream<Nothing>(graph_, 0, 0);
    } else if constexpr (!RequireRecord<typename S::Record>::value) {
      return Stream<detail::Assumed<typename S::Record>>(graph_, 0, 0);
    } else {
      using T = typename S::Record;
      if (name.empty()) throw Failure("a source has no name; name it: pipeline.source(\"name\", source)");
      options.name = name;
      const NodeId node = add_node(graph_, GraphNode::Kind::Source, "source", options,
                                   [source] { return std::make_unique<ReadSource<T>>(source.make()); });
      if constexpr (FileReading<S>) graph_.nodes[node].reads = source.reads();
      if constexpr (TimelessSource<S>) graph_.nodes[node].times = GraphNode::Times::None;
      if constexpr (RejectingSource<S>) {
        using Made = SourceStream<T, typename S::Rejected>;
        return Made(Stream<T>(graph_, node, 0), source.emits_rejected() ? Made::Bad::Emitted : Made::Bad::Dropped);
      } else {
        return Stream<T>(graph_, node, 0);
      }
    }
  }

  template <detail::NoName S>
  auto source(S source) { return this->source(detail::missing_name<S>(), source); }

  /// Gives the job another name: stored state belongs to a job by its name.
  void rename(std::string name) { graph_.name = std::move(name); }

  /// Runs the pipeline in this process to its end, once; see local_run.hpp and collect(). Not for use in WEIR_JOB, whose
  /// program runs what was built.
  void run(const LocalRun& options = {}) { run_locally(std::exchange(graph_, {}), options); }

  JobGraph& graph() { return graph_; }

 private:
  JobGraph graph_;
};

}  // namespace weir
