// Joins each record of a stream with the rows of a table: a bounded stream that is read to its end first.
//
//   flights.lookup("airport", airports, &Flight::origin, &Airport::code,
//                  [](const Flight& flight, const Airport& airport) { return Departure{flight, airport.city}; })
//
// lookup() yields one result per record and row of its key (inner); lookup_left() passes a pointer to the row, and
// a null pointer once for a record without rows. Results have the record's event time.
//
// Every task reads the whole table and keeps it in memory; the stream's records stay in the tasks where they are. Until
// the table's end no record of the stream is taken, unless a checkpoint waits for it: those taken then wait
// in state. The table is part of every checkpoint, so that a resumed job neither reads it again nor sees another one.
//
// The table must have a source of its own: a source that also feeds the stream would wait for itself, and is refused.
#pragma once

#include <memory>

#include <weir/operators/emitter.hpp>
#include <weir/operators/join_kind.hpp>
#include <weir/operators/keyed_stream.hpp>
#include <weir/operators/lookup_table.hpp>
#include <weir/operators/named_step.hpp>
#include <weir/operators/stream.hpp>
#include <weir/operators/typed_operator.hpp>

namespace weir {

struct LookupProgress {
  bool loaded = false;
};
WEIR_RECORD(LookupProgress, loaded);

template <class T, class U, class KeyOf, class TableKeyOf, class Join, JoinKind Kind>
struct LookupTypes {
  using Key = KeyOfResult<T, KeyOf>;
  using Row = std::conditional_t<Kind == JoinKind::Inner, const U&, const U*>;
  using Out = std::decay_t<std::invoke_result_t<Join&, const T&, Row>>;
};

template <class T, class U, class KeyOf, class TableKeyOf, class Join, JoinKind Kind>
class LookupJoin final : public ContextOperator {
 public:
  using Types = LookupTypes<T, U, KeyOf, TableKeyOf, Join, Kind>;
  using Rows = LookupTable<typename Types::Key, U, TableKeyOf>;
  static constexpr std::uint32_t kTableInput = 1;

  LookupJoin(KeyOf key_of, TableKeyOf table_key_of, Join join)
      : key_of_(std::move(key_of)), table_key_of_(std::move(table_key_of)), join_(std::move(join)) {}

  void open(OperatorContext& context) override {
    ContextOperator::open(context);
    results_.open(context);
    const auto writer = context.task() == 0 ? Rows::Writer::Yes : Rows::Writer::No;
    rows_ = &context.state().declare("rows", std::make_unique<Rows>("rows", table_key_of_, writer));
    waiting_ = &context.state().template list<std::pair<EventTime, T>>("waiting", ChunkKind::Split);
    progress_ = &context.state().template list<LookupProgress>("progress", ChunkKind::Union);
    for (const LookupProgress& progress : *progress_) loaded_ = progress.loaded;  // the same in all tasks
  }

  /// Before the table's end, records of the stream are taken only when a checkpoint waits for a barrier behind them.
  bool accepts(std::uint32_t input) const override {
    return input == kTableInput || loaded_ || stopped_ || context().aligning();
  }

  void process(BatchPtr batch, std::uint32_t input) override {
    if (input == kTableInput) {
      for (U& row : batch_of<U>(*batch).records.own()) rows_->add(std::move(row));
      return;
    }
    auto& in = batch_of<T>(*batch);
    idle_ = false;
    for (std::size_t i = 0; i < in.records.size(); ++i) {
      if (loaded_) join(in.records[i], in.times[i]);
      else waiting_->emplace_back(in.times[i], in.records.take(i));
    }
    results_.flush();
  }

  /// When the job is stopped first, the rest of the table comes when it is resumed, and what waits for it goes on waiting.
  void on_input_end(std::uint32_t input, EventTime reached) override {
    if (input != kTableInput || loaded_) return;
    stopped_ = reached != EventTime::max();
    if (stopped_) return;
    loaded_ = true;
    for (const auto& [time, record] : *waiting_) join(record, time);
    waiting_->clear();
    results_.flush();
    if (context().watermark() != EventTime::min()) context().emit_watermark(context().watermark());
    if (idle_) context().emit_idle();
  }

  /// What waits for the table must not be overtaken.
  bool makes_watermarks() const override { return !loaded_; }
  bool drained() const override { return waiting_->empty() || stopped_; }
  void on_idle() override { idle_ = true; }

