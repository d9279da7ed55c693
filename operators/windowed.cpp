#include <weir/operators/windowed.hpp>

namespace weir::detail {

WindowOptions checked(WindowOptions options) {
  if (options.allowed_lateness.count() >= 0) return options;
  throw Failure("window: the allowed lateness must not be negative: " + std::to_string(options.allowed_lateness.count()) + "ms");
}

void refuse_windows(const char* verb, const std::string& name, const std::string& fault) {
  throw Failure(std::string(verb) + " '" + name + "': " + fault);
}

}  // namespace weir::detail
