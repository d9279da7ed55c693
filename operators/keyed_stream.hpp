// A stream whose records belong to keys: all records of a key reach the same task, in order, and operators keep
// state per key. What key_by returns.
#pragma once

#include <cstdint>
#include <string>

#include <weir/operators/stream.hpp>

namespace weir {

template <class T, class KeyOf>
using KeyOfResult = std::decay_t<std::invoke_result_t<const KeyOf&, const T&>>;

template <class K, class T>
struct Keyed;
template <class T, class KeyOf, class U, class KeyOfU> class KeyedConnected;
template <class T, class KeyOf, class U> class KeyedBroadcastConnected;
struct Interval;
struct StateOptions;
struct PairWindowOptions;
enum class JoinKind : std::uint8_t;
enum class Keep : std::uint8_t;

template <class T, class KeyOf>
class KeyedStream {
 public:
  using RecordType = T;
  using KeyType = KeyOfResult<T, KeyOf>;

  KeyedStream(Stream<T> stream, KeyOf key_of) : stream_(std::move(stream)), key_of_(std::move(key_of)) {}

  /// The stream, routed by key.
  const Stream<T>& stream() const { return stream_; }
  const KeyOf& key_of() const { return key_of_; }

  // Rolling: every record yields the key's new value.
  template <class F> Stream<T> reduce(const std::string& name, F combine, StepOptions options = {}) const;
  template <class Member> auto sum(const std::string& name, Member member, StepOptions options = {}) const;
  template <class Member> auto min(const std::string& name, Member member, StepOptions options = {}) const;
  template <class Member> auto max(const std::string& name, Member member, StepOptions options = {}) const;
  template <class Member> Stream<T> min_by(const std::string& name, Member member, StepOptions options = {}) const;
  template <class Member> Stream<T> max_by(const std::string& name, Member member, StepOptions options = {}) const;
  auto count(const std::string& name, StepOptions options = {}) const;
  template <class Member> auto mean(const std::string& name, Member member, StepOptions options = {}) const;
  /// Any aggregate of aggregate.hpp: yields Keyed<K, Result>.
  template <class A> auto aggregate(const std::string& name, A aggregate, StepOptions options = {}) const;

  /// A function with declared state, timers and side outputs; see process.hpp.
  template <class F> auto process(const std::string& name, F function, StepOptions options = {}) const;

  // Two streams.
  /// Both in one operator, with shared state: connect.hpp; beside rules that every task knows: broadcast.hpp.
  template <class U, class KeyOfU> KeyedConnected<T, KeyOf, U, KeyOfU> connect(const KeyedStream<U, KeyOfU>& other) const;
  template <class U> KeyedBroadcastConnected<T, KeyOf, U> connect(const BroadcastStream<U>& shared) const;
  /// Pairs of one key whose times are near each other; see interval_join.hpp.
  template <class U, class KeyOfU, class F>
  auto interval_join(const std::string& name, const KeyedStream<U, KeyOfU>& other, const Interval& interval, JoinKind kind,
                     F join, StepOptions options = {}) const;

  // Fewer records.
  /// The first record of each key, and duplicates never; see distinct.hpp.
  Stream<T> distinct(const std::string& name, const StateOptions& options, StepOptions step = {}) const;
  Stream<T> distinct(const std::string& name) const;
  Stream<T> deduplicate(const std::string& name, Keep keep, const StateOptions& options, StepOptions step = {}) const;
  Stream<T> deduplicate(const std::string& name, Keep keep) const;
  /// The best n records of each key, as changes of ranks; see top_n.hpp.
  template <class F> auto top_n(const std::string& name, std::size_t n, F before, StepOptions options = {}) const;
  /// The last row of each key, when the input has ended; see changelog.hpp.
  auto materialize(const std::string& name, StepOptions options = {}) const;

  /// The records in windows, to be aggregated or processed there; see windowed.hpp.
  template <class Assigner> auto window(Assigner assigner, WindowOptions options) const;
  template <class Assigner> auto window(Assigner assigner) const;
  /// Pairs of one key in the same window; see window_join.hpp.
  template <class U, class KeyOfU, class Assigner, class F>
  auto window_join(const std::string& name, const KeyedStream<U, KeyOfU>& other, const Assigner& assigner, JoinKind kind, F join,
                   const PairWindowOptions& options) const;
  template <class U, class KeyOfU, class Assigner, class F>
  auto window_join(const std::string& name, const KeyedStream<U, KeyOfU>& other, const Assigner& assigner, JoinKind kind,
                   F join) const;
  /// A function of all records of both streams with one key in the same window; see co_group.hpp.
  template <class Out, class U, class KeyOfU, class Assigner, class F>
  auto co_group(const std::string& name, const KeyedStream<U, KeyOfU>& other, const Assigner& assigner, F function,
                const PairWindowOptions& options) const;
  template <class Out, class U, class KeyOfU, class Assigner, class F>
  auto co_group(const std::string& name, const KeyedStream<U, KeyOfU>& other, const Assigner& assigner, F function) const;

  // Without the name, which is refused.
  template <detail::NoName F> auto reduce(F combine) const { return reduce(detail::missing_name<F>(), combine); }
  template <detail::NoName M> auto sum(M member) const { return sum(detail::missing_name<M>(), member); }
  template <detail::NoName M> auto min(M member) const { return min(detail::missing_name<M>(), member); }
  template <detail::NoName M> auto max(M member) const { return max(detail::missing_name<M>(), member); }
  template <detail::NoName M> auto mean(M member) const { return mean(detail::missing_name<M>(), member); }
  template <detail::NoName M> auto min_by(M member) const { return min_by(detail::missing_name<M>(), member); }
  template <detail::NoName M> auto max_by(M member) const { return max_by(detail::missing_name<M>(), member); }
  template <detail::NoName A> auto aggregate(A aggregate) const { return this->aggregate(detail::missing_name<A>(), aggregate); }
  template <class Self = KeyedStream> auto count() const { return static_cast<const Self&>(*this).count(detail::missing_name<Self>()); }
  template <detail::NoName F> auto process(F function) const { return process(detail::missing_name<F>(), function); }

 private:
  Stream<T> stream_;
  KeyOf key_of_;
};

template <class T>
template <class F>
auto Stream<T>::key_by(F key_of) const {
  constexpr bool valid = KeyFunction<F, T>;
  static_assert(valid, "key_by: give a member or a function of one record that returns a comparable Record, such as an id or a string");
  if constexpr (valid) {
    Routing by_key{Routing::Kind::Key, [key_of](const EdgeShape& shape) {
                     return [key_of, groups = shape.key_groups](std::uint32_t) {
                       return std::make_unique<KeyPartitioner<T, F>>(key_of, groups);
                     };
                   }};
    return KeyedStream<T, F>(routed(std::move(by_key)), key_of);
  } else {
    const auto nothing = [](const T&) { return 0; };
    return KeyedStream<T, decltype(nothing)>(*this, nothing);
  }
}

}  // namespace weir
