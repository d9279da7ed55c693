// Whoever mistypes an option wants to be told which one was meant.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// The one of `words` that takes the fewest changes of a letter or swaps of two, and no more than a third of the letters; the
/// first of equals.
std::optional<std::string> nearest_word(std::string_view typed, const std::vector<std::string>& words);

}  // namespace weir
