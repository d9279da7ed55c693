// The operation behind all others: a struct that is called with every record, keeps state, sets timers, and emits what
// it likes. It is a plain struct, without a base class; it is copied once per task, then opened.
//
//   struct Fraud {
//     using Out = Payment;                              // what context.emit() takes
//     weir::Value<double> last;                         // keyed state; bound in open()
//     weir::SideOutput<Alert> suspicious;               // another output, beside Out
//     void open(weir::KeyedState& state) { last = state.value<double>("last"); }
//     void process(const Payment& payment, auto& context) {
//       if (last && payment.amount > 10 * *last) context.emit(suspicious, {payment.card, payment.amount});
//       last.set(payment.amount);
//       context.timers().at(context.time() + 1h);       // or .after(5s), in processing time
//       context.emit(payment);
//     }
//     void on_timer(const weir::Timer& timer, auto& context) { last.clear(); }
//   };
//   auto checked = payments.key_by(&Payment::card).process("fraud", Fraud{});
//   checked.side(&Fraud::suspicious).sink("alerts", weir::Console{});
//
// open and on_timer are optional. The context has emit, key, time, watermark, now and timers: process_context.hpp. On a
// stream without keys there are no keyed state and no timers; open takes weir::TaskState&, and finish(auto& context) is
// called at the end of the input.
#pragma once

#include <weir/operators/named_step.hpp>
#include <weir/operators/task_function.hpp>

namespace weir {

template <class T, class KeyOf, class F>
class KeyedProcess final : public KeyedFunction<KeyOfResult<T, KeyOf>, F> {
 public:
  using K = KeyOfResult<T, KeyOf>;

  KeyedProcess(std::shared_ptr<const FunctionPrototype<F>> prototype, KeyOf key_of)
      : KeyedFunction<K, F>(std::move(prototype)), key_of_(std::move(key_of)) {}

  void process(BatchPtr batch, std::uint32_t) override {
    const auto& in = batch_of<T>(*batch);
    for (std::size_t i = 0; i < in.records.size(); ++i) {
      const K& key = std::invoke(key_of_, in.records[i]);
      this->function().process(in.records[i], this->enter(key, in.times[i]));
    }
    this->done(in.records.size());
  }

 private:
  KeyOf key_of_;
};

template <class T, class F>
class Process final : public TaskFunction<F> {
 public:
  using TaskFunction<F>::TaskFunction;

  void process(BatchPtr batch, std::uint32_t) override {
    const auto& in = batch_of<T>(*batch);
    for (std::size_t i = 0; i < in.records.size(); ++i) this->function().process(in.records[i], this->at(in.times[i]));
    this->done();
  }
};

template <class T, class KeyOf>
template <class F>
auto KeyedStream<T, KeyOf>::process(const std::string& name, F function, StepOptions options) const {
  constexpr bool emits = RequireOut<F>::value;
  constexpr bool valid = !emits || KeyedProcessFunction<F, T, KeyType>;
  static_assert(valid, "process: the struct must have process(const Record&, auto& context)");
  constexpr bool timer = !emits || TimerIsSound<F, KeyType>;
  static_assert(timer, "process: on_timer must take (const weir::Timer&, auto& context)");
  constexpr bool open = !emits || OpenIsSound<F, KeyedState>;
  static_assert(open, "process: on a keyed stream, open must take (weir::KeyedState&)");
  constexpr bool end = !emits || EndIsSound<F>;
  static_assert(end, "process: finish is for streams without keys; per key, set a timer at weir::EventTime::max()");
  if constexpr (emits && valid && timer && open && end) {
    auto prototype = std::make_shared<FunctionPrototype<F>>(std::move(function));
    const auto results = stream_.template step<typename F::Out>(
        "process", named("process", name, options),
        [key_of = key_of_, prototype] { return std::make_unique<KeyedProcess<T, KeyOf, F>>(prototype, key_of); });
    return Processed<F>(results, prototype);
  } else {
    return without_process<F>(stream_);
  }
}

template <class T>
template <class F>
auto Stream<T>::process(const std::string& name, F function, StepOptions options) const {
  constexpr bool emits = RequireOut<F>::value;
  constexpr bool valid = !emits || ProcessFunction<F, T>;
  static_assert(valid, "process: the struct must have process(const Record&, auto& context); "
                       "for keyed state and timers, key_by() first");
  constexpr bool open = !emits || OpenIsSound<F, TaskState>;
  static_assert(open, "process: on a stream without keys, open must take (weir::TaskState&); for keyed state, key_by() first");
  constexpr bool timer = !emits || !std::is_class_v<F> || !detail::NamesOnTimer<F>;
  static_assert(timer, "process: there are no timers on a stream without keys; key_by() first");
  if constexpr (emits && valid && open && timer) {
    auto prototype = std::make_shared<FunctionPrototype<F>>(std::move(function));
    const auto results = step<typename F::Out>("process", named("process", name, options),
                                               [prototype] { return std::make_unique<Process<T, F>>(prototype); });
    return Processed<F>(results, prototype);
  } else {
    return without_process<F>(*this);
  }
}

}  // namespace weir
