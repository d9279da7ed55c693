#include <weir/node/usage_text.hpp>

#include <algorithm>
#include <charconv>
#include <string_view>

#include <CLI/CLI.hpp>

#include <weir/base/text.hpp>

namespace weir {
namespace {

/// `text` with `to` for every `from`, until none is left.
std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from)) text.replace(at, from.size(), to);
  return text;
}

/// What stands before the first `mark`, which an option's name does not hold.
std::string before(const std::string& text, std::string_view mark) { return text.substr(0, text.find(mark)); }
std::string behind(const std::string& text, std::string_view mark) { return text.substr(text.find(mark) + mark.size()); }

/// "Could not convert: --wait = x". Numbers are checked before, so it is a flag.
std::string told_conversion(const std::string& text) {
  constexpr std::string_view kBegin = "Could not convert: ";
  constexpr std::string_view kIs = " = ";
  if (!text.starts_with(kBegin) || text.find(kIs) == std::string::npos) return text;
  return "'" + behind(text, kIs) + "' is no value for " + before(text.substr(kBegin.size()), kIs);
}

/// "--name: 1 required TEXT missing", "--name: At Most 1 required but received 2".
std::string told_mismatch(const std::string& text) {
  if (text.ends_with(" missing")) return before(text, ":") + " wants a value";
  if (text.find(": At Most ") != std::string::npos) return before(text, ":") + " was given more than once";
  return text;
}

/// "--parallelism: wants ...".
std::string told_value(const std::string& text) {
  constexpr std::string_view kWants = ": wants ";
  return text.find(kWants) == std::string::npos ? text : before(text, kWants) + " wants " + behind(text, kWants);
}

/// Null: the command has none of that name.
const CLI::Option* option_of(const CLI::App& command, const std::string& word) {
  return word.starts_with("--") ? command.get_option_no_throw(before(word, "=")) : nullptr;
}

/// The command of a command that a word names, or itself.
const CLI::App* command_within(const CLI::App& command, const std::string& word) {
  const auto named = command.get_subcommands([&](const CLI::App* one) { return one->check_name(word); });
  return named.empty() ? &command : named.front();
}

}  // namespace

std::optional<MissingValue> missing_value(const CLI::App& app, const std::vector<std::string>& words) {
  const CLI::App* command = &app;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const CLI::Option* option = option_of(*command, words[i]);
    if (option == nullptr) command = command_within(*command, words[i]);
    const bool wants_next = option != nullptr && option->get_items_expected_min() > 0 && words[i].find('=') == std::string::npos;
    if (!wants_next) continue;
    if (i + 1 == words.size() || option_of(*command, words[i + 1]) != nullptr) return MissingValue{words[i], command};
    ++i;
  }
  return std::nullopt;
}

ValueCheck whole_number(std::uint64_t least, std::uint64_t most) {
  return [=](const std::string& text) -> std::string {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool read = error == std::errc{} && end == text.data() + text.size();
    if (read && number >= least && number <= most) return "";
    return "wants a number from " + std::to_string(least) + " to " + std::to_string(most) + ", not '" + text + "'";
  };
}

ValueCheck one_of(const std::vector<std::string>& words) {
  return [=](const std::string& text) -> std::string {
    if (std::find(words.begin(), words.end(), text) != words.end()) return "";
    return "wants " + joined(words, " or ") + ", not '" + text + "'";
  };
}

std::string told(const CLI::Error& error) {
  const std::string text = error.what();
  if (dynamic_cast<const CLI::ConversionError*>(&error) != nullptr) return told_conversion(text);
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) return told_mismatch(text);
  if (dynamic_cast<const CLI::ValidationError*>(&error) != nullptr) return told_value(text);
  if (dynamic_cast<const CLI::ExcludesError*>(&error) != nullptr) return replaced(text, " excludes ", " does not go with ");
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) return replaced(text, "A subcommand ", "a command ");
  return text;
}

std::string help_text(const CLI::App& app) {
  std::string text = replaced(app.help(), "{false}", "       ");  // CLI11's mark of a name that turns a flag off; columns stay
  text = replaced(replaced(text, " \n", "\n"), "\n\n\n", "\n\n");
  return text.ends_with('\n') ? text : text + '\n';
}

}  // namespace weir
