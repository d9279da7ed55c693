// What a user's function is handed with every record and timer: when and for which key it is called, where to emit, and
// its timers. Write the parameter as `auto& context`. Valid during the call only.
#pragma once

#include <weir/operators/side_output.hpp>
#include <weir/operators/timer_service.hpp>
#include <weir/state/broadcast_state.hpp>

namespace weir {

/// Of functions without a key.
template <class Out>
class ProcessContext {
 public:
  /// Emits a result at time().
  void emit(Out record) { results_.emit(std::move(record), time_); }
  /// Emits on a side output, a member of the function, at time().
  template <class T>
  void emit(const SideOutput<T>& output, std::type_identity_t<T> record) { output.emit(sides_, std::move(record), time_); }

  /// The event time of the record or timer; EventTime::min() where there is none: records without one, and
  /// processing-time timers.
  EventTime time() const { return time_; }
  EventTime watermark() const { return context_->watermark(); }
  ProcessingTime now() const { return context_->now(); }

  // For the operator.
  void open(OperatorContext& context) {
    context_ = &context;
    results_.open(context);
    sides_.open(context);
  }
  void at(EventTime time) { time_ = time; }
  SideEmitters& sides() { return sides_; }
  void flush() {
    results_.flush();
    sides_.flush();
  }

 private:
  OperatorContext* context_ = nullptr;
  Emitter<Out> results_;
  SideEmitters sides_;
  EventTime time_ = EventTime::min();
};

/// The timers of the current key.
template <class K>
class Timers {
 public:
  Timers(TimerService<K>* service, const K& key, std::uint64_t hash) : service_(service), key_(key), hash_(hash) {}

  /// Calls on_timer() when the watermark reaches `time`.
  void at(EventTime time) const { service().set(key_, hash_, time); }
  /// Calls on_timer() at `time` or soon after.
  void at(ProcessingTime time) const { service().set(key_, hash_, time); }
  /// The same, counted from now.
  void after(Duration wait) const { service().set(key_, hash_, service().now() + wait); }
  void cancel(EventTime time) const { service().cancel(key_, time); }
  void cancel(ProcessingTime time) const { service().cancel(key_, time); }

 private:
  TimerService<K>& service() const {
    if (service_ == nullptr) throw Failure("a timer was set by a function without on_timer(const Timer&, auto& context); add it");
    return *service_;
  }

  TimerService<K>* service_;
  const K& key_;
  std::uint64_t hash_;
};

/// Of functions on keyed streams.
template <class K, class Out>
class KeyedContext : public ProcessContext<Out> {
 public:
  const K& key() const { return *key_; }
  Timers<K> timers() const { return {timers_, *key_, hash_}; }

  // For the operator.
  void use(TimerService<K>* timers) { timers_ = timers; }
  void at(const K& key, std::uint64_t hash, EventTime time) {
    ProcessContext<Out>::at(time);
    key_ = &key;
    hash_ = hash;
  }

 private:
  const K* key_ = nullptr;
  std::uint64_t hash_ = 0;
  TimerService<K>* timers_ = nullptr;
};

/// Of process_broadcast(): what is done here every task does, so that here, and nowhere else, broadcast state changes.
template <class Out>
class BroadcastContext {
 public:
  explicit BroadcastContext(ProcessContext<Out>& context) : context_(context) {}

  template <class K, class V>
  void put(BroadcastMap<K, V>& map, const std::type_identity_t<K>& key, std::type_identity_t<V> value) {
    writer_.put(map, key, std::move(value));
  }
  template <class K, class V>
  void erase(BroadcastMap<K, V>& map, const std::type_identity_t<K>& key) { writer_.erase(map, key); }

  /// Every task emits its own.
  void emit(Out record) { context_.emit(std::move(record)); }
  template <class T>
  void emit(const SideOutput<T>& output, std::type_identity_t<T> record) { context_.emit(output, std::move(record)); }
  EventTime time() const { return context_.time(); }
  EventTime watermark() const { return context_.watermark(); }
  ProcessingTime now() const { return context_.now(); }

 private:
  ProcessContext<Out>& context_;
  BroadcastWriter writer_;
};

}  // namespace weir
