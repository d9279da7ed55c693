// What a pipeline author holds: a stream of records of one type. Every operation adds an operator to the pipeline's
// graph and returns the stream of its results; nothing runs until the pipeline does. Streams are cheap values; one
// stream may be read by several operations, each of which gets every record.
//
// Operators with state take their name first: checkpoints and upgrades map by it. Others have an optional name.
// One operation per file: map.hpp defines map, and so on. <weir/weir.hpp> includes them all.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/graph/job_graph.hpp>
#include <weir/operators/async_options.hpp>
#include <weir/operators/check.hpp>
#include <weir/operators/step_options.hpp>

namespace weir {

template <class T, class KeyOf> class KeyedStream;
template <class T, class Out> struct AsyncStream;
template <class T, class U> class Connected;
template <class T, class KeyOf, class Assigner, class Trigger, class Evictor> class Windowed;
template <class T, class U> class BroadcastConnected;
template <class T> class BroadcastStream;
template <class T> class Stream;
struct EventTimeOptions;
struct WindowOptions;

/// A stream without its type: a port of a node, and how its records are to reach the next operator.
class StreamBase {
 public:
  StreamBase(JobGraph& graph, NodeId node, std::uint32_t port, Routing routing = forward_routing())
      : graph_(&graph), node_(node), port_(port), routing_(std::move(routing)) {}

  JobGraph& graph() const { return *graph_; }
  NodeId node() const { return node_; }
  std::uint32_t port() const { return port_; }
  const Routing& routing() const { return routing_; }

 private:
  JobGraph* graph_;  // the pipeline's; outlives every stream
  NodeId node_;
  std::uint32_t port_;
  Routing routing_;
};

/// Adds a node with the default name `verb`, numbered when taken, unless the options name it.
NodeId add_node(JobGraph& graph, GraphNode::Kind kind, const std::string& verb, const StepOptions& options, OperatorFactory make);

/// Throws Failure when the stream's records cannot have event times, which `verb` goes by.
void require_event_time(const StreamBase& stream, const std::string& verb);

template <class T>
class Stream : public StreamBase {
 public:
  static_assert(RequireRecord<T>::value || true);  // says it itself
  using RecordType = T;
  using StreamBase::StreamBase;

  // One record at a time.
  template <class F> auto map(F function, StepOptions options = {}) const;
  template <class F> Stream filter(F predicate, StepOptions options = {}) const;
  /// `function(record, out)` calls out(result) any number of times; its result type is the template argument:
  /// stream.flat_map<Word>([](const Line& line, auto&& out) { ... }).
  template <class Out, class F> Stream<RecordOr<Out>> flat_map(F function, StepOptions options = {}) const;
  template <class F> Stream flat_map(F, StepOptions = {}) const {
    static_assert(!sizeof(F), "flat_map: give the type of what it yields, as in flat_map<Word>(...)");
    return *this;
  }

  // Event time.
  template <class F> Stream event_time(F time_of, EventTimeOptions options) const;
  template <class F> Stream event_time(F) const {
    static_assert(!sizeof(F), "event_time: say how far behind the latest a record may be: event_time(&T::time, {.out_of_orderness = 5s})");
    return *this;
  }

  // Partitioning: how records reach the next operator's tasks.
  Stream shuffle(std::uint64_t seed = 0) const { return routed(shuffle_routing(seed)); }
  Stream rebalance() const { return routed(rebalance_routing()); }
  Stream rescale() const { return routed(rescale_routing()); }
  BroadcastStream<T> broadcast() const { return {graph(), node(), port(), broadcast_routing()}; }
  Stream global() const { return routed(global_routing()); }
  /// choose(record, tasks) names the task.
  template <class F> Stream partition(F choose) const;

  template <class F> auto key_by(F key_of) const;

  // Several streams.
  /// The records of both streams, in no particular order between them.
  Stream merge(const Stream& other, StepOptions options = {}) const;
  /// Both streams in one operator; see connect.hpp, and broadcast.hpp for other.broadcast().
  template <class U> Connected<T, U> connect(const Stream<U>& other) const;
  template <class U> BroadcastConnected<T, U> connect(const BroadcastStream<U>& shared) const;
  /// One stream per predicate, and one for the rest; see split.hpp.
  template <class... F> std::array<Stream, sizeof...(F) + 1> split(F... predicates) const;

  /// A function with declared state, timers and side outputs; see process.hpp.
  template <class F> auto process(const std::string& name, F function, StepOptions options = {}) const;
  template <detail::NoName F> auto process(F function) const { return process(detail::missing_name<F>(), function); }
  /// All records in one task; see windowed.hpp.
  template <class Assigner> auto window_all(Assigner assigner, WindowOptions options) const;
  template <class Assigner> auto window_all(Assigner assigner) const;
  /// call(record, reply) asks something outside; the answers are the stream. See async.hpp.
  template <class Out, class F> AsyncStream<T, Out> async(const std::string& name, F call, AsyncOptions options = {}) const;
  template <class F> Stream async(const std::string&, F, AsyncOptions = {}) const {
    static_assert(!sizeof(F), "async: give the type of what it yields, as in async<Answer>(\"name\", ...)");
    return *this;
  }
  /// The same for a function that blocks and returns its result: it runs on threads of its own.
  template <class F> auto async_blocking(const std::string& name, F function, AsyncOptions options = {}) const;
  /// The body gets the loop's stream and returns weir::Loop{what goes round again, what leaves}; see iterate.hpp.
  template <class Body> auto iterate(const std::string& name, Body body, StepOptions options = {}) const;
  /// join(record, row) for each row of a bounded stream that has the record's key; see lookup_join.hpp.
  template <class U, class KeyOf, class TableKeyOf, class Join>
  auto lookup(const std::string& name, const Stream<U>& table, KeyOf key_of, TableKeyOf table_key_of, Join join,
              StepOptions options = {}) const;
  /// The same; a record without rows yields join(record, nullptr).
  template <class U, class KeyOf, class TableKeyOf, class Join>
  auto lookup_left(const std::string& name, const Stream<U>& table, KeyOf key_of, TableKeyOf table_key_of, Join join,
                   StepOptions options = {}) const;

  template <class Sink> void sink(const std::string& name, Sink sink, StepOptions options = {}) const;
  template <detail::NoName Sink> void sink(Sink sink) const { this->sink(detail::missing_name<Sink>(), sink); }

  /// Adds an operator that reads this stream and yields Out on port 0.
  template <class Out>
  Stream<Out> step(const std::string& verb, const StepOptions& options, OperatorFactory make) const {
    const NodeId node = add_node(graph(), GraphNode::Kind::Operator, verb, options, std::move(make));
    feed(node, 0);
    return Stream<Out>(graph(), node, 0);
  }

  /// Adds the edge from this stream to an input of a node.
  void feed(NodeId node, std::uint32_t input) const {
    const bool copies = routing().kind == Routing::Kind::Broadcast;
    graph().edges.push_back({this->node(), port(), node, input, routing(), &record_type<T>(),
                             copies ? InputChannel::Kind::Copies : InputChannel::Kind::Ordinary});
  }

  // For the operators' own files.
  template <class Out>
  AsyncStream<T, Out> async_step(const std::string& verb, const std::string& name, const AsyncOptions& options,
                                 OperatorFactory make) const;

  Stream routed(Routing routing) const { return Stream(graph(), node(), port(), std::move(routing)); }
};

/// A stream of which every task of the next operator gets every record. What broadcast() returns.
template <class T>
class BroadcastStream : public Stream<T> {
 public:
  using Stream<T>::Stream;
};

}  // namespace weir
