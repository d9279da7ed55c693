// The final state of a changing result (changelog.hpp) as a stream: the row of each key that holds when the input has ended,
// and nothing before. What the Nexmark example's --final is made of:
//
//   best.key_by([](const Ranked<Bid>& row) { return std::pair(row.record.auction, row.rank); }).materialize("final")
//
// A row that was emitted is no longer in the state, so that a job that is killed while it emits goes on behind it. A job that
// is stopped before its input has ended emits nothing and keeps the rows.
#pragma once

#include <weir/operators/changelog.hpp>
#include <weir/operators/emitter.hpp>
#include <weir/operators/keyed_stream.hpp>
#include <weir/operators/named_step.hpp>
#include <weir/operators/typed_operator.hpp>

namespace weir {

template <class T, class KeyOf>
class Materialize final : public ContextOperator {
 public:
  using K = KeyOfResult<T, KeyOf>;
  using Row = RowOf<T>;

  explicit Materialize(KeyOf key_of) : key_of_(std::move(key_of)) {}

  void open(OperatorContext& context) override {
    ContextOperator::open(context);
    emitter_.open(context);
    rows_ = &context.state().table<K, std::pair<EventTime, Row>>("rows");
  }

  void process(BatchPtr batch, std::uint32_t) override {
    const auto& in = batch_of<T>(*batch);
    for (std::size_t i = 0; i < in.records.size(); ++i) {
      const K& key = std::invoke(key_of_, in.records[i]);
      if (const Row* row = row_after(in.records[i])) rows_->put(key, {in.times[i], *row});
      else rows_->erase(key);
    }
  }

  Progress on_watermark(EventTime time) override {
    if (time != EventTime::max()) return Progress::Done;
    cursor_ = rows_->erase_some(cursor_, this->context().batch_records(), [&](const K&, const std::pair<EventTime, Row>& row) {
      emitter_.emit(row.second, row.first);
      return true;
    });
    emitter_.flush();
    return rows_->size() == 0 ? Progress::Done : Progress::More;
  }

 private:
  KeyOf key_of_;
  StateTable<K, std::pair<EventTime, Row>>* rows_ = nullptr;
  Emitter<Row> emitter_;
  std::uint32_t cursor_ = 0;
};

template <class T, class KeyOf>
auto KeyedStream<T, KeyOf>::materialize(const std::string& name, StepOptions options) const {
  return stream_.template step<RowOf<T>>("materialize", named("materialize", name, options),
                                         [key_of = key_of_] { return std::make_unique<Materialize<T, KeyOf>>(key_of); });
}

}  // namespace weir
