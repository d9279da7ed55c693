// Reads parsed JSON as any Record type; the mapping is stated in json_format.hpp. Values are read in place,
// depth by the type and not by the text, so hostile nesting cannot exhaust the stack. A failure is a false
// that travels up and gathers the field's path on its way; the message is made only at the end.
#pragma once

#include <array>
#include <limits>
#include <utility>

#include <weir/connectors/format.hpp>
#include <weir/connectors/json_document.hpp>

namespace weir::detail {

/// What is wrong with a value, or with a member that is not there.
enum class JsonValueFault : std::uint8_t { Kind, OutOfRange, Size, Missing };

/// One reading of a document: where it failed. Untyped; reading stops at the first `refuse`.
class JsonReading {
 public:
  explicit JsonReading(const JsonDocument& document) : document_(document) {}

  const JsonDocument& document() const { return document_; }
  const JsonNode& node(std::uint32_t at) const { return document_.node(at); }

  /// Notes what is wrong with the value at a node; returns false. `expected` is the kind that was wanted.
  bool refuse(std::uint32_t at, JsonValueFault fault, Kind expected);

  /// While returning from a failure: what the value is in. All return false.
  bool within(std::string_view member);
  bool within(std::size_t index);
  bool within_key(std::string_view key);

  FormatError error(std::string_view file, const Row& row) const;

 private:
  std::string found(std::string_view source) const;
  std::string complaint(std::string_view source) const;

  const JsonDocument& document_;
  std::uint32_t at_ = 0;
  JsonValueFault fault_ = JsonValueFault::Kind;
  Kind expected_ = Kind::Record;
  std::string path_;
};

template <Record T>
bool read_json(JsonReading& in, std::uint32_t at, T& value);

template <class Number>
bool read_json_number(JsonReading& in, std::uint32_t at, Kind kind, Number& number) {
  const JsonNode& node = in.node(at);
  if constexpr (std::is_floating_point_v<Number>) {
    double wide = 0;
    if (node.kind == JsonKind::Real)
      wide = node.real;
    else if (node.kind == JsonKind::Integer)
      wide = static_cast<double>(node.integer);
    else if (node.kind == JsonKind::UnsignedInteger)
      wide = static_cast<double>(node.unsigned_integer);
    else
      return in.refuse(at, JsonValueFault::Kind, kind);
    constexpr auto most = static_cast<double>(std::numeric_limits<Number>::max());
    if (wide > most || wide < -most) return in.refuse(at, JsonValueFault::OutOfRange, kind);
    number = static_cast<Number>(wide);
    return true;
  } else {
    const auto take = [&](auto wide) {
      if (!std::in_range<Number>(wide)) return in.refuse(at, JsonValueFault::OutOfRange, kind);
      number = static_cast<Number>(wide);
      return true;
    };
    if (node.kind == JsonKind::Integer) return take(node.integer);
    if (node.kind == JsonKind::UnsignedInteger) return take(node.unsigned_integer);
    return in.refuse(at, JsonValueFault::Kind, kind);
  }
}

bool read_json_time(JsonReading& in, std::uint32_t at, EventTime& time);
bool read_json_duration(JsonReading& in, std::uint32_t at, Duration& duration);

template <Record T>
bool read_json_vector(JsonReading& in, std::uint32_t at, T& value) {
  const JsonNode& array = in.node(at);
  if (array.kind != JsonKind::Array) return in.refuse(at, JsonValueFault::Kind, Kind::List);
  value.clear();
  for (std::uint32_t element = at + 1; element < array.next; element = in.node(element).next) {
    typename T::value_type item{};
    if (!read_json(in, element, item)) return in.within(value.size());
    value.push_back(std::move(item));
  }
  return true;
}

template <Record T>
bool read_json_tuple(JsonReading& in, std::uint32_t at, T& value) {
  const JsonNode& array = in.node(at);
  if (array.kind != JsonKind::Array) return in.refuse(at, JsonValueFault::Kind, Kind::Tuple);
  std::size_t size = 0;
  for (auto element = at + 1; element < array.next; element = in.node(element).next) ++size;
  if (size != std::tuple_size_v<T>) return in.refuse(at, JsonValueFault::Size, Kind::Tuple);
  return std::apply(
      [&](auto&... part) {
        std::uint32_t element = at + 1;
        std::size_t index = 0;
        const auto take = [&](auto& one) {
          if (!read_json(in, element, one)) return in.within(index);
          element = in.node(element).next;
          ++index;
          return true;
        };
        return (take(part) && ...);
      },
      value);
}

template <Record T>
bool read_json_map(JsonReading& in, std::uint32_t at, T& value) {
  const JsonNode& node = in.node(at);
  constexpr bool is_object = std::is_same_v<typename T::key_type, std::string>;
  if (node.kind != (is_object ? JsonKind::Object : JsonKind::Array)) {
    return in.refuse(at, JsonValueFault::Kind, is_object ? Kind::Map : Kind::List);
  }
  value.clear();
  std::size_t index = 0;
  for (std::uint32_t entry = at + 1; entry < node.next; entry = in.node(entry).next) {
    if constexpr (is_object) {
      std::string key(in.document().text(entry++));
      typename T::mapped_type mapped{};
      if (!read_json(in, entry, mapped)) return in.within_key(key);
      value.insert_or_assign(std::move(key), std::move(mapped));
    } else {
      std::pair<typename T::key_type, typename T::mapped_type> pair{};
      if (!read_json_tuple(in, entry, pair)) return in.within(index);
      value.insert_or_assign(std::move(pair.first), std::move(pair.second));
      ++index;
    }
  }
  return true;
}

template <NamedRecord T>
struct JsonTable {
  struct Entry {
    std::string_view name;
    Kind kind;
    bool optional;
    bool (*read)(JsonReading&, std::uint32_t, T&);
  };

