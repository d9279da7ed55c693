// Results that change: how a stream says that what it said before no longer holds. There are two forms, and the README's section
// "Changing results" says when to use which:
//
//   rows by key   plain records; the newest of a key takes the place of those before it. Nothing ever goes away.
//   changes       Change<Row>: what a row was and what it is now, for rows that can go away, and for whoever must undo what
//                 the old row did, such as an average over rows that change.
//
// Materialized folds either into the table that is valid in the end.
#pragma once

#include <functional>
#include <map>
#include <optional>

#include <weir/record/codec.hpp>

namespace weir {

/// What happens to one row. The row's key stays the same: a row that moves to another key is removed and inserted.
template <class T>
struct Change {
  std::optional<T> before;  // empty: the row is new
  std::optional<T> after;   // empty: the row is gone

  static Change insert(T row) { return {std::nullopt, std::move(row)}; }
  static Change update(T before, T after) { return {std::move(before), std::move(after)}; }
  static Change remove(T row) { return {std::move(row), std::nullopt}; }

  /// The row as it is, or as it last was: to key by.
  const T& row() const { return after ? *after : *before; }

  friend bool operator==(const Change&, const Change&) = default;
};
template <class T>
constexpr auto weir_fields(const Change<T>*) {
  return std::make_tuple(make_field("before", &Change<T>::before), make_field("after", &Change<T>::after));
}
template <class T>
constexpr std::string_view weir_record_name(const Change<T>*) { return "Change"; }

namespace detail {
template <class T>
struct RowOf { using type = T; };
template <class T>
struct RowOf<Change<T>> { using type = T; };
}  // namespace detail

/// The row that a record of a changing result is about.
template <class T>
using RowOf = typename detail::RowOf<T>::type;

/// The row that holds after a record of either form; nullptr when it is gone.
template <class T>
const T* row_after(const T& row) { return &row; }
template <class T>
const T* row_after(const Change<T>& change) { return change.after ? &*change.after : nullptr; }

/// The table that a changing result amounts to. `K key_of(const T&)` tells which row a record is about. A value.
template <class T, class KeyOf>
class Materialized {
 public:
  using Row = RowOf<T>;
  using K = std::decay_t<std::invoke_result_t<const KeyOf&, const T&>>;

  explicit Materialized(KeyOf key_of) : key_of_(std::move(key_of)) {}

  void apply(const T& record) {
    const K& key = std::invoke(key_of_, record);
    if (const Row* row = row_after(record)) rows_.insert_or_assign(key, *row);
    else rows_.erase(key);
  }

  /// The rows that hold now, in order of keys.
  const std::map<K, Row>& rows() const { return rows_; }

 private:
  KeyOf key_of_;
  std::map<K, Row> rows_;
};

}  // namespace weir
