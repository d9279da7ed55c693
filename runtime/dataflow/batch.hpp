// Records travel in batches: one virtual call, one message and one credit for many records. A batch is a
// typed vector and the records' event times; the engine moves it without knowing the type, through the
// RecordType that every batch can name. Batches are moved from operator to operator, never shared; where a stream has several
// consumers, their batches share the records (records.hpp).
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <weir/dataflow/records.hpp>
#include <weir/record/codec.hpp>

namespace weir {

class AnyBatch;
using BatchPtr = std::unique_ptr<AnyBatch>;

/// Where in the outside world the first record of a batch came from: for messages and for per-split
/// watermarks. `position` is what the source counts by: a line, an offset, an event number.
struct Origin {
  std::shared_ptr<const std::string> split;  // owned by all batches of the split
  std::int64_t position = 0;
};

/// "flights.csv:1042", or "unknown position".
std::string to_text(const Origin& origin);

/// What the engine can do with records of a type without knowing it. One static object per type.
struct RecordType {
  Schema (*schema)();
  std::size_t columns;
  BatchPtr (*make)();
  /// Another batch of the same records.
  BatchPtr (*copy)(AnyBatch& batch);
  /// Moves, or copies, all records of `from` behind those of `to`.
  void (*append)(AnyBatch& from, AnyBatch& to);
  /// Moves, or copies, record i of `from` behind those of to[targets[i]], making batches where there are none.
  void (*scatter)(AnyBatch& from, const std::vector<std::uint32_t>& targets, std::vector<BatchPtr>& to);
  /// Appends records and times to the columns of a (time, record, origin) tuple; the origin is in the first row only.
  void (*encode)(const AnyBatch& batch, Columns& block);
  /// Reads `rows` such tuples.
  BatchPtr (*decode)(Cursors& in, std::uint32_t rows);
};

/// The records of a batch in order, in batches of the same origin with up to `most` records each.
std::vector<BatchPtr> in_parts(BatchPtr batch, std::size_t most);

class AnyBatch {
 public:
  virtual ~AnyBatch() = default;
  virtual std::size_t size() const = 0;
  virtual const RecordType& type() const = 0;

  std::vector<EventTime> times;  // one per record; EventTime::min() until event time is assigned
  Origin origin;
};

template <class T>
const RecordType& record_type();

template <class T>
class Batch final : public AnyBatch {
 public:
  Records<T> records;

  std::size_t size() const override { return records.size(); }
  const RecordType& type() const override { return record_type<T>(); }

  void push(const T& record, EventTime time) { push(T(record), time); }
  [[gnu::always_inline]] void push(T&& record, EventTime time) {
    records.push_back(std::move(record));
    times.push_back(time);
  }
  void reserve(std::size_t count) {
    records.reserve(count);
    times.reserve(count);
  }
};

/// The batch as what it is. The graph's edges are typed, so a mismatch is a Bug of the planner.
template <class T>
Batch<T>& batch_of(AnyBatch& batch) {
  WEIR_CHECK(&batch.type() == &record_type<T>() || dynamic_cast<Batch<T>*>(&batch) != nullptr,
             "a batch has another record type than its edge");
  return static_cast<Batch<T>&>(batch);
}

namespace detail {

template <class T>
struct BatchOperations {
  using StoredOrigin = std::optional<std::pair<std::string, std::int64_t>>;  // split and position
  using Row = std::tuple<EventTime, T, StoredOrigin>;

  static Schema schema() { return Codec<Row>::schema(); }
  static BatchPtr make() { return std::make_unique<Batch<T>>(); }
  static BatchPtr copy(AnyBatch& batch) {
    auto& source = static_cast<Batch<T>&>(batch);
    auto made = std::make_unique<Batch<T>>();
    made->records = source.records.share();
    made->times = source.times;
    made->origin = source.origin;
    return made;
  }

  static void append(AnyBatch& from, AnyBatch& to) {
    auto& source = static_cast<Batch<T>&>(from);
    auto& target = static_cast<Batch<T>&>(to);
    std::vector<T>& records = target.records.own();
    if (source.records.is_shared()) {
      records.insert(records.end(), source.records.begin(), source.records.end());
    } else {
      std::vector<T>& moved = source.records.own();
      records.insert(records.end(), std::make_move_iterator(moved.begin()), std::make_move_iterator(moved.end()));
    }
    target.times.insert(target.times.end(), source.times.begin(), source.times.end());
  }

  static void scatter(AnyBatch& from, const std::vector<std::uint32_t>& targets, std::vector<BatchPtr>& to) {
    auto& source = static_cast<Batch<T>&>(from);
    const std::size_t expected = source.records.size() / to.size() * 5 / 4 + 8;
    for (auto& target : to) {
      if (target && target->size() > 0) continue;
      if (target) {
        target->origin = from.origin;
        continue;
      }
      auto made = std::make_unique<Batch<T>>();
      made->origin = from.origin;
      made->reserve(expected);
      target = std::move(made);
    }
    for (std::size_t i = 0; i < targets.size(); ++i) {
      static_cast<Batch<T>&>(*to[targets[i]]).push(source.records.take(i), source.times[i]);
    }
  }

  static void encode(const AnyBatch& batch, Columns& block) {
    const auto& source = static_cast<const Batch<T>&>(batch);
    const T* records = source.records.data();
    const std::size_t count = source.records.size();
    write_run<EventTime>(block, 0, count, [&](std::size_t i) -> const EventTime& { return source.times[i]; });
    write_run<T>(block, 1, count, [&](std::size_t i) -> const T& { return records[i]; });
    StoredOrigin origin;
    if (batch.origin.split) origin.emplace(*batch.origin.split, batch.origin.position);
    for (std::size_t i = 0; i < count; ++i) {
      Codec<StoredOrigin>::write(block, kOrigin, origin);
      origin.reset();
    }
    block.rows += static_cast<std::uint32_t>(count);
  }

  static BatchPtr decode(Cursors& in, std::uint32_t rows) {
    auto batch = std::make_unique<Batch<T>>();
    std::vector<T>& records = batch->records.own();
    batch->reserve(std::min(rows, kTrustedRows));
    for (std::size_t done = 0; done < rows;) {
      const std::size_t count = std::min<std::size_t>(rows - done, kTrustedRows);
      batch->times.resize(done + count);
      read_run<EventTime>(in, 0, count, [times = batch->times.data() + done](std::size_t i) -> EventTime& { return times[i]; });
      records.resize(done + count);
      read_run<T>(in, 1, count, [first = records.data() + done](std::size_t i) -> T& { return first[i]; });
      done += count;
    }
    StoredOrigin origin;
    if (rows > 0) Codec<StoredOrigin>::read(in, kOrigin, origin);
    if (origin) batch->origin = {std::make_shared<const std::string>(std::move(origin->first)), origin->second};
    return batch;
  }

 private:
  static constexpr std::size_t kOrigin = 1 + Codec<T>::columns;  // where its columns begin
  static constexpr std::uint32_t kTrustedRows = 1024;            // for which room is made before there is one of them
};

}  // namespace detail

template <class T>
const RecordType& record_type() {
  using Operations = detail::BatchOperations<T>;
  static constexpr RecordType type{
      Operations::schema, Codec<typename Operations::Row>::columns, Operations::make,   Operations::copy,
      Operations::append, Operations::scatter, Operations::encode, Operations::decode};
  return type;
}

}  // namespace weir
