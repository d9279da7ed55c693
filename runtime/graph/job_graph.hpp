// What the user wrote: operators and the streams between them, before anyone decides what runs where. The
// pipeline API fills it in; the planner reads it. A value.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <weir/dataflow/input_gate.hpp>
#include <weir/dataflow/operator.hpp>
#include <weir/dataflow/partitioner.hpp>

namespace weir {

using NodeId = std::uint32_t;

/// What a partitioner may depend on.
struct EdgeShape {
  std::uint32_t senders = 1;
  std::uint32_t receivers = 1;
  std::uint32_t key_groups = kDefaultKeyGroups;
};

/// How records of an edge reach the receiver's tasks.
struct Routing {
  enum class Kind : std::uint8_t { Forward, Key, Rebalance, Rescale, Shuffle, Broadcast, Global, Custom };
  Kind kind = Kind::Forward;
  std::function<PartitionerFactory(const EdgeShape&)> partitioner;
};

std::string_view name_of(Routing::Kind kind);

Routing forward_routing();
Routing rebalance_routing();
Routing rescale_routing();
Routing shuffle_routing(std::uint64_t seed);
Routing broadcast_routing();
Routing global_routing();

/// Where a sink writes: files that are its own while the job runs.
struct WrittenFiles {
  enum class Kind : std::uint8_t {
    One,    // path is the file
    Parts,  // path is the directory and the prefix of the files' names
  };
  Kind kind = Kind::One;
  std::string path;
};

struct GraphNode {
  enum class Kind : std::uint8_t { Source, Operator, Sink };

  std::string name;                 // unique; what checkpoints and messages call it
  Kind kind = Kind::Operator;
  std::optional<std::uint32_t> parallelism;  // otherwise the job's
  bool fusable = true;
  OperatorFactory make;
  std::vector<std::string> reads = {};   // of a source: files, patterns and directories, as its user wrote them
  std::optional<WrittenFiles> writes = {};  // of a sink
  bool starts_task = false;         // never fused with what feeds it, since it refuses batches at times
  enum class Times : std::uint8_t {
    Passed,  // as what it reads; of a source: perhaps
    Given,   // its records have event times
    None,    // of a source: they have none
  };
  Times times = Times::Passed;
};

struct GraphEdge {
  NodeId from = 0;
  std::uint32_t port = 0;
  NodeId to = 0;
  std::uint32_t input = 0;
  Routing routing;
  const RecordType* type = nullptr;
  InputChannel::Kind channel = InputChannel::Kind::Ordinary;
  bool in_loop = false;             // both ends belong to the same loop
};

struct JobGraph {
  std::string name;
  std::vector<GraphNode> nodes;
  std::vector<GraphEdge> edges;

  /// Throws Failure naming the first fault: no source, two nodes of one name, an empty path, a stream that leads to no sink.
  void validate() const;

  /// A source whose records come to this node without event times; nothing when some of those that come may have one.
  std::optional<std::string> source_without_event_time(NodeId node) const;
};

}  // namespace weir
