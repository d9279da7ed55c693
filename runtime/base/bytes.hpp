// Bytes are spans of std::byte where they are data and std::string where they travel as a field of a record; these two let
// one be read as the other, without a copy. What is borrowed must outlive the result.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace weir {

inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline std::span<const std::byte> as_span(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

}  // namespace weir
