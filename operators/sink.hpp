// Where records go. Implement SinkWriter<T>; what must appear exactly once is staged in write(), put into state in
// before_snapshot(), and published in on_complete() — which may be called again after a restore, so publishing twice must
// be the same as once. At the end of a bounded job a last checkpoint is taken, so that everything is published.
//
// What a pipeline gets is a description whose make<T>() makes a writer: stream.sink("name", Console{}).
#pragma once

#include <concepts>
#include <memory>

#include <weir/operators/stream.hpp>
#include <weir/operators/typed_operator.hpp>

namespace weir {

template <class T>
class SinkWriter {
 public:
  virtual ~SinkWriter() = default;
  /// Declares state, restores what was staged.
  virtual void open(OperatorContext&) {}
  virtual void write(Batch<T>& batch) = 0;
  virtual void on_watermark(EventTime) {}
  virtual void on_processing_time(ProcessingTime) {}
  virtual void before_snapshot(CheckpointId) {}
  virtual void on_complete(CheckpointId) {}
  /// Nothing more will be written.
  virtual void finish() {}
};

template <class S, class T>
concept SinkDescription = std::copy_constructible<S> && requires(const S& description) {
  { description.template make<T>() } -> std::convertible_to<std::unique_ptr<SinkWriter<T>>>;
};

template <class T>
class WriteSink final : public ContextOperator {
 public:
  explicit WriteSink(std::unique_ptr<SinkWriter<T>> writer) : writer_(std::move(writer)) {}

  void open(OperatorContext& context) override {
    ContextOperator::open(context);
    writer_->open(context);
  }
  void process(BatchPtr batch, std::uint32_t) override { writer_->write(batch_of<T>(*batch)); }
  Progress on_watermark(EventTime time) override {
    writer_->on_watermark(time);
    return Progress::Done;
  }
  Progress on_processing_time(ProcessingTime now) override {
    writer_->on_processing_time(now);
    return Progress::Done;
  }
  Progress finish() override {
    writer_->finish();
    return Progress::Done;
  }
  void before_snapshot(CheckpointId checkpoint) override { writer_->before_snapshot(checkpoint); }
  void on_complete(CheckpointId checkpoint) override { writer_->on_complete(checkpoint); }

 private:
  std::unique_ptr<SinkWriter<T>> writer_;
};

template <class T>
template <class Sink>
void Stream<T>::sink(const std::string& name, Sink sink, StepOptions options) const {
  constexpr bool valid = SinkDescription<Sink, T>;
  static_assert(valid, "sink: this is not a sink for the stream's record type; sinks have make<T>() -> unique_ptr<SinkWriter<T>>");
  if constexpr (valid) {
    if (name.empty()) throw Failure("a sink has no name; name it: .sink(\"name\", sink)");
    options.name = name;
    const NodeId node = add_node(graph(), GraphNode::Kind::Sink, "sink", options,
                                 [sink] { return std::make_unique<WriteSink<T>>(sink.template make<T>()); });
    feed(node, 0);
  }
}

}  // namespace weir
