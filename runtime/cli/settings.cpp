#include <weir/cli/settings.hpp>

#include <weir/base/result.hpp>

namespace weir::cli {

std::map<std::string, std::string> parse_settings(const std::vector<std::string>& settings) {
  std::map<std::string, std::string> parsed;
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    const std::string name = setting.substr(0, equals);
    if (name.empty() || name.starts_with('-')) throw Failure("--set wants NAME=VALUE, not '" + setting + "'");
    if (equals == std::string::npos) throw Failure("--set wants NAME=VALUE, not '" + setting + "'; a flag is set by " + name + "=true");
    if (!parsed.emplace(name, setting.substr(equals + 1)).second) throw Failure("--set " + name + " was given twice");
  }
  return parsed;
}

}  // namespace weir::cli
