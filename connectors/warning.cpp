#include <weir/connectors/warning.hpp>

#include <cstdio>

#include <weir/base/terminal.hpp>

namespace weir {

void warn(const std::string& operator_name, const std::string& text) {
  std::string line = operator_name + ": warning: " + text + "\n";
  if (is_terminal(stderr)) line = lines_for_terminal(line);
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace weir
