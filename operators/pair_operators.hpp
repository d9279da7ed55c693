// The operators behind connect.hpp: each reads two streams, on inputs 0 and 1, and treats their records differently.
#pragma once

#include <weir/operators/flat_map.hpp>
#include <weir/operators/map.hpp>
#include <weir/operators/task_function.hpp>

namespace weir {

template <class T, class U, class Out, class F, class G>
class PairMap final : public ContextOperator {
 public:
  PairMap(F first, G second) : first_(std::move(first)), second_(std::move(second)) {}

  void process(BatchPtr batch, std::uint32_t input) override {
    if (input == 0) map<T>(*batch, first_);
    else map<U>(*batch, second_);
  }

 private:
  template <class In, class Function>
  void map(AnyBatch& batch, Function& function) {
    context().emit(0, map_batch<Out>(batch_of<In>(batch), function));
  }

  F first_;
  G second_;
};

template <class T, class U, class Out, class F, class G>
class PairFlatMap final : public ContextOperator {
 public:
  PairFlatMap(F first, G second) : first_(std::move(first)), second_(std::move(second)) {}

  void open(OperatorContext& context) override {
    ContextOperator::open(context);
    emitter_.open(context);
  }
  void process(BatchPtr batch, std::uint32_t input) override {
    if (input == 0) flat_map(batch_of<T>(*batch), first_);
    else flat_map(batch_of<U>(*batch), second_);
    emitter_.flush();
  }

 private:
  template <class In, class Function>
  void flat_map(const Batch<In>& in, Function& function) {
    for (std::size_t i = 0; i < in.records.size(); ++i) function(in.records[i], Collector<Out>(emitter_, in.times[i]));
  }

  F first_;
  G second_;
  Emitter<Out> emitter_;
};

template <class T, class U, class F>
class PairProcess final : public TaskFunction<F> {
 public:
  using TaskFunction<F>::TaskFunction;

  void process(BatchPtr batch, std::uint32_t input) override {
    if (input == 0) {
      const auto& in = batch_of<T>(*batch);
      for (std::size_t i = 0; i < in.records.size(); ++i) this->function().on_first(in.records[i], this->at(in.times[i]));
    } else {
      const auto& in = batch_of<U>(*batch);
      for (std::size_t i = 0; i < in.records.size(); ++i) this->function().on_second(in.records[i], this->at(in.times[i]));
    }
    this->done();
  }
};

template <class T, class KeyOf, class U, class KeyOfU, class F>
class KeyedPairProcess final : public KeyedFunction<KeyOfResult<T, KeyOf>, F> {
 public:
  using K = KeyOfResult<T, KeyOf>;

  KeyedPairProcess(std::shared_ptr<const FunctionPrototype<F>> prototype, KeyOf first, KeyOfU second)
      : KeyedFunction<K, F>(std::move(prototype)), first_(std::move(first)), second_(std::move(second)) {}

  void process(BatchPtr batch, std::uint32_t input) override {
    const std::size_t records = batch->size();
    if (input == 0) {
      each(batch_of<T>(*batch), first_, [this](const T& record, auto& context) { this->function().on_first(record, context); });
    } else {
      each(batch_of<U>(*batch), second_, [this](const U& record, auto& context) { this->function().on_second(record, context); });
    }
    this->done(records);
  }

 private:
  template <class In, class KeyOfIn, class Call>
  void each(const Batch<In>& in, const KeyOfIn& key_of, Call&& call) {
    for (std::size_t i = 0; i < in.records.size(); ++i) {
      const K& key = std::invoke(key_of, in.records[i]);
      call(in.records[i], this->enter(key, in.times[i]));
    }
  }

  KeyOf first_;
  KeyOfU second_;
};

}  // namespace weir
