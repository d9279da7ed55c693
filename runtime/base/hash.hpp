// A key's hash decides which key group, and so which task, owns it, in this run and after a restore on
// another machine. The hash of a value is therefore part of the on-disk format: it never depends on the
// process, the standard library or the platform's word size.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

namespace weir {

/// XXH3, 64 bits, seed 0, of the bytes. Source: the xxHash library.
std::uint64_t hash_bytes(std::string_view bytes);

/// Mixes all bits of an integer into all others (the finaliser of MurmurHash3; a bijection).
constexpr std::uint64_t hash_integer(std::uint64_t value) {
  value ^= value >> 33;
  value *= 0xff51afd7ed558ccdULL;
  value ^= value >> 33;
  value *= 0xc4ceb9fe1a85ec53ULL;
  value ^= value >> 33;
  return value;
}

/// Joins the hash of one more part to that of the parts before it; order matters.
constexpr std::uint64_t hash_join(std::uint64_t seed, std::uint64_t part) {
  return hash_integer(seed + 0x9e3779b97f4a7c15ULL + part);
}

}  // namespace weir