  void before_snapshot(CheckpointId) override { *progress_ = {LookupProgress{loaded_}}; }

 private:
  void join(const T& record, EventTime time) {
    const bool found = rows_->for_each(std::invoke(key_of_, record), [&](const U& row) {
      if constexpr (Kind == JoinKind::Inner) results_.emit(std::invoke(join_, record, row), time);
      else results_.emit(std::invoke(join_, record, &row), time);
    });
    if constexpr (Kind == JoinKind::Left) {
      if (!found) results_.emit(std::invoke(join_, record, static_cast<const U*>(nullptr)), time);
    } else {
      (void)found;
    }
  }

  KeyOf key_of_;
  TableKeyOf table_key_of_;
  Join join_;
  Emitter<typename Types::Out> results_;
  Rows* rows_ = nullptr;
  std::vector<std::pair<EventTime, T>>* waiting_ = nullptr;
  std::vector<LookupProgress>* progress_ = nullptr;
  bool loaded_ = false;
  bool stopped_ = false;  // before the table's end
  bool idle_ = false;
};

/// Throws Failure when the stream and the table come from the same source.
void refuse_common_source(const std::string& name, const StreamBase& stream, const StreamBase& table);

template <class T, class U, class KeyOf, class TableKeyOf>
constexpr bool lookup_keys_match() {
  if constexpr (KeyFunction<KeyOf, T> && KeyFunction<TableKeyOf, U>) {
    return std::is_same_v<KeyOfResult<T, KeyOf>, KeyOfResult<U, TableKeyOf>>;
  } else {
    return false;
  }
}

template <class Join, class T, class Row>
concept LookupFunction = std::copy_constructible<Join> && std::invocable<Join&, const T&, Row> &&
                         Record<std::decay_t<std::invoke_result_t<Join&, const T&, Row>>>;

namespace detail {

template <JoinKind Kind, class T, class U, class KeyOf, class TableKeyOf, class Join>
auto lookup_step(const std::string& name, const Stream<T>& stream, const Stream<U>& table, KeyOf key_of,
                 TableKeyOf table_key_of, Join join, const StepOptions& options) {
  using Operator = LookupJoin<T, U, KeyOf, TableKeyOf, Join, Kind>;
  refuse_common_source(name, stream, table);
  const auto results = stream.template step<typename Operator::Types::Out>(
      "lookup", named("lookup", name, options),
      [key_of, table_key_of, join] { return std::make_unique<Operator>(key_of, table_key_of, join); });
  table.broadcast().feed(results.node(), Operator::kTableInput);
  return results;
}

}  // namespace detail

template <class T>
template <class U, class KeyOf, class TableKeyOf, class Join>
auto Stream<T>::lookup(const std::string& name, const Stream<U>& table, KeyOf key_of, TableKeyOf table_key_of, Join join,
                       StepOptions options) const {
  constexpr bool keys = lookup_keys_match<T, U, KeyOf, TableKeyOf>();
  static_assert(keys, "lookup: give a key of the record and a key of the table's row, of one type");
  constexpr bool valid = LookupFunction<Join, T, const U&>;
  static_assert(valid, "lookup: the function must take (const Record&, const Row&) and return a Record");
  if constexpr (keys && valid) {
    return detail::lookup_step<JoinKind::Inner>(name, *this, table, key_of, table_key_of, join, options);
  } else {
    return Stream<ResultOf<valid, Join, const T&, const U&>>(graph(), node(), port());
  }
}

template <class T>
template <class U, class KeyOf, class TableKeyOf, class Join>
auto Stream<T>::lookup_left(const std::string& name, const Stream<U>& table, KeyOf key_of, TableKeyOf table_key_of, Join join,
                            StepOptions options) const {
  constexpr bool keys = lookup_keys_match<T, U, KeyOf, TableKeyOf>();
  static_assert(keys, "lookup_left: give a key of the record and a key of the table's row, of one type");
  constexpr bool valid = LookupFunction<Join, T, const U*>;
  static_assert(valid, "lookup_left: the function must take (const Record&, const Row*) and return a Record");
  if constexpr (keys && valid) {
    return detail::lookup_step<JoinKind::Left>(name, *this, table, key_of, table_key_of, join, options);
  } else {
    return Stream<ResultOf<valid, Join, const T&, const U*>>(graph(), node(), port());
  }
}

}  // namespace weir
