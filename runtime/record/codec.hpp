// Turns values of any Record type into columns and back, and hashes them for partitioning. All of it is
// derived from the type: write(v) then read() gives v again, for every value, NaN and empty text included.
//
//   write(block, at, value)   appends to the columns at, at+1, …, at+columns-1
//   read(cursors, at, value)  takes the next entry of each; what is not stored stays as it is
//
// For a run of values, get(0), get(1), …, write_run and read_run do the same column by column, so that a record's fields are
// told apart once for the run and not for each record.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

#include <weir/base/hash.hpp>
#include <weir/record/columns.hpp>
#include <weir/record/record.hpp>
#include <weir/record/schema.hpp>

namespace weir {

namespace detail {

template <class Number>
constexpr Kind number_kind() {
  if constexpr (std::is_same_v<Number, bool>) return Kind::Bool;
  else if constexpr (std::is_floating_point_v<Number>) return sizeof(Number) == 4 ? Kind::Float32 : Kind::Float64;
  else {
    constexpr int log2 = sizeof(Number) == 1 ? 0 : sizeof(Number) == 2 ? 1 : sizeof(Number) == 4 ? 2 : 3;
    const auto first = std::is_signed_v<Number> ? Kind::Int8 : Kind::UInt8;
    return static_cast<Kind>(static_cast<int>(first) + log2);
  }
}

/// How a scalar is stored: its number, the kind of that number, and back.
template <class T>
struct Scalar {
  static_assert(!std::is_same_v<T, long double>, "long double has no portable width; use double");
  using Number = T;
  static constexpr Kind kind = number_kind<T>();
  static Number number(T value) { return value; }
  static T value(Number number) { return number; }
};
template <>
struct Scalar<bool> {
  using Number = std::uint8_t;
  static constexpr Kind kind = Kind::Bool;
  static Number number(bool value) { return value ? 1 : 0; }
  static bool value(Number number) { return number != 0; }
};
template <class T>
  requires std::is_enum_v<T>
struct Scalar<T> {
  using Number = std::underlying_type_t<T>;
  static constexpr Kind kind = number_kind<Number>();
  static Number number(T value) { return static_cast<Number>(value); }
  static T value(Number number) { return static_cast<T>(number); }
};
template <>
struct Scalar<EventTime> {
  using Number = std::int64_t;
  static constexpr Kind kind = Kind::Time;
  static Number number(EventTime value) { return value.ms; }
  static EventTime value(Number number) { return {number}; }
};
template <>
struct Scalar<Duration> {
  using Number = std::int64_t;
  static constexpr Kind kind = Kind::Duration;
  static Number number(Duration value) { return value.count(); }
  static Duration value(Number number) { return Duration(number); }
};

}  // namespace detail

template <class T>
struct Codec;

template <class T, class Get>
void write_run(Columns& block, std::size_t at, std::size_t count, const Get& get) {
  if constexpr (requires { Codec<T>::write_run(block, at, count, get); }) Codec<T>::write_run(block, at, count, get);
  else for (std::size_t i = 0; i < count; ++i) Codec<T>::write(block, at, get(i));
}

template <class T, class Get>
void read_run(Cursors& in, std::size_t at, std::size_t count, const Get& get) {
  if constexpr (requires { Codec<T>::read_run(in, at, count, get); }) Codec<T>::read_run(in, at, count, get);
  else for (std::size_t i = 0; i < count; ++i) Codec<T>::read(in, at, get(i));
}

template <class T>
struct Codec {
  using Stored = detail::Scalar<T>;
  using Number = typename Stored::Number;
  static constexpr std::size_t columns = 1;

  static Schema schema() { return {Stored::kind, {}, {}}; }
  static void write(Columns& block, std::size_t at, const T& value) {
    block.columns[at].data.append(Stored::number(value));
  }
  static void read(Cursors& in, std::size_t at, T& value) {
    if (!in.absent(at)) value = Stored::value(in.next<Number>(at, Stored::kind));
  }
  template <class Get>
  static void write_run(Columns& block, std::size_t at, std::size_t count, const Get& get) {
    std::byte* entry = block.columns[at].data.extend(count * sizeof(Number));
    for (std::size_t i = 0; i < count; ++i, entry += sizeof(Number)) {
      const Number number = Stored::number(get(i));
      std::memcpy(entry, &number, sizeof(Number));
    }
  }
  template <class Get>
  static void read_run(Cursors& in, std::size_t at, std::size_t count, const Get& get) {
    if (in.absent(at)) return;
    in.next_run<Number>(at, Stored::kind, count, [&get](std::size_t i, Number number) { get(i) = Stored::value(number); });
  }
};

/// Of what is no Record there is nothing to store. It has been said, so that nothing else need be.
template <class T>
  requires(!detail::is_record<T>() && !NamedRecord<T>)
struct Codec<T> {
  static constexpr std::size_t columns = RequireRecord<T>::value ? 1 : 0;

  static Schema schema() { return {}; }
  static void write(Columns&, std::size_t, const T&) {}
  static void read(Cursors&, std::size_t, T&) {}
};

template <>
struct Codec<std::string> {
  static constexpr std::size_t columns = 1;

