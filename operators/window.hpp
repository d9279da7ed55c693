// A window is a stretch of time, [start, end): a record at `start` is in, one at `end` is not. Its results carry the
// time end - 1, the last one that is in it, and are made when the watermark gets there.
#pragma once

#include <algorithm>

#include <weir/record/codec.hpp>

namespace weir {

struct Window {
  EventTime start;
  EventTime end;

  /// The time of results: the last instant inside. Of the global window, the end of time.
  constexpr EventTime last() const { return end == EventTime::max() ? end : end - Duration(1); }
  constexpr bool contains(EventTime time) const { return start <= time && time < end; }
  /// Whether two windows overlap or one ends where the other begins: such sessions are one.
  constexpr bool touches(const Window& other) const { return start <= other.end && other.start <= end; }
  /// The least window around both.
  constexpr Window cover(const Window& other) const {
    return {std::min(start, other.start), std::max(end, other.end)};
  }

  friend constexpr auto operator<=>(const Window&, const Window&) = default;
};
WEIR_RECORD(Window, start, end);

/// What an aggregate made of a key's records in a window: a row of (key, start, end, value).
template <class K, class V>
struct WindowResult {
  K key{};
  EventTime start;
  EventTime end;
  V value{};
  friend auto operator<=>(const WindowResult&, const WindowResult&) = default;
};
template <class K, class V>
constexpr auto weir_fields(const WindowResult<K, V>*) {
  using Type = WindowResult<K, V>;
  return std::make_tuple(make_field("key", &Type::key), make_field("start", &Type::start),
                         make_field("end", &Type::end), make_field("value", &Type::value));
}
template <class K, class V>
constexpr std::string_view weir_record_name(const WindowResult<K, V>*) { return "WindowResult"; }

/// A record that a window keeps, and its time.
template <class T>
struct WindowElement {
  T record{};
  EventTime time;
  friend auto operator<=>(const WindowElement&, const WindowElement&) = default;
};
template <class T>
constexpr auto weir_fields(const WindowElement<T>*) {
  return std::make_tuple(make_field("record", &WindowElement<T>::record), make_field("time", &WindowElement<T>::time));
}
template <class T>
constexpr std::string_view weir_record_name(const WindowElement<T>*) { return "WindowElement"; }

/// The key of windows over a whole stream.
struct NoKey {
  template <class T>
  Nothing operator()(const T&) const { return {}; }
};

}  // namespace weir
