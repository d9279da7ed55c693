// The ends of a test's pipeline: a source whose records the test writes and lets through when it wants, and a sink whose
// records the test reads. Both keep their place in state, so that a run that is killed and restored shows what a user would see.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weir/operators/pipeline.hpp>
#include <weir/operators/sink.hpp>

namespace weir::testing {

/// What a source will read. Shared by the test and the source.
template <class T>
struct Script {
  std::vector<std::pair<T, EventTime>> records;
  std::size_t available = 0;  // how many may be read so far
  bool all = false;           // no more will be added

  /// Everything may be read.
  void open_all() {
    available = records.size();
    all = true;
  }
};

template <class T>
class ScriptSource final : public SourceOperator {
 public:
  explicit ScriptSource(std::shared_ptr<Script<T>> script) : script_(std::move(script)) {}

  void open(OperatorContext& context) override {
    context_ = &context;
    position_ = &context.state().list<std::uint64_t>("position", ChunkKind::Union);
    if (position_->empty()) position_->push_back(0);
  }

  Poll poll(std::size_t max_records) override {
    std::uint64_t& next = position_->front();
    if (next == script_->available) {
      return {script_->all && next == script_->records.size() ? Poll::State::End : Poll::State::Wait, {}};
    }
    auto batch = std::make_unique<Batch<T>>();
    EventTime watermark = EventTime::min();
    for (; next < script_->available && batch->size() < max_records; ++next) {
      batch->push(script_->records[next].first, script_->records[next].second);
      watermark = script_->records[next].second;
    }
    context_->emit(0, std::move(batch));
    if (watermark != EventTime::min()) context_->emit_watermark(watermark);
    return {};
  }

 private:
  std::shared_ptr<Script<T>> script_;  // shared with the test
  OperatorContext* context_ = nullptr;
  std::vector<std::uint64_t>* position_ = nullptr;
};

/// One task that reads the script; with times, which must not go back, a watermark follows every batch.
template <class T>
Stream<T> script_source(Pipeline& pipeline, const std::string& name, std::shared_ptr<Script<T>> script) {
  const NodeId node = add_node(pipeline.graph(), GraphNode::Kind::Source, "source", {.name = name, .parallelism = 1},
                               [script] { return std::make_unique<ScriptSource<T>>(script); });
  return Stream<T>(pipeline.graph(), node, 0);
}

/// What a sink got, in all runs that led to the last one.
template <class T>
struct Received {
  std::vector<T> records;
  bool ended = false;
};

template <class T>
class ReceivingSink final : public ContextOperator {
 public:
  explicit ReceivingSink(std::shared_ptr<Received<T>> received) : received_(std::move(received)) {}

  void open(OperatorContext& context) override {
    ContextOperator::open(context);
    stored_ = &context.state().list<T>("received", ChunkKind::Union);
    received_->records = *stored_;
    received_->ended = false;
  }
  void process(BatchPtr batch, std::uint32_t) override {
    for (T& record : batch_of<T>(*batch).records.own()) received_->records.push_back(std::move(record));
  }
  void before_snapshot(CheckpointId) override { *stored_ = received_->records; }
  Progress finish() override {
    received_->ended = true;
    return Progress::Done;
  }

 private:
  std::shared_ptr<Received<T>> received_;  // shared with the test
  std::vector<T>* stored_ = nullptr;
};

/// Ends a stream in one task.
template <class T>
std::shared_ptr<Received<T>> receive(const Stream<T>& stream, const std::string& name) {
  auto received = std::make_shared<Received<T>>();
  const NodeId node = add_node(stream.graph(), GraphNode::Kind::Sink, "sink", {.name = name, .parallelism = 1},
                               [received] { return std::make_unique<ReceivingSink<T>>(received); });
  stream.feed(node, 0);
  return received;
}

}  // namespace weir::testing
