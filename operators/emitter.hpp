// Operators that make records one at a time collect them here; a batch leaves when it is as large as downstream
// wants it, or when the operator's call ends.
#pragma once

#include <algorithm>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/dataflow/operator.hpp>

namespace weir {

/// Collects records for one port. Belongs to one operator.
template <class T>
class Emitter {
 public:
  explicit Emitter(std::uint32_t port = 0) : port_(port) {}

  void open(OperatorContext& context) { context_ = &context; }

  void emit(const T& record, EventTime time) { emit(T(record), time); }
  [[gnu::always_inline]] void emit(T&& record, EventTime time) {
    if (!batch_) begin();
    batch_->push(std::move(record), time);
    if (batch_->records.size() >= full_) flush();
  }

  /// Emits `count` records of one time, which next() makes; it is cheaper than one by one.
  template <class Next>
  [[gnu::always_inline]] void emit_some(std::size_t count, EventTime time, Next&& next) {
    while (count > 0) {
      if (!batch_) begin();
      std::vector<T>& records = batch_->records.own();
      const std::size_t before = records.size();
      const std::size_t after = std::min(before + count, std::max(full_, before + 1));
      records.resize(after);
      for (std::size_t i = before; i < after; ++i) {
        // Made in its place: g++ 12 copies what it has just written in parts as a whole, and that stalls.
        if constexpr (std::is_trivially_destructible_v<T>) ::new (static_cast<void*>(&records[i])) T(next());
        else records[i] = next();
      }
      batch_->times.resize(after);  // resize(after, time) stalls g++ 12's code at every element
      EventTime* const times = batch_->times.data();
      for (std::size_t i = before; i < after; ++i) times[i] = time;
      count -= after - before;
      if (after >= full_) flush();
    }
  }

  void flush() {
    if (!batch_) return;
    usual_ = batch_->records.size();
    context_->emit(port_, std::move(batch_));
  }

 private:
  void begin() {
    batch_ = std::make_unique<Batch<T>>();
    batch_->reserve(usual_);
    full_ = context_->batch_records();
  }

  std::uint32_t port_;
  OperatorContext* context_ = nullptr;
  std::unique_ptr<Batch<T>> batch_;
  std::size_t full_ = 0;   // records, at which the batch leaves
  std::size_t usual_ = 0;  // records of the batch before, for which to make room
};

}  // namespace weir
