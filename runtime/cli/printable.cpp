#include <weir/cli/printable.hpp>

#include <algorithm>

namespace weir::cli {
namespace {

std::string without_controls(std::string_view text, std::string_view allowed) {
  std::string clean(text);
  const auto obeyed = [&](char c) { return (static_cast<unsigned char>(c) < ' ' || c == '\x7f') && allowed.find(c) == std::string_view::npos; };
  std::replace_if(clean.begin(), clean.end(), obeyed, '?');
  // The same controls as two bytes of UTF-8, U+0080 to U+009F.
  for (std::size_t i = 0; i + 1 < clean.size(); ++i) {
    if (clean[i] == '\xc2' && static_cast<unsigned char>(clean[i + 1]) < 0xa0) clean.replace(i, 2, "?");
  }
  return clean;
}

}  // namespace

std::string printable(std::string_view text) { return without_controls(text, ""); }

std::string printable_lines(std::string_view text) { return without_controls(text, "\n\t"); }

}  // namespace weir::cli
