// Rolling values of a key: every record updates the key's accumulator and yields its new result at once.
#pragma once

#include <weir/operators/aggregate.hpp>
#include <weir/operators/keyed_stream.hpp>
#include <weir/operators/named_step.hpp>
#include <weir/operators/typed_operator.hpp>

namespace weir {

/// Calls `use(i, key, lookup)` for every record of a batch, with the table's look-ups prepared.
template <class Table, class T, class KeyOf, class Use>
void for_each_key(const Table& table, const Records<T>& records, const KeyOf& key_of, std::vector<Lookup>& lookups, Use&& use) {
  const std::size_t count = records.size();
  lookups.resize(count);
  for (std::size_t i = 0; i < count; ++i) lookups[i].hash = hash_of<KeyOfResult<T, KeyOf>>(std::invoke(key_of, records[i]));
  table.locate(lookups);
  for (std::size_t i = 0; i < count; ++i) use(i, std::invoke(key_of, records[i]), lookups[i]);
}

template <class T, class KeyOf, class A>
class RollingAggregate final : public ContextOperator {
 public:
  using K = KeyOfResult<T, KeyOf>;
  using Out = Keyed<K, typename A::Result>;
  using Accumulator = std::optional<typename A::Accumulator>;
  static constexpr bool kKeyIsField = std::is_member_object_pointer_v<KeyOf>;  // which the result can have: the record is done with

  RollingAggregate(KeyOf key_of, A aggregate) : key_of_(std::move(key_of)), aggregate_(std::move(aggregate)) {}

  void open(OperatorContext& context) override {
    ContextOperator::open(context);
    table_ = &context.state().table<K, Accumulator>("accumulator");
  }

  void process(BatchPtr batch, std::uint32_t) override {
    auto& in = batch_of<T>(*batch);
    auto out = std::make_unique<Batch<Out>>();
    std::vector<Out>& made = out->records.own();
    made.reserve(in.records.size());
    std::vector<T>* const owned = in.records.is_shared() ? nullptr : &in.records.own();
    for_each_key(*table_, in.records, key_of_, lookups_, [&](std::size_t i, const K& key, const Lookup& lookup) {
      Accumulator& accumulator = table_->edit(key, lookup);
      if (!accumulator) accumulator = aggregate_.create();
      aggregate_.add(*accumulator, in.records[i]);
      auto result = aggregate_.result(*accumulator);
      if constexpr (kKeyIsField) {
        if (owned) return made.push_back(Out{std::move((*owned)[i].*key_of_), std::move(result)});
      }
      made.push_back(Out{key, std::move(result)});
    });
    out->times = std::move(in.times);
    context().emit(0, std::move(out));
  }

 private:
  KeyOf key_of_;
  A aggregate_;
  StateTable<K, Accumulator>* table_ = nullptr;
  std::vector<Lookup> lookups_;
};

template <class T, class KeyOf, class F>
class RollingReduce final : public ContextOperator {
 public:
  using K = KeyOfResult<T, KeyOf>;

  RollingReduce(KeyOf key_of, F combine) : key_of_(std::move(key_of)), combine_(std::move(combine)) {}

  void open(OperatorContext& context) override {
    ContextOperator::open(context);
    table_ = &context.state().table<K, std::optional<T>>("value");
  }

  void process(BatchPtr batch, std::uint32_t) override {
    auto& in = batch_of<T>(*batch);
    std::vector<T>& records = in.records.own();
    for_each_key(*table_, in.records, key_of_, lookups_, [&](std::size_t i, const K& key, const Lookup& lookup) {
      std::optional<T>& value = table_->edit(key, lookup);
      if (value) value = combine_(std::as_const(*value), std::as_const(records[i]));
      else value = records[i];
      records[i] = *value;
    });
    context().emit(0, std::move(batch));
  }

 private:
  KeyOf key_of_;
  F combine_;
  StateTable<K, std::optional<T>>* table_ = nullptr;
  std::vector<Lookup> lookups_;
};

template <class T, class KeyOf>
template <class A>
auto KeyedStream<T, KeyOf>::aggregate(const std::string& name, A aggregate, StepOptions options) const {
  constexpr bool valid = Aggregate<A, T>;
  static_assert(valid, "aggregate: give count(), sum(&T::m), mean(&T::m), … or a type with create, add, merge and result");
  if constexpr (valid) {
    using Rolling = RollingAggregate<T, KeyOf, A>;
    return stream_.template step<typename Rolling::Out>(
        "aggregate", named("aggregate", name, options), [key_of = key_of_, aggregate] { return std::make_unique<Rolling>(key_of, aggregate); });
  } else {
    return stream_;
  }
}

template <class T, class KeyOf>
template <class F>
Stream<T> KeyedStream<T, KeyOf>::reduce(const std::string& name, F combine, StepOptions options) const {
  constexpr bool valid = Combine<F, T>;
  static_assert(valid, "reduce: the function must take two records by const reference and return one");
  if constexpr (valid) {
    return stream_.template step<T>("reduce", named("reduce", name, options), [key_of = key_of_, combine] {
      return std::make_unique<RollingReduce<T, KeyOf, F>>(key_of, combine);
    });
  } else {
    return stream_;
  }
}

template <class T, class KeyOf>
auto KeyedStream<T, KeyOf>::count(const std::string& name, StepOptions options) const {
  return aggregate(name, Count{}, options);
}
template <class T, class KeyOf>
template <class Member>
auto KeyedStream<T, KeyOf>::sum(const std::string& name, Member member, StepOptions options) const {
  return aggregate(name, weir::sum(member), options);
}
template <class T, class KeyOf>
template <class Member>
auto KeyedStream<T, KeyOf>::mean(const std::string& name, Member member, StepOptions options) const {
  return aggregate(name, weir::mean(member), options);
}
template <class T, class KeyOf>
template <class Member>
auto KeyedStream<T, KeyOf>::min(const std::string& name, Member member, StepOptions options) const {
  return aggregate(name, weir::min(member), options);
}
template <class T, class KeyOf>
template <class Member>
auto KeyedStream<T, KeyOf>::max(const std::string& name, Member member, StepOptions options) const {
  return aggregate(name, weir::max(member), options);
}
template <class T, class KeyOf>
template <class Member>
Stream<T> KeyedStream<T, KeyOf>::min_by(const std::string& name, Member member, StepOptions options) const {
  return reduce(name, [member](const T& a, const T& b) { return std::invoke(member, b) < std::invoke(member, a) ? b : a; }, options);
}
template <class T, class KeyOf>
template <class Member>
Stream<T> KeyedStream<T, KeyOf>::max_by(const std::string& name, Member member, StepOptions options) const {
  return reduce(name, [member](const T& a, const T& b) { return std::invoke(member, a) < std::invoke(member, b) ? b : a; }, options);
}

}  // namespace weir
