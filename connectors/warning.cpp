#include <weir/connectors/warning.hpp>

#include <cstdio>

namespace weir {

void warn(const std::string& operator_name, const std::string& text) {
  const std::string line = operator_name + ": warning: " + text + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace weir
