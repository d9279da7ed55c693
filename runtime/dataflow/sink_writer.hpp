// Where records go. Implement SinkWriter<T>; what must appear exactly once is staged in write(), put into state in
// before_snapshot(), and published in on_complete() — which may be called again after a restore, so publishing twice must
// be the same as once. At the end of a bounded job a last checkpoint is taken, so that everything is published; without
// checkpoints that is the only one.
//
// What a pipeline gets is a description whose make<T>() makes a writer: stream.sink("name", Console{}).
// A writer lives in one task and one thread.
#pragma once

#include <concepts>
#include <memory>

#include <weir/dataflow/operator.hpp>

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
  /// Whether write() may be called now. Only asked of a sink whose description says `static constexpr bool may_refuse = true`;
  /// one that has refused calls the context's waker when that changes.
  virtual bool accepts() const { return true; }
  /// After finish(): whether all is written. A writer that says no calls the context's waker when it is.
  virtual bool drained() const { return true; }
};

template <class S, class T>
concept SinkDescription = std::copy_constructible<S> && requires(const S& description) {
  { description.template make<T>() } -> std::convertible_to<std::unique_ptr<SinkWriter<T>>>;
};

}  // namespace weir
