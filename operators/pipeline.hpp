// Where a pipeline begins. A Pipeline collects the graph; running it is the engine's business.
#pragma once

#include <string>
#include <utility>

#include <weir/operators/source.hpp>
#include <weir/operators/stream.hpp>

namespace weir {

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
    if constexpr (valid) {
      using T = typename S::Record;
      if (name.empty()) throw Failure("a source has no name; name it: pipeline.source(\"name\", source)");
      options.name = name;
      const NodeId node = add_node(graph_, GraphNode::Kind::Source, "source", options,
                                   [source] { return std::make_unique<ReadSource<T>>(source.make()); });
      return Stream<T>(graph_, node, 0);
    } else {
      return Stream<Nothing>(graph_, 0, 0);
    }
  }

  /// Gives the job another name: stored state belongs to a job by its name.
  void rename(std::string name) { graph_.name = std::move(name); }

  JobGraph& graph() { return graph_; }

 private:
  JobGraph graph_;
};

}  // namespace weir
