// Rows, log lines and the progress line may all go to one terminal, from several threads and over two streams that know
// nothing of each other. They do not mix because of a convention, which needs no shared state:
//
//   progress    clears its line, writes, and leaves the cursor at the line's beginning, on top of what it wrote
//   all others  write whole lines, and clear the line that each begins in
//
// So a line takes the place of the progress line, which comes back beneath it. What goes to a file or a pipe has none of this.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace weir {

/// Puts the cursor at the beginning of its line and clears the line.
constexpr std::string_view kClearLine = "\r\033[K";

bool is_terminal(std::FILE* stream);

/// Whole lines as they are written to a terminal: each clears what it overwrites.
std::string lines_for_terminal(std::string_view lines);

/// A progress line, cut to what the terminal has room for: one that wraps could not be overwritten.
std::string progress_for_terminal(std::string_view text, std::size_t columns);

/// How many characters fit into a line; 80 when the terminal does not say.
std::size_t terminal_columns(std::FILE* stream);

}  // namespace weir
