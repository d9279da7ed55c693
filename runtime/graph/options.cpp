#include <weir/graph/options.hpp>

#include <algorithm>
#include <charconv>

#include <weir/base/text.hpp>

namespace weir {
namespace {

template <class Number>
Number parse_number(const std::string& name, const std::string& text, const char* what) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw Failure("option --" + name + ": '" + text + "' is not " + what);
  }
  return number;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

}  // namespace

std::string Options::get(const std::string& name, OptionSpec spec) const {
  const auto known = std::find_if(declared_->begin(), declared_->end(), [&](const DeclaredOption& o) { return o.name == name; });
  if (known == declared_->end()) declared_->push_back({name, spec, DeclaredOption::Kind::Value});
  const auto found = given_.find(name);
  if (found == given_.end()) {
    if (spec.fallback) return *spec.fallback;
    if (mode_ == Mode::Describe) return "";
    throw Failure("option --" + name + " is missing" + (spec.help.empty() ? "" : ": " + spec.help));
  }
  const bool allowed = spec.choices.empty() || std::find(spec.choices.begin(), spec.choices.end(), found->second) != spec.choices.end();
  if (!allowed && mode_ == Mode::Run) {
    throw Failure("option --" + name + ": '" + found->second + "' is not one of " + joined(spec.choices));
  }
  return found->second;
}

std::int64_t Options::number(const std::string& name, OptionSpec spec) const {
  const std::string text = get(name, std::move(spec));
  return mode_ == Mode::Describe ? 1 : parse_number<std::int64_t>(name, text, "a whole number");
}

double Options::real(const std::string& name, OptionSpec spec) const {
  const std::string text = get(name, std::move(spec));
  return mode_ == Mode::Describe ? 1 : parse_number<double>(name, text, "a number");
}

Duration Options::duration(const std::string& name, OptionSpec spec) const {
  const std::string text = get(name, std::move(spec));
  if (mode_ == Mode::Describe) return Duration(1000);
  auto duration = parse_duration(text);
  if (!duration) throw Failure("option --" + name + ": " + duration.error().message);
  return *duration;
}

std::uint64_t Options::bytes(const std::string& name, OptionSpec spec) const {
  const std::string text = get(name, std::move(spec));
  if (mode_ == Mode::Describe) return 1;
  auto bytes = parse_bytes(text);
  if (!bytes) throw Failure("option --" + name + ": " + bytes.error().message);
  return *bytes;
}

bool Options::flag(const std::string& name, const std::string& help) const {
  const auto known = std::find_if(declared_->begin(), declared_->end(), [&](const DeclaredOption& o) { return o.name == name; });
  if (known == declared_->end()) declared_->push_back({name, {help, "", {}}, DeclaredOption::Kind::Flag});
  const auto found = given_.find(name);
  return found != given_.end() && found->second != "false";
}

}  // namespace weir
