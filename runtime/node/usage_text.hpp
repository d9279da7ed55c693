// Programs and the binary `weir` read their command lines with CLI11, which tells mistakes in words of its own ("Could not
// convert: --parallelism = x") and lays help out with gaps. Both say the same in Weir's words; this is the one place that has them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Error;
}  // namespace CLI

namespace weir {

constexpr std::uint32_t kMostTries = 1'000'000'000;  // of what fails the same way: who says that many never wants to give up

/// For CLI11: what is wrong with the text of an option's value; empty: nothing. It goes behind the option's name.
using ValueCheck = std::function<std::string(const std::string& text)>;

/// "wants a number from 1 to 128, not 'x'".
ValueCheck whole_number(std::uint64_t least, std::uint64_t most);
/// "wants bash or zsh, not 'fish'".
ValueCheck one_of(const std::vector<std::string>& words);

/// An option whose value is missing: nothing follows it, or another option of its command, whose name CLI11 would take for the value.
struct MissingValue {
  std::string option;
  const CLI::App* command = nullptr;
};
/// The first of them in the words behind the program's name.
std::optional<MissingValue> missing_value(const CLI::App& app, const std::vector<std::string>& words);

/// What CLI11 found wrong with a command line: "--parallelism wants a number from 1 to 128, not 'x'".
std::string told(const CLI::Error& error);

/// The help of a command line, or of the command that was chosen from it.
std::string help_text(const CLI::App& app);

}  // namespace weir
