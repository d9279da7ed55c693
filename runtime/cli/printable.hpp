// Names and messages come from elsewhere and may hold anything; a terminal obeys some bytes.
#pragma once

#include <string>
#include <string_view>

namespace weir::cli {

/// The text in one line, with a '?' for each control character.
std::string printable(std::string_view text);

/// The same, but line ends and tabs stay.
std::string printable_lines(std::string_view text);

}  // namespace weir::cli
