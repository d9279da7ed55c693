// Neighbouring slices of a key share one entry of state: with windows of many slices, one look-up, one insertion and one
// erasure then serve several of them, and the memory around an accumulator shrinks. A chunk of one slice is the accumulator
// alone. Values.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
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

/// A chunk in its key's queue (slice_queue.hpp), with what the queue keeps there. That is no state: it is not stored, and
/// may change without an edit of the entry.
template <class Accumulator, unsigned N>
struct QueuedChunk : SliceChunk<Accumulator, N> {
  mutable std::int64_t number = 0;               // of its first slice, divided by N
  mutable const QueuedChunk* older = nullptr;    // the neighbours in the queue
  mutable const QueuedChunk* newer = nullptr;
  mutable std::array<Accumulator, N> suffixes{};  // of a present slice: the aggregate from there up to the flip point
};

template <class A, unsigned N>
constexpr auto weir_fields(const SliceChunk<A, N>*) { return std::tuple<>(); }  // a Record; its codec is below
template <class A, unsigned N>
constexpr std::string_view weir_record_name(const SliceChunk<A, N>*) { return "SliceChunk"; }

template <class A, unsigned N>
constexpr auto weir_fields(const QueuedChunk<A, N>*) { return std::tuple<>(); }
template <class A, unsigned N>
constexpr std::string_view weir_record_name(const QueuedChunk<A, N>*) { return "SliceChunk"; }

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
struct Codec<QueuedChunk<A, N>> : Codec<SliceChunk<A, N>> {};

}  // namespace weir
