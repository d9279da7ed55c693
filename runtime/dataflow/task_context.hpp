// What a task gives to each of its operators. Only for the sources of Task.
#pragma once

#include <optional>

#include <weir/dataflow/task.hpp>

namespace weir {

/// One operator's window on the task.
class Task::Context final : public OperatorContext {
 public:
  Context(Task& task, std::uint32_t node, StateScope scope, std::vector<StateChunk> restored)
      : task_(task), node_(node), state_(std::move(scope), std::move(restored)) {}

  OperatorState& state() override { return state_; }
  const std::string& name() const override { return task_.nodes_[node_].name; }
  std::uint32_t task() const override { return task_.options_.task; }
  std::uint32_t parallelism() const override { return task_.options_.parallelism; }
  AttemptId attempt() const override { return task_.options_.attempt; }
  bool checkpointed() const override { return task_.options_.checkpointed; }
  void emit(std::uint32_t port, BatchPtr batch) override { task_.emit(node_, port, std::move(batch)); }
  bool output_full() const override { return task_.blocked(); }
  std::size_t batch_records() const override { return task_.batch_records(); }
  void forward(const SplitEvent& event) override { task_.forward_split(node_, event); }
  bool wants_split(const std::string& split) override { return task_.wants_split(node_, split); }
  void emit_watermark(EventTime time) override {
    task_.made_watermark_ = time;
    task_.forward_watermark(node_, time);
  }
  void emit_idle() override { task_.forward_idle(node_); }
  EventTime watermark() const override { return watermark_; }
  ProcessingTime now() const override { return task_.environment_.now(); }
  void wake_at(ProcessingTime time) override {
    if (wake_ && *wake_ <= time) return;
    wake_ = time;
    task_.environment_.wake_at(time);
  }
  Waker waker() override { return task_.environment_.waker(); }
  bool aligning() const override { return task_.gate_.aligning(); }
  bool last_snapshot() const override { return task_.last_snapshot_; }

  EventTime watermark_ = EventTime::min();
  std::optional<ProcessingTime> wake_;

 private:
  Task& task_;
  std::uint32_t node_;
  OperatorState state_;
};

}  // namespace weir
