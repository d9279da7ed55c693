// Some promises of an operator only show between two steps of one call: that its state then says exactly what remains
// to be done. An OperatorDriver calls an operator directly, without a task around it, so that a snapshot may be taken after
// any step, and makes output run full at random.
//
//   OperatorDriver driver(make, {.seed = 7});
//   driver.process(batch);
//   while (driver.step_watermark(99) == Progress::More) stored = driver.snapshot(SnapshotMode::Delta);
//
// One thread.
#pragma once

#include <memory>
#include <random>
#include <utility>
#include <vector>

#include <weir/dataflow/operator.hpp>

namespace weir::testing {

struct DriverOptions {
  std::uint32_t task = 0;
  std::uint32_t parallelism = 1;
  std::uint64_t seed = 1;             // of when the output is full and how large batches are
  EventTime watermark = EventTime::min();
  std::int64_t now_ms = 0;
};

/// A task's part of a snapshot.
struct TaskSnapshot {
  std::uint32_t task = 0;
  std::uint32_t parallelism = 1;
  std::vector<StateChunk> chunks;
};

class OperatorDriver final : public OperatorContext {
 public:
  /// `stored`: of each old task the last full snapshot and the deltas after it, in order.
  OperatorDriver(const OperatorFactory& make, const DriverOptions& options, const std::vector<TaskSnapshot>& stored = {});

  void process(BatchPtr batch, std::uint32_t input = 0) { operator_->process(std::move(batch), input); }
  /// One call of on_watermark.
  Progress step_watermark(EventTime time);
  /// Moves the clock and makes one call of on_processing_time if that was asked for.
  Progress step_clock(std::int64_t now_ms);

  TaskSnapshot snapshot(SnapshotMode mode);

  /// What has come out of a port since the last take: (record, time) in order.
  template <class T>
  std::vector<std::pair<T, EventTime>> take(std::uint32_t port) {
    std::vector<std::pair<T, EventTime>> taken;
    for (auto& [from, batch] : emitted_) {
      if (from != port || !batch) continue;
      auto& typed = batch_of<T>(*batch);
      for (std::size_t i = 0; i < typed.records.size(); ++i) taken.emplace_back(std::move(typed.records.own()[i]), typed.times[i]);
      batch.reset();
    }
    return taken;
  }

  OperatorState& state() override { return state_; }
  const std::string& name() const override { return name_; }
  std::uint32_t task() const override { return options_.task; }
  std::uint32_t parallelism() const override { return options_.parallelism; }
  void emit(std::uint32_t port, BatchPtr batch) override { emitted_.emplace_back(port, std::move(batch)); }
  bool output_full() const override { return random_() % 3 == 0; }
  std::size_t batch_records() const override { return 1 + random_() % 5; }
  void forward(const SplitEvent&) override {}
  void emit_watermark(EventTime) override {}
  void emit_idle() override {}
  EventTime watermark() const override { return watermark_; }
  ProcessingTime now() const override { return now_; }
  void wake_at(ProcessingTime time) override {
    if (!wake_ || time < *wake_) wake_ = time;
  }
  Waker waker() override { return [] {}; }

 private:
  DriverOptions options_;
  std::string name_ = "operator";
  mutable std::mt19937_64 random_;
  OperatorState state_;
  std::unique_ptr<Operator> operator_;
  EventTime watermark_;
  ProcessingTime now_;
  std::optional<ProcessingTime> wake_;
  std::vector<std::pair<std::uint32_t, BatchPtr>> emitted_;
};

}  // namespace weir::testing
