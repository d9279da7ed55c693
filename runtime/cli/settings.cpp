#include <weir/cli/settings.hpp>

#include <filesystem>
#include <system_error>

#include <weir/base/result.hpp>

namespace weir::cli {

std::map<std::string, std::string> parse_settings(const std::vector<std::string>& settings) {
  std::map<std::string, std::string> parsed;
  for (const std::string& setting : settings) {
    const std::size_t equals = setting.find('=');
    const std::string name = setting.substr(0, equals);
    if (name.empty() || name.starts_with('-')) throw Failure("--set wants NAME=VALUE, not '" + setting + "'");
    if (equals == std::string::npos) {
      throw Failure("--set wants NAME=VALUE, not '" + setting + "'; a flag is set by " + name + "=true");
    }
    if (!parsed.emplace(name, setting.substr(equals + 1)).second) throw Failure("--set " + name + " was given twice");
  }
  return parsed;
}

std::string absolute_path(const std::string& text) {
  if (std::filesystem::path(text).is_absolute()) return "";
  std::error_code unknown;
  const auto meant = std::filesystem::current_path(unknown) / (text.empty() ? "savepoint" : text);
  return "wants an absolute path, such as " + meant.lexically_normal().string() + ", not '" + text + "'";
}

}  // namespace weir::cli
