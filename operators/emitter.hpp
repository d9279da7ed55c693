// Operators that make records one at a time collect them here; a batch leaves when it is as large as downstream
// wants it, or when the operator's call ends.
#pragma once

#include <memory>
#include <utility>

#include <weir/dataflow/operator.hpp>

namespace weir {

/// Collects records for one port. Belongs to one operator.
template <class T>
class Emitter {
 public:
  explicit Emitter(std::uint32_t port = 0) : port_(port) {}

  void open(OperatorContext& context) { context_ = &context; }

  void emit(T record, EventTime time) {
    if (!batch_) batch_ = std::make_unique<Batch<T>>();
    batch_->push(std::move(record), time);
    if (batch_->records.size() >= context_->batch_records()) flush();
  }

  void flush() {
    if (batch_) context_->emit(port_, std::move(batch_));
  }

 private:
  std::uint32_t port_;
  OperatorContext* context_ = nullptr;
  std::unique_ptr<Batch<T>> batch_;
};

}  // namespace weir
