#include <weir/graph/options.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

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

/// Stands for a value that nobody gave.
std::string placeholder(const std::string& name, const OptionSpec& spec, DeclaredOption::Kind kind) {
  if (!spec.choices.empty()) return spec.choices.front();
  if (kind == DeclaredOption::Kind::Text) return "<" + name + ">";
  return kind == DeclaredOption::Kind::Duration ? "1s" : "1";
}

}  // namespace

void Options::declare(const std::string& name, const OptionSpec& spec, DeclaredOption::Kind kind) const {
  auto& declared = asked_->declared;
  const bool known = std::any_of(declared.begin(), declared.end(), [&](const DeclaredOption& option) { return option.name == name; });
  if (!known) declared.push_back({name, spec, kind});
}

std::string Options::value(const std::string& name, const OptionSpec& spec, DeclaredOption::Kind kind) const {
  declare(name, spec, kind);
  const auto found = given_.find(name);
  if (found == given_.end()) {
    if (spec.fallback) return *spec.fallback;
    if (mode_ == Mode::Run) throw MissingOption("option --" + name + " is missing" + (spec.help.empty() ? "" : ": " + spec.help));
    return asked_->placeholders[name] = placeholder(name, spec, kind);
  }
  const bool allowed = spec.choices.empty() || std::find(spec.choices.begin(), spec.choices.end(), found->second) != spec.choices.end();
  if (allowed) return found->second;
  if (mode_ == Mode::Describe) return spec.choices.front();
  throw Failure("option --" + name + ": '" + found->second + "' is not one of " + joined(spec.choices, ", "));
}

template <class Parse>
auto Options::parsed(const std::string& name, const OptionSpec& spec, DeclaredOption::Kind kind, Parse parse) const {
  const std::string text = value(name, spec, kind);
  if (mode_ != Mode::Describe) return parse(text);
  try {
    return parse(text);
  } catch (const Failure&) {
    return parse(placeholder(name, {}, kind));
  }
}

std::string Options::get(const std::string& name, OptionSpec spec) const { return value(name, spec, DeclaredOption::Kind::Text); }

std::int64_t Options::number(const std::string& name, OptionSpec spec) const {
  return parsed(name, spec, DeclaredOption::Kind::Number,
                [&](const std::string& text) { return parse_number<std::int64_t>(name, text, "a whole number"); });
}

double Options::real(const std::string& name, OptionSpec spec) const {
  return parsed(name, spec, DeclaredOption::Kind::Real, [&](const std::string& text) {
    const double number = parse_number<double>(name, text, "a number");
    if (std::isfinite(number)) return number;
    throw Failure("option --" + name + ": '" + text + "' is not a finite number");
  });
}

Duration Options::duration(const std::string& name, OptionSpec spec) const {
  return parsed(name, spec, DeclaredOption::Kind::Duration,
                [&](const std::string& text) { return option_value(name, parse_duration(text)); });
}

std::uint64_t Options::bytes(const std::string& name, OptionSpec spec) const {
  return parsed(name, spec, DeclaredOption::Kind::Bytes, [&](const std::string& text) { return option_value(name, parse_bytes(text)); });
}

bool Options::flag(const std::string& name, const std::string& help) const {
  declare(name, {help, "", {}}, DeclaredOption::Kind::Flag);
  const auto found = given_.find(name);
  return found != given_.end() && found->second != "false";
}

}  // namespace weir
