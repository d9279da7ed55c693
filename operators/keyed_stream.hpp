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

  template <class F> auto process(const std::string& name, F function, StepOptions options = {}) const;
  template <class Assigner> Windowed<T, KeyOf, Assigner> window(Assigner assigner, WindowOptions options) const;
  template <class Assigner> Windowed<T, KeyOf, Assigner> window(Assigner assigner) const;

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