  static constexpr auto fields = fields_of<T>();
  static constexpr std::size_t size = std::tuple_size_v<std::remove_const_t<decltype(fields)>>;

  template <std::size_t I>
  static bool read(JsonReading& in, std::uint32_t at, T& record) {
    return read_json(in, at, record.*std::get<I>(fields).member);
  }
  template <std::size_t I>
  static constexpr Entry make_entry() {
    using Member = typename std::tuple_element_t<I, std::remove_const_t<decltype(fields)>>::type;
    return {std::get<I>(fields).name, kind_of<Member>(), IsOptional<Member>::value, &read<I>};
  }
  template <std::size_t... I>
  static constexpr std::array<Entry, size> make_entries(std::index_sequence<I...>) {
    return {make_entry<I>()...};
  }

  static constexpr std::array<Entry, size> entries = make_entries(std::make_index_sequence<size>());

  /// The entry of a member's name, or `size`. Tries `guess` first: members mostly come in the record's order.
  static std::size_t find(std::string_view name, std::size_t guess) {
    if (guess < size && entries[guess].name == name) return guess;
    for (std::size_t i = 0; i < size; ++i) {
      if (entries[i].name == name) return i;
    }
    return size;
  }
};

template <NamedRecord T>
bool read_json_record(JsonReading& in, std::uint32_t at, T& record) {
  using Table = JsonTable<T>;
  const JsonNode& object = in.node(at);
  if (object.kind != JsonKind::Object) return in.refuse(at, JsonValueFault::Kind, Kind::Record);
  std::array<bool, Table::size> seen{};
  std::size_t guess = 0;
  for (std::uint32_t key = at + 1; key < object.next;) {
    const std::uint32_t member = key + 1;
    if (const std::size_t i = Table::find(in.document().text(key), guess); i < Table::size) {
      if (!Table::entries[i].read(in, member, record)) return in.within(Table::entries[i].name);
      seen[i] = true;
      guess = i + 1;
    }
    key = in.node(member).next;
  }
  for (std::size_t i = 0; i < Table::size; ++i) {
    if (seen[i] || Table::entries[i].optional) continue;
    in.refuse(at, JsonValueFault::Missing, Table::entries[i].kind);
    return in.within(Table::entries[i].name);
  }
  return true;
}

template <Record T>
bool read_json(JsonReading& in, std::uint32_t at, T& value) {
  if constexpr (NamedRecord<T>) {
    return read_json_record(in, at, value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (in.node(at).kind != JsonKind::Text) return in.refuse(at, JsonValueFault::Kind, Kind::Text);
    value.assign(in.document().text(at));
    return true;
  } else if constexpr (std::is_same_v<T, bool>) {
    if (in.node(at).kind != JsonKind::Boolean)
      return in.refuse(at, JsonValueFault::Kind, Kind::Bool);
    value = in.node(at).boolean;
    return true;
  } else if constexpr (std::is_same_v<T, EventTime>) {
    return read_json_time(in, at, value);
  } else if constexpr (std::is_same_v<T, Duration>) {
    return read_json_duration(in, at, value);
  } else if constexpr (IsOptional<T>::value) {
    static_assert(!IsOptional<typename T::value_type>::value,
                  "JSON cannot tell an optional in an optional from none");
    value.reset();
    return in.node(at).kind == JsonKind::Null || read_json(in, at, value.emplace());
  } else if constexpr (IsVector<T>::value) {
    return read_json_vector(in, at, value);
  } else if constexpr (IsMap<T>::value) {
    return read_json_map(in, at, value);
  } else if constexpr (IsTuple<T>::value) {
    return read_json_tuple(in, at, value);
  } else {
    TextNumber<T> number{};
    if (!read_json_number(in, at, Scalar<T>::kind, number)) return false;
    value = static_cast<T>(number);
    return true;
  }
}

}  // namespace weir::detail
