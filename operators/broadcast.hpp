// A stream beside rules that every task must know. Records of the broadcast stream go to all tasks, which keep what
// they say in broadcast state; process() reads it. Only the context of process_broadcast() can change it, because only there
// all tasks do the same.
//
//   struct Check {
//     using Out = Alert;
//     weir::BroadcastMap<std::string, double> limits;
//     void open(weir::KeyedState& state, weir::BroadcastState& shared) { limits = shared.map<std::string, double>("limits"); }
//     void process(const Payment& payment, auto& context) {
//       if (const double* limit = limits.find(payment.country); limit && payment.amount > *limit) context.emit({payment.card});
//     }
//     void process_broadcast(const Limit& limit, auto& context) { context.put(limits, limit.country, limit.amount); }
//   };
//   payments.key_by(&Payment::card).connect(limits.broadcast()).process("check", Check{});
//
// Without keys, open takes (weir::TaskState&, weir::BroadcastState&). Tasks see the broadcast records in the same order
// when one task sends them (.parallelism = 1 where they come from); how they fall between the other stream's records is not
// defined. Broadcast records count for the watermark like others.
#pragma once

#include <weir/operators/named_step.hpp>
#include <weir/operators/task_function.hpp>

namespace weir {

template <class T, class KeyOf, class U, class F>
class KeyedBroadcastProcess final : public KeyedFunction<KeyOfResult<T, KeyOf>, F> {
 public:
  using K = KeyOfResult<T, KeyOf>;

  KeyedBroadcastProcess(std::shared_ptr<const FunctionPrototype<F>> prototype, KeyOf key_of)
      : KeyedFunction<K, F>(std::move(prototype)), key_of_(std::move(key_of)) {}

  void process(BatchPtr batch, std::uint32_t input) override {
    const std::size_t records = batch->size();
    if (input == 0) {
      const auto& in = batch_of<T>(*batch);
      for (std::size_t i = 0; i < records; ++i) {
        const K& key = std::invoke(key_of_, in.records[i]);
        this->function().process(in.records[i], this->enter(key, in.times[i]));
      }
    } else {
      const auto& in = batch_of<U>(*batch);
      for (std::size_t i = 0; i < records; ++i) {
        BroadcastContext<typename F::Out> context(this->without_key(in.times[i]));
        this->function().process_broadcast(in.records[i], context);
      }
    }
    this->done(records);
  }

 private:
  void open_function(F& function, KeyedState& state) override {
    if constexpr (Opens<F, KeyedState, BroadcastState>) {
      BroadcastState shared(this->context().state());
      function.open(state, shared);
    }
  }

  KeyOf key_of_;
};

template <class T, class U, class F>
class BroadcastProcess final : public TaskFunction<F> {
 public:
  using TaskFunction<F>::TaskFunction;

  void process(BatchPtr batch, std::uint32_t input) override {
    if (input == 0) {
      const auto& in = batch_of<T>(*batch);
      for (std::size_t i = 0; i < in.records.size(); ++i) this->function().process(in.records[i], this->at(in.times[i]));
    } else {
      const auto& in = batch_of<U>(*batch);
      for (std::size_t i = 0; i < in.records.size(); ++i) {
        BroadcastContext<typename F::Out> context(this->at(in.times[i]));
        this->function().process_broadcast(in.records[i], context);
      }
    }
    this->done();
  }

 private:
  void open_function(F& function, TaskState& state) override {
    if constexpr (Opens<F, TaskState, BroadcastState>) {
      BroadcastState shared(this->context().state());
      function.open(state, shared);
    }
  }
};

/// What connect(rules.broadcast()) returns.
template <class T, class U>
class BroadcastConnected {
 public:
  BroadcastConnected(Stream<T> stream, Stream<U> shared) : stream_(std::move(stream)), shared_(std::move(shared)) {}

  template <class F>
  auto process(const std::string& name, F function, StepOptions options = {}) const {
    constexpr bool emits = RequireOut<F>::value;
    constexpr bool valid = !emits || (ProcessFunction<F, T> && BroadcastFunction<F, U>);
    static_assert(valid, "process: the struct must have process(const Record&, auto& context) and "
                         "process_broadcast(const Shared&, auto& context)");
    constexpr bool open = !emits || OpenIsSound<F, TaskState, BroadcastState>;
    static_assert(open, "process: beside a broadcast stream, open must take (weir::TaskState&, weir::BroadcastState&)");
    if constexpr (emits && valid && open) {
      auto prototype = std::make_shared<FunctionPrototype<F>>(std::move(function));
      const auto results = stream_.template step<typename F::Out>(
          "process", named("process", name, options), [prototype] { return std::make_unique<BroadcastProcess<T, U, F>>(prototype); });
      shared_.feed(results.node(), 1);
      return Processed<F>(results, prototype);
    } else {
      return without_process<F>(stream_);
    }
  }

 private:
  Stream<T> stream_;
  Stream<U> shared_;
};

/// The same for a keyed stream.
template <class T, class KeyOf, class U>
class KeyedBroadcastConnected {
 public:
  using K = KeyOfResult<T, KeyOf>;

  KeyedBroadcastConnected(KeyedStream<T, KeyOf> keyed, Stream<U> shared) : keyed_(std::move(keyed)), shared_(std::move(shared)) {}

  template <class F>
  auto process(const std::string& name, F function, StepOptions options = {}) const {
    constexpr bool emits = RequireOut<F>::value;
    constexpr bool valid = !emits || (KeyedProcessFunction<F, T, K> && BroadcastFunction<F, U>);
    static_assert(valid, "process: the struct must have process(const Record&, auto& context) and "
                         "process_broadcast(const Shared&, auto& context)");
    constexpr bool timer = !emits || TimerIsSound<F, K>;
    static_assert(timer, "process: on_timer must take (const weir::Timer&, auto& context)");
    constexpr bool open = !emits || OpenIsSound<F, KeyedState, BroadcastState>;
    static_assert(open, "process: beside a broadcast stream, open must take (weir::KeyedState&, weir::BroadcastState&)");
    constexpr bool end = !emits || EndIsSound<F>;
    static_assert(end, "process: finish is for streams without keys; per key, set a timer at weir::EventTime::max()");
    if constexpr (emits && valid && timer && open && end) {
      using Made = KeyedBroadcastProcess<T, KeyOf, U, F>;
      auto prototype = std::make_shared<FunctionPrototype<F>>(std::move(function));
      const auto results = keyed_.stream().template step<typename F::Out>(
          "process", named("process", name, options),
          [prototype, key_of = keyed_.key_of()] { return std::make_unique<Made>(prototype, key_of); });
      shared_.feed(results.node(), 1);
      return Processed<F>(results, prototype);
    } else {
      return without_process<F>(keyed_.stream());
    }
  }

 private:
  KeyedStream<T, KeyOf> keyed_;
  Stream<U> shared_;
};

template <class T>
template <class U>
BroadcastConnected<T, U> Stream<T>::connect(const BroadcastStream<U>& shared) const {
  return {*this, shared};
}

template <class T, class KeyOf>
template <class U>
KeyedBroadcastConnected<T, KeyOf, U> KeyedStream<T, KeyOf>::connect(const BroadcastStream<U>& shared) const {
  return {*this, shared};
}

}  // namespace weir
