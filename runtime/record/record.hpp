// C++ cannot list a struct's fields, yet codecs, CSV, JSON, state evolution and the dashboard all need
// them. WEIR_RECORD names them once, next to the struct and in its namespace:
//
//   struct Reading { std::string host; double cpu; weir::EventTime at; };
//   WEIR_RECORD(Reading, host, cpu, at);
//
// Everything else is derived. Fields are scalars, strings, enums, event times, durations, optionals, vectors, maps,
// pairs, tuples and other records, which are named first. A record is default-constructible: a field that stored bytes do not
// have keeps its default.
#pragma once

#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/base/time.hpp>
#include <weir/record/field_list.hpp>

namespace weir {

/// A named member of a record.
template <class Type, class Member>
struct Field {
  using type = Member;
  std::string_view name;
  Member Type::* member;
};

template <class Type, class Member>
constexpr Field<Type, Member> make_field(std::string_view name, Member Type::* member) {
  return {name, member};
}

/// A struct whose fields WEIR_RECORD names.
template <class T>
concept NamedRecord = requires(const T* record) { weir_fields(record); } && std::default_initializable<T>;

/// The fields of a record as a tuple of Field, in the order in which they were named.
template <NamedRecord T>
constexpr auto fields_of() {
  return weir_fields(static_cast<const T*>(nullptr));
}

template <NamedRecord T>
constexpr std::string_view name_of() {
  return weir_record_name(static_cast<const T*>(nullptr));
}

/// Calls `visit(Field)` for every field of T, in order.
template <NamedRecord T, class Visitor>
constexpr void for_each_field(Visitor&& visit) {
  std::apply([&](const auto&... field) { (visit(field), ...); }, fields_of<T>());
}

/// A value without meaning of its own: what flows where only a key or the mere arrival matters.
struct Nothing {
  friend constexpr auto operator<=>(const Nothing&, const Nothing&) = default;
};
constexpr auto weir_fields(const Nothing*) { return std::tuple<>(); }
constexpr std::string_view weir_record_name(const Nothing*) { return "Nothing"; }

namespace detail {
template <class T> struct IsOptional : std::false_type {};
template <class T> struct IsOptional<std::optional<T>> : std::true_type {};
template <class T> struct IsVector : std::false_type {};
template <class T, class A> struct IsVector<std::vector<T, A>> : std::true_type {};
template <class T> struct IsMap : std::false_type {};
template <class K, class V, class C, class A> struct IsMap<std::map<K, V, C, A>> : std::true_type {};
template <class T> struct IsTuple : std::false_type {};
template <class... T> struct IsTuple<std::tuple<T...>> : std::true_type {};
template <class A, class B> struct IsTuple<std::pair<A, B>> : std::true_type {};

template <class T>
constexpr bool is_record();

template <class... T>
constexpr bool all_members(const std::tuple<T...>*) {
  return (is_record<typename T::type>() && ...);
}

template <class T, std::size_t... I>
constexpr bool all_elements(std::index_sequence<I...>) {
  return (is_record<std::tuple_element_t<I, T>>() && ...);
}

template <class T>
constexpr bool is_record() {
  if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T> || std::is_same_v<T, std::string> ||
                std::is_same_v<T, EventTime> || std::is_same_v<T, Duration>) {
    return true;
  } else if constexpr (NamedRecord<T>) {
    return all_members(static_cast<const decltype(fields_of<T>())*>(nullptr));
  } else if constexpr (IsOptional<T>::value || IsVector<T>::value) {
    return is_record<typename T::value_type>();
  } else if constexpr (IsMap<T>::value) {
    return is_record<typename T::key_type>() && is_record<typename T::mapped_type>();
  } else if constexpr (IsTuple<T>::value) {
    return all_elements<T>(std::make_index_sequence<std::tuple_size_v<T>>());
  } else {
    return false;
  }
}
}  // namespace detail

/// What streams, keys and state may hold.
template <class T>
concept Record = detail::is_record<T>() && std::default_initializable<T> && std::copyable<T>;

namespace detail {
template <class T>
constexpr bool require_record() {
  constexpr bool is = Record<T>;
  static_assert(is, "this type is not a Record; name its fields with WEIR_RECORD(Type, fields...), which may be numbers, bool, "
                    "enums, std::string, EventTime, Duration, and optional, vector, map, pair and tuple of these or other records");
  return is;
}
}  // namespace detail

/// Whether a type is a Record; where it is not, the compiler says so in one line, once for each type however often it is asked.
template <class T>
struct RequireRecord {
  static constexpr bool value = detail::require_record<T>();
};
/// A struct with a field that is no Record is not told of; the field is.
template <NamedRecord T>
  requires std::copyable<T>
struct RequireRecord<T> {
  template <class... F>
  static constexpr bool all(const std::tuple<F...>&) { return (static_cast<int>(RequireRecord<typename F::type>::value) & ... & 1); }
  static constexpr bool value = all(fields_of<T>());
};

namespace detail {
/// Stands for a type that is no Record when that has been said, so that what follows it is not reported too. Never linked.
template <class T>
struct Assumed {
  Assumed();
  Assumed(const T&);
  operator const T&() const;
};
template <class T>
  requires(std::is_class_v<T> && !std::is_final_v<T>)
struct Assumed<T> : T {
  Assumed();
  Assumed(const T&);
  Assumed(const Assumed&);
  Assumed& operator=(const Assumed&);
};
template <class T>
constexpr auto weir_fields(const Assumed<T>*) { return std::tuple<>(); }
template <class T>
constexpr std::string_view weir_record_name(const Assumed<T>*) { return {}; }
}  // namespace detail

/// T where it is a Record. Where it is not, that is said, and what follows is compiled as if it were.
template <class T>
using RecordOr = std::conditional_t<RequireRecord<T>::value, T, detail::Assumed<T>>;

}  // namespace weir

/// Names the fields of a struct, which may have none: WEIR_RECORD(Type, field, field, …). At namespace scope, beside the type.
#define WEIR_RECORD(Type, ...)                                                                   \
  constexpr auto weir_fields(const Type*) {                                                      \
    return ::std::make_tuple(__VA_OPT__(WEIR_EXPAND(WEIR_FIELDS(Type, __VA_ARGS__))));           \
  }                                                                                              \
  constexpr ::std::string_view weir_record_name(const Type*) { return #Type; }                   \
  static_assert(::std::default_initializable<Type>, "WEIR_RECORD(" #Type "): the struct must be default-constructible");             \
  static_assert(::weir::RequireRecord<Type>::value || true)
