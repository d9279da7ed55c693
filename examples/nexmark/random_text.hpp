// Texts of the generator. Allocation would cost more than the draws, so text is composed in a
// buffer on the stack and becomes a string once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "java_random.hpp"

namespace nexmark {

/// Two digits to base 26 at a time, counted up from 'a' in the first half, down in the second.
/// Dividing for one digit after the other was a third of an event's cost.
inline constexpr auto noise_pairs = [] {
  std::array<std::array<char, 2>, 2 * 676> pairs{};
  for (int i = 0; i < 676; ++i) {
    const auto up = static_cast<std::size_t>(i);
    pairs[up] = {static_cast<char>('a' + i % 26), static_cast<char>('a' + i / 26)};
    pairs[676 + up] = {static_cast<char>('a' - i % 26), static_cast<char>('a' - i / 26)};
  }
  return pairs;
}();

/// Text of at most `capacity` characters. Not checked: the generator's definition bounds every
/// length; the longest text is what pads an empty auction to its average size, 541 characters.
class TextBuffer {
 public:
  void append(std::string_view text) {
    std::memcpy(characters_ + size_, text.data(), text.size());
    size_ += text.size();
  }

  /// 3 … max-1 letters and blanks; blanks at either end are dropped.
  void append_words(JavaRandom& random, std::int32_t max, char blank = ' ') {
    const std::size_t begin = size_;
    for (std::int32_t left = 3 + random.next_int(max - 3); left > 0; --left) {
      if (random.next_int(13) != 0) {
        characters_[size_++] = static_cast<char>('a' + random.next_int(26));
      } else if (size_ > begin || blank != ' ') {
        characters_[size_++] = blank;
      }
    }
    while (blank == ' ' && size_ > begin && characters_[size_ - 1] == ' ') --size_;
  }

  /// Exactly `length` characters between 'H' and 'z'. A draw gives six: its digits to base 26, the
  /// lowest first, counted up from 'a', or down when the draw is negative.
  void append_noise(JavaRandom& random, std::size_t length) {
    const std::size_t end = size_ + length;
    while (size_ < end) {
      const std::int32_t draw = random.next_int();
      const auto sign =
          static_cast<std::uint32_t>(draw >> 31);  // all bits or none: no branch to mispredict
      const std::uint32_t digits = (static_cast<std::uint32_t>(draw) ^ sign) - sign;
      const auto* const pairs = noise_pairs.data() + (sign & 676);
      std::memcpy(characters_ + size_, pairs + digits % 676, 2);
      std::memcpy(characters_ + size_ + 2, pairs + digits / 676 % 676, 2);
      std::memcpy(characters_ + size_ + 4, pairs + digits / (676 * 676) % 676, 2);
      size_ += 6;
    }
    size_ = end;
  }

  std::string text() const { return std::string(characters_, size_); }

 private:
  static constexpr std::size_t capacity = 640;

  char characters_[capacity];  // only the first size_ mean anything
  std::size_t size_ = 0;
};

}  // namespace nexmark
