#include <weir/cli/settings.hpp>

#include <weir/base/result.hpp>

namespace weir::cli {

std::map<std::string, std::string> parse_settings(const std::vector<std::string>& settings) {
  std::map<std::string, std::string> parsed;
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    const std::string name = setting.substr(0, equals);
    if (name.empty() || name.starts_with('-')) throw Failure("--set takes NAME=VALUE, not '" + setting + "'");
    const std::string value = equals == std::string::npos ? "true" : setting.substr(equals + 1);
    if (!parsed.emplace(name, value).second) throw Failure("--set " + name + " was given twice");
  }
  return parsed;
}

std::string at_least_one(const std::string& text) {
  constexpr std::size_t kMostDigits = 9;
  const bool digits = !text.empty() && text.size() <= kMostDigits && text.find_first_not_of("0123456789") == std::string::npos;
  return digits && text.find_first_not_of('0') != std::string::npos ? "" : "a whole number from 1 is wanted, not '" + text + "'";
}

}  // namespace weir::cli