  static Schema schema() { return {Kind::Text, {}, {}}; }
  static void write(Columns& block, std::size_t at, const std::string& value) { block.columns[at].append_text(value); }
  static void read(Cursors& in, std::size_t at, std::string& value) {
    if (!in.absent(at)) value = in.next_text(at);
  }
  template <class Get>
  static void write_run(Columns& block, std::size_t at, std::size_t count, const Get& get) {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < count; ++i) bytes += get(i).size();
    TextRun run = block.columns[at].extend_texts(count, bytes);
    for (std::size_t i = 0; i < count; ++i) run.put(get(i));
  }
  template <class Get>
  static void read_run(Cursors& in, std::size_t at, std::size_t count, const Get& get) {
    if (in.absent(at)) return;
    in.next_texts(at, count, [&get](std::size_t i, std::string_view text) { get(i) = text; });
  }
};

template <class T>
struct Codec<std::optional<T>> {
  static constexpr std::size_t columns = 1 + Codec<T>::columns;

  static Schema schema() { return {Kind::Optional, {}, {{"", Codec<T>::schema()}}}; }
  static void write(Columns& block, std::size_t at, const std::optional<T>& value) {
    block.columns[at].data.append(static_cast<std::uint8_t>(value.has_value()));
    if (value) Codec<T>::write(block, at + 1, *value);
  }
  static void read(Cursors& in, std::size_t at, std::optional<T>& value) {
    if (in.absent(at)) return;
    if (!in.always_present(at) && in.next<std::uint8_t>(at, Kind::Optional) == 0) {
      value.reset();
      return;
    }
    Codec<T>::read(in, at + 1, value.emplace());
  }
};

template <class T>
struct Codec<std::vector<T>> {
  static constexpr std::size_t columns = 1 + Codec<T>::columns;

  static Schema schema() { return {Kind::List, {}, {{"", Codec<T>::schema()}}}; }
  static void write(Columns& block, std::size_t at, const std::vector<T>& value) {
    block.columns[at].data.append(static_cast<std::uint32_t>(value.size()));
    for (const auto& element : value) Codec<T>::write(block, at + 1, element);
  }
  static void read(Cursors& in, std::size_t at, std::vector<T>& value) {
    if (in.absent(at)) return;
    value.clear();
    for (auto left = in.next<std::uint32_t>(at, Kind::List); left > 0; --left) {
      T element{};
      Codec<T>::read(in, at + 1, element);
      value.push_back(std::move(element));
    }
  }
};

template <class K, class V>
struct Codec<std::map<K, V>> {
  static constexpr std::size_t columns = 1 + Codec<K>::columns + Codec<V>::columns;

  static Schema schema() { return {Kind::Map, {}, {{"", Codec<K>::schema()}, {"", Codec<V>::schema()}}}; }
  static void write(Columns& block, std::size_t at, const std::map<K, V>& value) {
    block.columns[at].data.append(static_cast<std::uint32_t>(value.size()));
    for (const auto& [key, mapped] : value) {
      Codec<K>::write(block, at + 1, key);
      Codec<V>::write(block, at + 1 + Codec<K>::columns, mapped);
    }
  }
  static void read(Cursors& in, std::size_t at, std::map<K, V>& value) {
    if (in.absent(at)) return;
    value.clear();
    for (auto left = in.next<std::uint32_t>(at, Kind::Map); left > 0; --left) {
      K key{};
      V mapped{};
      Codec<K>::read(in, at + 1, key);
      Codec<V>::read(in, at + 1 + Codec<K>::columns, mapped);
      value.insert_or_assign(std::move(key), std::move(mapped));
    }
  }
};

namespace detail {

template <class T>
struct TupleCodec {
  static constexpr auto indexes = std::make_index_sequence<std::tuple_size_v<T>>();
  template <std::size_t I>
  using Element = Codec<std::tuple_element_t<I, T>>;

  template <std::size_t... I>
  static constexpr std::size_t count(std::index_sequence<I...>) { return (std::size_t{0} + ... + Element<I>::columns); }
  static constexpr std::size_t columns = count(indexes);

