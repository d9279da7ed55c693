// The functions that users write declare their state without naming the type of the key: a struct that counts works
// for streams keyed by text and by number alike, and its open() can live in a .cpp. State handles therefore see a key as
// bytes, with the hash that decides its group; operators, which know the type, make one per record.
//
//   key bytes := integer, bool, enum, event time: 8 bytes | floating point: 8 bytes | text: length, bytes
//              | optional: 1 byte, value? | list, map: length, elements | record, tuple: fields
//
// Equal keys have equal bytes, also after an integer field became wider. Any other change of the key's type
// changes the bytes; key_shape() tells such types apart, so that old state is refused instead of never found.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

#include <weir/record/codec.hpp>

namespace weir {

/// A key of any type. A value.
struct StateKey {
  std::uint64_t group = 0;  // the key's hash, which decides its key group
  std::string bytes;

  friend bool operator==(const StateKey& a, const StateKey& b) { return a.bytes == b.bytes; }
};
WEIR_RECORD(StateKey, group, bytes);

inline std::uint64_t group_hash(const StateKey& key) { return key.group; }

/// What of a key's schema its bytes depend on.
std::string key_shape(const Schema& schema);

/// Throws Failure when keys of state `name` that were stored with one schema are others, and perhaps another task's, when
/// read with another: of a key only integers may become wider, and float double.
void require_same_key(const std::string& name, const Schema& stored, const Schema& mine);

namespace detail {
inline void append_key_word(std::string& bytes, std::uint64_t word) {
  char raw[sizeof word];
  std::memcpy(raw, &word, sizeof word);
  bytes.append(raw, sizeof word);
}
}  // namespace detail

/// Appends the key bytes of a value.
template <class T>
void append_key(std::string& bytes, const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    detail::append_key_word(bytes, value.size());
    bytes += value;
  } else if constexpr (std::is_floating_point_v<T>) {
    const double number = value == 0 ? 0.0 : static_cast<double>(value);  // one zero
    std::uint64_t word = 0;
    std::memcpy(&word, &number, sizeof word);
    detail::append_key_word(bytes, word);
  } else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
    detail::append_key_word(bytes, static_cast<std::uint64_t>(value));
  } else if constexpr (std::is_same_v<T, EventTime>) {
    detail::append_key_word(bytes, static_cast<std::uint64_t>(value.ms));
  } else if constexpr (std::is_same_v<T, Duration>) {
    detail::append_key_word(bytes, static_cast<std::uint64_t>(value.count()));
  } else if constexpr (detail::IsOptional<T>::value) {
    bytes += value ? '\1' : '\0';
    if (value) append_key(bytes, *value);
  } else if constexpr (detail::IsVector<T>::value) {
    detail::append_key_word(bytes, value.size());
    for (const auto& element : value) append_key<typename T::value_type>(bytes, element);
  } else if constexpr (detail::IsMap<T>::value) {
    detail::append_key_word(bytes, value.size());
    for (const auto& [key, mapped] : value) {
      append_key(bytes, key);
      append_key(bytes, mapped);
    }
  } else if constexpr (detail::IsTuple<T>::value) {
    std::apply([&](const auto&... part) { (append_key(bytes, part), ...); }, value);
  } else {
    for_each_field<T>([&](const auto& field) { append_key(bytes, value.*field.member); });
  }
}

}  // namespace weir
