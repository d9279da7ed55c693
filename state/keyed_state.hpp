// How a user's function gets state that belongs to the key of the record at hand: it keeps handles as members and binds
// them, by name, in open(). From then on a handle means the current key's state, and checkpoints, restores at another
// parallelism and expiry are the runtime's business.
//
//   struct Fraud {
//     weir::Value<double> last;
//     weir::Map<std::string, std::int64_t> merchants;
//     void open(weir::KeyedState& state) {
//       last = state.value<double>("last", {.time_to_live = 1h});
//       merchants = state.map<std::string, std::int64_t>("merchants");
//     }
//     void process(const Payment& payment, auto& context) { ... last.set(payment.amount); ... }
//   };
//
// What a change costs, in time and in the next checkpoint: of Value, Reducing and Aggregating the whole value; of List
// and Map the element alone, never the collection. See list.hpp, map.hpp, time_to_live.hpp.
//
// Owned by the operator that runs the function; owns what is behind the handles. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <weir/state/list.hpp>
#include <weir/state/map.hpp>
#include <weir/state/reducing.hpp>
#include <weir/state/value.hpp>

namespace weir {

class KeyedState {
 public:
  /// `clock` tells processing time, for times to live.
  KeyedState(OperatorState& state, std::function<ProcessingTime()> clock) : state_(state), current_(std::move(clock)) {}

  // For open(). A name is unique within the operator.
  template <class T, bool = RequireRecord<T>::value>
  Value<T> value(const std::string& name, const StateOptions& options = {}) { return Value<T>(add<ValueCell<T>>(name, options)); }
  template <class T, bool = RequireRecord<T>::value>
  List<T> list(const std::string& name, const StateOptions& options = {}) { return List<T>(add<ListCell<T>>(name, options)); }
  template <Key K, class V, bool = RequireRecord<V>::value>
  Map<K, V> map(const std::string& name, const StateOptions& options = {}) { return Map<K, V>(add<MapCell<K, V>>(name, options)); }
  /// combine(const T&, const T&) -> T.
  template <class T, class Combine, bool = RequireRecord<T>::value>
  Reducing<T> reducing(const std::string& name, Combine combine, const StateOptions& options = {}) {
    return Reducing<T>(add<ReducingCell<T>>(name, std::move(combine), options));
  }
  template <StateAggregate A>
  Aggregating<A> aggregating(const std::string& name, A aggregate, const StateOptions& options = {}) {
    return Aggregating<A>(add<AggregatingCell<A>>(name, std::move(aggregate), options));
  }

  // For the operator.

  /// Declares that keys are of this shape, once the function has been opened. Throws Failure when the stored
  /// state has keys of another one.
  void opened(const Schema& key);
  /// Makes `key` the current one. `group` is the hash that decides its key group: that of the key alone when `key`
  /// has a scope, such as a window.
  template <class K>
  void enter(const K& key, std::uint64_t group) {
    if (!cells_.empty()) current_.enter(key, group);
  }
  void leave() { current_.leave(); }
  /// Looks at about `budget` entries of each handle and removes those that have expired.
  void expire_some(std::size_t budget) {
    for (auto& cell : cells_) cell->expire_some(budget);
  }

 private:
  template <class Cell, class... Arguments>
  Cell& add(const std::string& name, Arguments&&... arguments) {
    auto made = std::make_unique<Cell>(state_, current_, name, std::forward<Arguments>(arguments)...);
    Cell& cell = *made;
    cells_.push_back(std::move(made));
    return cell;
  }

  OperatorState& state_;
  CurrentKey current_;
  std::vector<std::unique_ptr<StateCell>> cells_;
};

}  // namespace weir
