// What operators that run a user's function per key share: its state, timers and outputs, and when they are told of time.
// process.hpp, connect.hpp and broadcast.hpp add where records come from.
#pragma once

#include <optional>

#include <weir/operators/function_shape.hpp>
#include <weir/operators/keyed_stream.hpp>
#include <weir/operators/typed_operator.hpp>
#include <weir/state/keyed_state.hpp>

namespace weir {

/// Looked at for expiry per record: at this rate a table is looked through in a fraction of the time in which it was filled.
constexpr std::size_t kExpiryPerRecord = 4;
/// Looked at with every checkpoint, so that a quiet stream gets rid of what expired too.
constexpr std::size_t kExpiryPerSnapshot = 65536;

template <class K, class F>
class KeyedFunction : public ContextOperator {
 public:
  using Out = typename F::Out;

  explicit KeyedFunction(std::shared_ptr<const FunctionPrototype<F>> prototype)
      : prototype_(std::move(prototype)), function_(prototype_->function()) {}

  void open(OperatorContext& context) override {
    ContextOperator::open(context);
    context_of_function_.open(context);
    prototype_->connect(function_, context_of_function_.sides());
    state_.emplace(context.state(), [&context] { return context.now(); });
    open_function(function_, *state_);
    state_->opened(Codec<K>::schema());
    if constexpr (HasTimer<F, K>) {
      timers_.open(context);
      context_of_function_.use(&timers_);
    }
  }

  Progress on_watermark(EventTime time) override { return fire(TimeDomain::Event, time.ms); }

  Progress on_processing_time(ProcessingTime now) override {
    return ended_ ? Progress::Done : fire(TimeDomain::Processing, now.ms);
  }

  Progress finish() override {
    ended_ = true;
    // Otherwise the job was stopped, and the timers belong to whoever goes on from here.
    if constexpr (HasTimer<F, K>) {
      if (context().watermark() == EventTime::max()) timers_.drop_processing_timers();
    }
    return Progress::Done;
  }

  void before_snapshot(CheckpointId) override { state_->expire_some(kExpiryPerSnapshot); }

 protected:
  /// Binds the function's handles.
  virtual void open_function(F& function, KeyedState& state) {
    if constexpr (requires { function.open(state); }) function.open(state);
  }

  F& function() { return function_; }

  /// The function's context, for this key.
  KeyedContext<K, Out>& enter(const K& key, EventTime time) { return enter(key, hash_of(key), time); }
  KeyedContext<K, Out>& enter(const K& key, std::uint64_t hash, EventTime time) {
    state_->enter(key, hash);
    context_of_function_.at(key, hash, time);
    return context_of_function_;
  }
  ProcessContext<Out>& without_key(EventTime time) {
    state_->leave();
    static_cast<ProcessContext<Out>&>(context_of_function_).at(time);
    return context_of_function_;
  }
  /// After a batch.
  void done(std::size_t records) {
    state_->expire_some(records * kExpiryPerRecord);
    context_of_function_.flush();
  }

 private:
  Progress fire(TimeDomain domain, std::int64_t ms) {
    if constexpr (HasTimer<F, K>) {
      const Progress progress = timers_.fire(domain, ms, [&](const Timer& timer, const K& key, std::uint64_t hash) {
        function_.on_timer(timer, enter(key, hash, domain == TimeDomain::Event ? EventTime{timer.ms} : EventTime::min()));
      });
      context_of_function_.flush();
      return progress;
    } else {
      return Progress::Done;
    }
  }

  std::shared_ptr<const FunctionPrototype<F>> prototype_;  // shared by the pipeline's streams and the operator's tasks
  F function_;
  std::optional<KeyedState> state_;
  TimerService<K> timers_;
  KeyedContext<K, Out> context_of_function_;
  bool ended_ = false;
};

}  // namespace weir