  static Schema schema() { return schema(indexes); }
  static void write(Columns& block, std::size_t at, const T& value) { write(block, at, value, indexes); }
  static void read(Cursors& in, std::size_t at, T& value) { read(in, at, value, indexes); }
  template <class Get>
  static void write_run(Columns& block, std::size_t at, std::size_t count, const Get& get) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      const auto write = [&]<std::size_t N>(std::integral_constant<std::size_t, N>) {
        weir::write_run<std::tuple_element_t<N, T>>(block, at, count, [&get](std::size_t i) -> const auto& { return std::get<N>(get(i)); });
        at += Element<N>::columns;
      };
      (write(std::integral_constant<std::size_t, I>()), ...);
    }(indexes);
  }
  template <class Get>
  static void read_run(Cursors& in, std::size_t at, std::size_t count, const Get& get) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      const auto read = [&]<std::size_t N>(std::integral_constant<std::size_t, N>) {
        weir::read_run<std::tuple_element_t<N, T>>(in, at, count, [&get](std::size_t i) -> auto& { return std::get<N>(get(i)); });
        at += Element<N>::columns;
      };
      (read(std::integral_constant<std::size_t, I>()), ...);
    }(indexes);
  }

 private:
  template <std::size_t... I>
  static Schema schema(std::index_sequence<I...>) { return {Kind::Tuple, {}, {{"", Element<I>::schema()}...}}; }
  template <std::size_t... I>
  static void write(Columns& block, std::size_t at, const T& value, std::index_sequence<I...>) {
    ((Element<I>::write(block, at, std::get<I>(value)), at += Element<I>::columns), ...);
  }
  template <std::size_t... I>
  static void read(Cursors& in, std::size_t at, T& value, std::index_sequence<I...>) {
    ((Element<I>::read(in, at, std::get<I>(value)), at += Element<I>::columns), ...);
  }
};

template <class T>
constexpr std::size_t record_columns() {
  std::size_t count = 0;
  for_each_field<T>([&]<class F>(const F&) { count += Codec<typename F::type>::columns; });
  return count;
}

}  // namespace detail

template <class... T>
struct Codec<std::tuple<T...>> : detail::TupleCodec<std::tuple<T...>> {};
template <class A, class B>
struct Codec<std::pair<A, B>> : detail::TupleCodec<std::pair<A, B>> {};

template <NamedRecord T>
struct Codec<T> {
  static constexpr std::size_t columns = detail::record_columns<T>();

  static Schema schema() {
    Schema schema{Kind::Record, std::string(name_of<T>()), {}};
    for_each_field<T>([&]<class F>(const F& field) {
      schema.fields.emplace_back(std::string(field.name), Codec<typename F::type>::schema());
    });
    return schema;
  }
  static void write(Columns& block, std::size_t at, const T& value) {
    for_each_field<T>([&]<class F>(const F& field) {
      Codec<typename F::type>::write(block, at, value.*field.member);
      at += Codec<typename F::type>::columns;
    });
  }
  static void read(Cursors& in, std::size_t at, T& value) {
    for_each_field<T>([&]<class F>(const F& field) {
      Codec<typename F::type>::read(in, at, value.*field.member);
      at += Codec<typename F::type>::columns;
    });
  }
  template <class Get>
  static void write_run(Columns& block, std::size_t at, std::size_t count, const Get& get) {
    for_each_field<T>([&]<class F>(const F& field) {
      weir::write_run<typename F::type>(block, at, count, [&](std::size_t i) -> const auto& { return get(i).*field.member; });
      at += Codec<typename F::type>::columns;
    });
  }
  template <class Get>
  static void read_run(Cursors& in, std::size_t at, std::size_t count, const Get& get) {
    for_each_field<T>([&]<class F>(const F& field) {
      weir::read_run<typename F::type>(in, at, count, [&](std::size_t i) -> auto& { return get(i).*field.member; });
      at += Codec<typename F::type>::columns;
    });
  }
};

/// The stable hash of a value; see base/hash.hpp. Floating-point zeroes of either sign hash alike.
template <class T>
std::uint64_t hash_of(const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return hash_bytes(value);
  } else if constexpr (std::is_floating_point_v<T>) {
    const double number = value == 0 ? 0.0 : static_cast<double>(value);
    std::uint64_t bits = 0;
    std::memcpy(&bits, &number, sizeof bits);
    return hash_integer(bits);
  } else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
    return hash_integer(static_cast<std::uint64_t>(value));
  } else if constexpr (std::is_same_v<T, EventTime>) {
    return hash_integer(static_cast<std::uint64_t>(value.ms));
  } else if constexpr (std::is_same_v<T, Duration>) {
    return hash_integer(static_cast<std::uint64_t>(value.count()));
  } else if constexpr (detail::IsOptional<T>::value) {
    return value ? hash_join(1, hash_of(*value)) : 0;
  } else if constexpr (detail::IsVector<T>::value) {
    std::uint64_t hash = value.size();
    for (const auto& element : value) hash = hash_join(hash, hash_of<typename T::value_type>(element));
    return hash;
  } else if constexpr (detail::IsTuple<T>::value) {
    return std::apply([](const auto&... part) {
      std::uint64_t hash = 0;
      ((hash = hash_join(hash, hash_of(part))), ...);
      return hash;
    }, value);
  } else if constexpr (detail::IsMap<T>::value) {
    std::uint64_t hash = value.size();
    for (const auto& [key, mapped] : value) hash = hash_join(hash_join(hash, hash_of(key)), hash_of(mapped));
    return hash;
  } else {
    std::uint64_t hash = 0;
    std::apply([&](const auto&... field) { ((hash = hash_join(hash, hash_of(value.*field.member))), ...); }, fields_of<T>());
    return hash;
  }
}

/// What streams may be keyed by: a record that can be compared.
template <class K>
concept Key = Record<K> && std::equality_comparable<K>;

}  // namespace weir
