// The operator that writes to a sink, and Stream::sink.
#pragma once

#include <memory>
#include <utility>

#include <weir/dataflow/sink_writer.hpp>
#include <weir/operators/stream.hpp>
#include <weir/operators/typed_operator.hpp>

namespace weir {

/// A sink that cannot be written by more tasks than this: one file, for instance. Unless told otherwise it gets that many.
template <class S>
concept LimitedSink = requires {
  { S::max_parallelism } -> std::convertible_to<std::uint32_t>;
};

/// A sink that refuses batches at times, and so stands at the head of its task, where it is asked.
template <class S>
concept RefusingSink = requires { requires S::may_refuse; };

/// A sink that says which files are its own.
template <class S>
concept FileWriting = requires(const S& description) {
  { description.writes() } -> std::same_as<WrittenFiles>;
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
  bool accepts(std::uint32_t) const override { return writer_->accepts(); }
  Progress finish() override {
    if (!std::exchange(finished_, true)) writer_->finish();
    return writer_->drained() ? Progress::Done : Progress::More;
  }
  void before_snapshot(CheckpointId checkpoint) override { writer_->before_snapshot(checkpoint); }
  void on_complete(CheckpointId checkpoint) override { writer_->on_complete(checkpoint); }

 private:
  std::unique_ptr<SinkWriter<T>> writer_;
  bool finished_ = false;
};

template <class T>
template <class Sink>
void Stream<T>::sink(const std::string& name, Sink sink, StepOptions options) const {
  constexpr bool valid = SinkDescription<Sink, T>;
  static_assert(valid, "sink: this is not a sink for the stream's record type; sinks have make<T>() -> unique_ptr<SinkWriter<T>>");
  if constexpr (valid) {
    if (name.empty()) throw Failure("a sink has no name; name it: .sink(\"name\", sink)");
    options.name = name;
    if constexpr (LimitedSink<Sink>) {
      if (!options.parallelism) options.parallelism = Sink::max_parallelism;
      if (*options.parallelism > Sink::max_parallelism) {
        throw Failure("sink '" + name + "' cannot have parallelism " + std::to_string(*options.parallelism) + "; at most " +
                      std::to_string(Sink::max_parallelism));
      }
    }
    const NodeId node = add_node(graph(), GraphNode::Kind::Sink, "sink", options,
                                 [sink] { return std::make_unique<WriteSink<T>>(sink.template make<T>()); });
    if constexpr (FileWriting<Sink>) graph().nodes[node].writes = sink.writes();
    if constexpr (RefusingSink<Sink>) graph().nodes[node].starts_task = true;
    feed(node, 0);
  }
}

}  // namespace weir
