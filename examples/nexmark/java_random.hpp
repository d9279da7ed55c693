// Nexmark's events are defined by what java.util.Random draws, so that engines in every language
// can be fed the same ones. This is that generator: its documented 48-bit linear congruence and the
// ways in which it makes numbers of a range. std::linear_congruential_engine would give the same
// states, but no standard distribution gives the same numbers.
#pragma once

#include <cstdint>

namespace nexmark {

class JavaRandom {
 public:
  explicit constexpr JavaRandom(std::int64_t seed)
      : state_((static_cast<std::uint64_t>(seed) ^ multiplier) & mask) {}

  /// Any int32.
  constexpr std::int32_t next_int() { return static_cast<std::int32_t>(next(32)); }

  /// 0 … bound-1; bound is at least 1.
  constexpr std::int32_t next_int(std::int32_t bound) {
    const auto range = static_cast<std::uint32_t>(bound);
    std::uint32_t bits = next(31);
    if ((range & (range - 1)) == 0) {
      return static_cast<std::int32_t>((static_cast<std::uint64_t>(range) * bits) >> 31);
    }
    // Draws from the incomplete last multiple of the range are rejected: they would favour small
    // numbers.
    std::uint32_t number = bits % range;
    while (bits - number + (range - 1) > max_int) [[unlikely]] {
        bits = next(31);
        number = bits % range;
      }
    return static_cast<std::int32_t>(number);
  }

  /// 0 … bound-1 for bounds of any size, the way Nexmark draws them.
  constexpr std::int64_t next_long(std::int64_t bound) {
    if (bound < max_int) return next_int(static_cast<std::int32_t>(bound));
    const auto high = static_cast<std::int64_t>(next_int()) * (std::int64_t{1} << 32);
    const std::int64_t remainder = (high + next_int()) % bound;
    return remainder < 0 ? -remainder : remainder;
  }

  /// At least 0, below 1.
  constexpr double next_double() {
    const std::uint64_t high = next(26);
    const std::uint64_t low = next(27);
    return static_cast<double>((high << 27) | low) * 0x1p-53;
  }

 private:
  static constexpr std::uint64_t multiplier = 0x5DEECE66D;
  static constexpr std::uint64_t increment = 0xB;
  static constexpr std::uint64_t mask = (std::uint64_t{1} << 48) - 1;
  static constexpr std::uint32_t max_int = 0x7FFFFFFF;

  constexpr std::uint32_t next(int bits) {
    state_ = (state_ * multiplier + increment) & mask;
    return static_cast<std::uint32_t>(state_ >> (48 - bits));
  }

  std::uint64_t state_;
};

}  // namespace nexmark
