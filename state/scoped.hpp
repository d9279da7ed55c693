// A key with a scope inside it, such as a window. What belongs together by key must stay in one task, so the key group is
// that of the key alone.
#pragma once

#include <compare>
#include <cstdint>
#include <string_view>
#include <tuple>

#include <weir/record/codec.hpp>

namespace weir {

template <class K, class N>
struct Scoped {
  K key{};
  N scope{};
  friend auto operator<=>(const Scoped&, const Scoped&) = default;
};
template <class K, class N>
constexpr auto weir_fields(const Scoped<K, N>*) {
  return std::make_tuple(make_field("key", &Scoped<K, N>::key), make_field("scope", &Scoped<K, N>::scope));
}
template <class K, class N>
constexpr std::string_view weir_record_name(const Scoped<K, N>*) { return "Scoped"; }

/// The hash that decides a key's group.
template <class K>
std::uint64_t group_hash(const K& key) { return hash_of(key); }
template <class K, class N>
std::uint64_t group_hash(const Scoped<K, N>& key) { return group_hash(key.key); }

}  // namespace weir
