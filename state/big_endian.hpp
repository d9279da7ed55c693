// LMDB orders keys by their bytes, so numbers in keys are written with the highest byte first.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weir {

template <class Number>
void append_big_endian(std::string& bytes, Number number) {
  for (int shift = static_cast<int>(sizeof(Number)) * 8 - 8; shift >= 0; shift -= 8) {
    bytes.push_back(static_cast<char>(number >> shift & 0xff));
  }
}

/// Reads a number from the front, which must be long enough, and removes it there.
template <class Number>
Number take_big_endian(std::string_view& bytes) {
  Number number = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    number = static_cast<Number>(number << 8 | static_cast<unsigned char>(bytes[i]));
  }
  bytes.remove_prefix(sizeof(Number));
  return number;
}

}  // namespace weir
