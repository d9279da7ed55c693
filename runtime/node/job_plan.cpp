#include <weir/node/job_plan.hpp>

#include <algorithm>
#include <array>
#include <string_view>

#include <weir/base/text.hpp>
#include <weir/node/nearest_word.hpp>

namespace weir {
namespace {

/// What `weir submit` has options for, and no job.
constexpr std::array<std::string_view, 7> kOfSubmit = {"name",         "parallelism",   "key-groups",    "checkpoint-interval",
                                                       "max-failures", "restart-delay", "from-savepoint"};

void refuse_unknown(const Options& described, const std::map<std::string, std::string>& given) {
  std::vector<std::string> names;
  for (const DeclaredOption& option : described.declared()) names.push_back("--" + option.name);
  for (const auto& [name, value] : given) {
    const std::string option = "--" + name;
    if (std::find(names.begin(), names.end(), option) != names.end()) continue;
    if (std::find(kOfSubmit.begin(), kOfSubmit.end(), name) != kOfSubmit.end()) {
      throw Failure("the job has no option " + option + ", but weir submit has: " + option + " " + value + ", without --set");
    }
    const auto meant = nearest_word(option, names);
    throw Failure("there is no option " + option + (meant ? " (did you mean " + *meant + "?)" : "") +
                  (names.empty() ? "; the job has none" : "; the job's are " + joined(names, ", ")));
  }
}

}  // namespace

Options described_options(const JobDefinition& job, const std::map<std::string, std::string>& given) {
  const Options options(given, Options::Mode::Describe);
  try {
    job.build(options);
  } catch (const Failure&) {
  }
  return options;
}

std::optional<std::string> refusal(const JobDefinition& job, const std::map<std::string, std::string>& given) {
  try {
    job.build(Options(given));
  } catch (const MissingOption&) {
    return std::nullopt;
  } catch (const Failure& failure) {
    return failure.what();
  }
  return std::nullopt;
}

std::string missing_options(const Options& described, const std::map<std::string, std::string>& given) {
  std::vector<std::string> missing;
  for (const DeclaredOption& option : described.declared()) {
    if (option.spec.fallback || given.contains(option.name)) continue;
    missing.push_back("--" + option.name + (option.spec.help.empty() ? "" : " (" + option.spec.help + ")"));
  }
  return (missing.size() == 1 ? "a required option is missing: " : "required options are missing: ") + joined(missing, ", ");
}

Plan plan_job(const JobDefinition& job, const std::map<std::string, std::string>& given, const PlanOptions& options) {
  const Options described = described_options(job, given);
  try {
    refuse_unknown(described, given);
  } catch (const Failure& unknown) {
    throw Failure(refusal(job, given).value_or(unknown.what()));
  }
  try {
    return Plan::make(job.build(Options(given)), options);
  } catch (const MissingOption&) {
    throw MissingOption(missing_options(described, given) + "; options are given by --set NAME=VALUE");
  }
}

}  // namespace weir
