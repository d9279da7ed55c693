// Two streams in one operator. Unlike merge, the streams may be of different types, and the function knows which is which;
// unlike a join, it says itself what to keep and when to answer.
//
//   readings.connect(alarms).map([](const Reading& r) { return ...; }, [](const Alarm& a) { return ...; });
//
//   struct Match {
//     using Out = Paid;
//     weir::Value<Order> order;
//     void open(weir::KeyedState& state) { order = state.value<Order>("order"); }
//     void on_first(const Order& o, auto& context) { order.set(o); }
//     void on_second(const Payment& p, auto& context) { if (order) context.emit({*order, p}); }
//   };
//   orders.key_by(&Order::id).connect(payments.key_by(&Payment::order)).process("match", Match{});
//
// Both inputs of a keyed pair see the same state, timers and on_timer(), as in process.hpp. In which order records of the two
// inputs arrive is not defined; each input's own order per key is kept.
#pragma once

#include <weir/operators/named_step.hpp>
#include <weir/operators/pair_operators.hpp>

namespace weir {

/// What connect() returns for two streams.
template <class T, class U>
class Connected {
 public:
  Connected(Stream<T> first, Stream<U> second) : first_(std::move(first)), second_(std::move(second)) {}

  /// One result per record of either stream; both functions yield the same type.
  template <class F, class G>
  auto map(F first, G second, StepOptions options = {}) const {
    constexpr bool valid = MapFunction<F, T> && MapFunction<G, U>;
    static_assert(valid, "map: give two functions, of a record of the first and of the second stream, that return a value");
    using Out = ResultOf<valid, F, T>;
    constexpr bool same = !valid || std::is_same_v<Out, ResultOf<valid, G, U>>;
    static_assert(same, "map: both functions must return the same type");
    if constexpr (valid && same) {
      return step<Out>("map", options, [first, second] { return std::make_unique<PairMap<T, U, Out, F, G>>(first, second); });
    } else {
      return first_;
    }
  }

  /// Any number of results per record; see Stream::flat_map.
  template <class Out, class F, class G>
  Stream<Out> flat_map(F first, G second, StepOptions options = {}) const {
    constexpr bool valid = FlatMapFunction<F, T, Out> && FlatMapFunction<G, U, Out>;
    static_assert(valid, "flat_map<Out>: give two functions that take (const Record&, auto&& out) and call out(Out)");
    if constexpr (valid) {
      return step<Out>("flat_map", options, [first, second] { return std::make_unique<PairFlatMap<T, U, Out, F, G>>(first, second); });
    } else {
      return Stream<Out>(first_.graph(), first_.node(), first_.port());
    }
  }

  template <class F>
  auto process(const std::string& name, F function, StepOptions options = {}) const {
    constexpr bool emits = RequireOut<F>::value;
    constexpr bool valid = !emits || PairFunction<F, T, U>;
    static_assert(valid, "process: the struct must have on_first(const First&, auto& context) and "
                         "on_second(const Second&, auto& context)");
    constexpr bool open = !emits || OpenIsSound<F, TaskState>;
    static_assert(open, "process: on streams without keys, open must take (weir::TaskState&); for keyed state, key_by() both first");
    if constexpr (emits && valid && open) {
      auto prototype = std::make_shared<FunctionPrototype<F>>(std::move(function));
      const auto results = step<typename F::Out>("process", named("process", name, options),
                                                 [prototype] { return std::make_unique<PairProcess<T, U, F>>(prototype); });
      return Processed<F>(results, prototype);
    } else {
      return without_process<F>(first_);
    }
  }

 private:
  template <class Out>
  Stream<Out> step(const std::string& verb, const StepOptions& options, OperatorFactory make) const {
    const auto results = first_.template step<Out>(verb, options, std::move(make));
    second_.feed(results.node(), 1);
    return results;
  }

  Stream<T> first_;
  Stream<U> second_;
};

/// What connect() returns for two keyed streams.
template <class T, class KeyOf, class U, class KeyOfU>
class KeyedConnected {
 public:
  using K = KeyOfResult<T, KeyOf>;

  KeyedConnected(KeyedStream<T, KeyOf> first, KeyedStream<U, KeyOfU> second)
      : first_(std::move(first)), second_(std::move(second)) {}

  /// As without keys, but records of one key meet in one task.
  template <class F, class G>
  auto map(F first, G second, StepOptions options = {}) const {
    return routed().map(std::move(first), std::move(second), options);
  }
  template <class Out, class F, class G>
  Stream<Out> flat_map(F first, G second, StepOptions options = {}) const {
    return routed().template flat_map<Out>(std::move(first), std::move(second), options);
  }

  template <class F>
  auto process(const std::string& name, F function, StepOptions options = {}) const {
    constexpr bool emits = RequireOut<F>::value;
    constexpr bool valid = !emits || KeyedPairFunction<F, T, U, K>;
    static_assert(valid, "process: the struct must have on_first(const First&, auto& context) and "
                         "on_second(const Second&, auto& context)");
    constexpr bool timer = !emits || TimerIsSound<F, K>;
    static_assert(timer, "process: on_timer must take (const weir::Timer&, auto& context)");
    constexpr bool open = !emits || OpenIsSound<F, KeyedState>;
    static_assert(open, "process: on keyed streams, open must take (weir::KeyedState&)");
    constexpr bool end = !emits || EndIsSound<F>;
    static_assert(end, "process: finish is for streams without keys; per key, set a timer at weir::EventTime::max()");
    if constexpr (emits && valid && timer && open && end) {
      using Made = KeyedPairProcess<T, KeyOf, U, KeyOfU, F>;
      auto prototype = std::make_shared<FunctionPrototype<F>>(std::move(function));
      const auto results = first_.stream().template step<typename F::Out>(
          "process", named("process", name, options),
          [prototype, first = first_.key_of(), second = second_.key_of()] { return std::make_unique<Made>(prototype, first, second); });
      second_.stream().feed(results.node(), 1);
      return Processed<F>(results, prototype);
    } else {
      return without_process<F>(first_.stream());
    }
  }

 private:
  Connected<T, U> routed() const { return {first_.stream(), second_.stream()}; }

  KeyedStream<T, KeyOf> first_;
  KeyedStream<U, KeyOfU> second_;
};

template <class T>
template <class U>
Connected<T, U> Stream<T>::connect(const Stream<U>& other) const {
  return {*this, other};
}

template <class T, class KeyOf>
template <class U, class KeyOfU>
KeyedConnected<T, KeyOf, U, KeyOfU> KeyedStream<T, KeyOf>::connect(const KeyedStream<U, KeyOfU>& other) const {
  static_assert(std::is_same_v<KeyType, KeyOfResult<U, KeyOfU>>, "connect: both streams must be keyed by the same type");
  return {*this, other};
}

}  // namespace weir
