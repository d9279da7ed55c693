// Neighbouring slices of a key share one entry of state: with windows of many slices, one look-up, one insertion and one
// erasure then serve several of them, and the memory around an accumulator shrinks. A chunk of one slice is the accumulator
// alone. Values.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <weir/record/codec.hpp>

namespace weir {

/// N neighbouring slices, a power of two; those that have records are present.
template <class Accumulator, unsigned N>
struct SliceChunk {
  static_assert(std::has_single_bit(N) && N <= 32);
  static constexpr unsigned kSlices = N;
  std::uint32_t present = 0;  // bit i: slice i
  std::array<Accumulator, N> slices{};
};

template <class Accumulator>
struct SliceChunk<Accumulator, 1> {
  static constexpr unsigned kSlices = 1;
  static constexpr std::uint32_t present = 1;
  std::array<Accumulator, 1> slices{};
};

/// A chunk of a key of sliding windows, with what sliding_keys.hpp keeps there. That is no state: it is not stored, and may
/// change without an edit of the entry.
template <class Accumulator, unsigned N>
struct LinkedChunk : SliceChunk<Accumulator, N> {
  static constexpr std::uint32_t kNoKey = std::numeric_limits<std::uint32_t>::max();
  struct Link {
    const LinkedChunk* chunk = nullptr;
    std::int64_t number = std::numeric_limits<std::int64_t>::min();  // of its first slice, divided by N
  };
  mutable std::uint32_t key = kNoKey;
  mutable Link older;                          // the key's next older chunk
  mutable std::array<Accumulator, N> after{};  // of a slice before the flip point: the aggregate from behind it up to there
};

template <class A, unsigned N>
constexpr auto weir_fields(const SliceChunk<A, N>*) { return std::tuple<>(); }  // a Record; its codec is below
template <class A, unsigned N>
constexpr std::string_view weir_record_name(const SliceChunk<A, N>*) { return "SliceChunk"; }

template <class A, unsigned N>
constexpr auto weir_fields(const LinkedChunk<A, N>*) { return std::tuple<>(); }
template <class A, unsigned N>
constexpr std::string_view weir_record_name(const LinkedChunk<A, N>*) { return "SliceChunk"; }

/// Stored as (present, the accumulators that are).
template <class A, unsigned N>
struct Codec<SliceChunk<A, N>> {
  using Stored = Codec<std::pair<std::uint32_t, std::vector<A>>>;
  static constexpr std::size_t columns = Stored::columns;

  static Schema schema() { return Stored::schema(); }
  static void write(Columns& block, std::size_t at, const SliceChunk<A, N>& chunk) {
    Codec<std::uint32_t>::write(block, at, chunk.present);
    block.columns[at + 1].data.append(static_cast<std::uint32_t>(std::popcount(chunk.present)));
    for (unsigned i = 0; i < N; ++i) {
      if (chunk.present >> i & 1) Codec<A>::write(block, at + 2, chunk.slices[i]);
    }
  }
  static void read(Cursors& in, std::size_t at, SliceChunk<A, N>& chunk) {
    std::pair<std::uint32_t, std::vector<A>> stored;
    Stored::read(in, at, stored);
    std::size_t next = 0;
    for (unsigned i = 0; i < N; ++i) {
      if ((stored.first >> i & 1) && next < stored.second.size()) chunk.slices[i] = std::move(stored.second[next++]);
    }
    if constexpr (N > 1) chunk.present = stored.first;
  }
};

template <class A>
struct Codec<SliceChunk<A, 1>> {
  static constexpr std::size_t columns = Codec<A>::columns;
  static Schema schema() { return Codec<A>::schema(); }
  static void write(Columns& block, std::size_t at, const SliceChunk<A, 1>& chunk) { Codec<A>::write(block, at, chunk.slices[0]); }
  static void read(Cursors& in, std::size_t at, SliceChunk<A, 1>& chunk) { Codec<A>::read(in, at, chunk.slices[0]); }
};

template <class A, unsigned N>
struct Codec<LinkedChunk<A, N>> : Codec<SliceChunk<A, N>> {};

}  // namespace weir
