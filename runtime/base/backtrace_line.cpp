#include <weir/base/backtrace_line.hpp>

#include <cstdlib>
#include <memory>

#include <cxxabi.h>

namespace weir {
namespace {

constexpr std::string_view kBegin = "(_Z";
constexpr std::string_view kEnd = "+)";
constexpr std::size_t kLongestName = 1000;      // bytes, as the linker has it
constexpr std::size_t kLongestReadable = 4000;  // bytes
constexpr std::size_t kMostReferences = 16;     // which make it some hundred times as long at most; few real names have more
constexpr std::size_t kPack = 8;                // references that the expansion of a pack counts for: each part comes in its place

bool is_sequence_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); }

/// References of a name to its own parts, S_ and T_ with a number between, and expansions of packs, Dp. Letters of what is named
/// may count, too.
std::size_t references(std::string_view name) {
  std::size_t count = 0;
  for (std::size_t at = 0; at + 1 < name.size(); ++at) {
    if (name.substr(at, 2) == "Dp") count += kPack;
    if (name[at] != 'S' && name[at] != 'T') continue;
    std::size_t end = at + 1;
    while (end < name.size() && is_sequence_digit(name[end])) ++end;
    if (end < name.size() && name[end] == '_') ++count;
  }
  return count;
}

std::string readable_name(std::string_view name) {
  const std::string given(name);
  if (name.size() > kLongestName || references(name) > kMostReferences) return given;
  int status = 0;
  char* const made = abi::__cxa_demangle(given.c_str(), nullptr, nullptr, &status);
  const std::unique_ptr<char, void (*)(void*)> readable(made, std::free);
  if (status != 0 || !readable) return given;
  const std::string_view text(readable.get());
  return text.size() > kLongestReadable ? given : std::string(text);
}

}  // namespace

std::string readable_backtrace_line(std::string_view line) {
  const std::size_t begin = line.find(kBegin);
  if (begin == line.npos) return std::string(line);
  const std::size_t name = begin + 1;
  const std::size_t end = line.find_first_of(kEnd, name);
  if (end == line.npos) return std::string(line);
  return std::string(line.substr(0, name)) + readable_name(line.substr(name, end - name)) + std::string(line.substr(end));
}

}  // namespace weir
