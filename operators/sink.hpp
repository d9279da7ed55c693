// The operator that writes to a sink, and Stream::sink.
#pragma once

#include <memory>

#include <weir/dataflow/sink_writer.hpp>
#include <weir/operators/stream.hpp>
#include <weir/operators/typed_operator.hpp>

namespace weir {

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
