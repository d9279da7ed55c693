// A job's own options. The function that builds the pipeline asks for what it needs; asking is declaring: --help lists
// what was asked for, and an option that nobody asked for is refused.
//
//   const auto input = options.get("input", {.help = "CSV file to read"});                      // required
//   const auto gap = options.duration("gap", {.help = "silence that ends a session", .fallback = "10s"});
//
// The building function runs once to describe itself, with placeholders for what is required, and again in earnest, or to be
// explained; it must not do more than build.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weir/base/result.hpp>
#include <weir/base/time.hpp>

namespace weir {

struct OptionSpec {
  std::string help = {};
  std::optional<std::string> fallback = {};  // as the user would write it; empty: the option is required
  std::vector<std::string> choices = {};     // empty: anything
};

struct DeclaredOption {
  std::string name;
  OptionSpec spec;
  enum class Kind : std::uint8_t { Text, Number, Real, Duration, Bytes, Flag };
  Kind kind = Kind::Text;
};

/// A required option was not given.
class MissingOption final : public Failure {
 public:
  using Failure::Failure;
};

/// What the text of an option means. Throws Failure naming the option when it means nothing.
template <class Value>
Value option_value(const std::string& name, const Result<Value>& read) {
  if (!read) throw Failure("option --" + name + ": " + read.error().message);
  return *read;
}

class Options {
 public:
  enum class Mode : std::uint8_t {
    Describe,  // placeholders for what is required, and for values that are not of the kind
    Explain,   // placeholders for what is required
    Run,
  };

  explicit Options(std::map<std::string, std::string> given = {}, Mode mode = Mode::Run)
      : given_(std::move(given)), mode_(mode), asked_(std::make_shared<Asked>()) {}

  /// Text. All of these throw Failure when a required option is missing or a value is not of the kind.
  std::string get(const std::string& name, OptionSpec spec = {}) const;
  std::int64_t number(const std::string& name, OptionSpec spec = {}) const;
  double real(const std::string& name, OptionSpec spec = {}) const;  // finite
  Duration duration(const std::string& name, OptionSpec spec = {}) const;
  std::uint64_t bytes(const std::string& name, OptionSpec spec = {}) const;
  bool flag(const std::string& name, const std::string& help = {}) const;
  /// Whether the user gave it; declares nothing.
  bool has(const std::string& name) const { return given_.contains(name); }

  const std::vector<DeclaredOption>& declared() const { return asked_->declared; }
  /// What was assumed for required options that were not given.
  const std::map<std::string, std::string>& placeholders() const { return asked_->placeholders; }

 private:
  struct Asked {
    std::vector<DeclaredOption> declared;
    std::map<std::string, std::string> placeholders;
  };

  void declare(const std::string& name, const OptionSpec& spec, DeclaredOption::Kind kind) const;
  std::string value(const std::string& name, const OptionSpec& spec, DeclaredOption::Kind kind) const;
  template <class Parse>
  auto parsed(const std::string& name, const OptionSpec& spec, DeclaredOption::Kind kind, Parse parse) const;

  std::map<std::string, std::string> given_;
  Mode mode_;
  std::shared_ptr<Asked> asked_;  // shared with copies, so that what they ask for is listed too
};

}  // namespace weir
