// From a job and what its user set to the plan, or to what is wrong with it, in the same words whether the job runs as a program
// or was submitted as a bundle.
#pragma once

#include <map>
#include <optional>
#include <string>

#include <weir/graph/plan.hpp>
#include <weir/graph/program.hpp>

namespace weir {

/// Lets the job ask for its options. Values that it refuses are refused when it is built in earnest.
Options described_options(const JobDefinition& job, const std::map<std::string, std::string>& given);

/// Why the job refuses these values, if it does. A job that does may have asked for a part of its options only, and then all others
/// look unknown.
std::optional<std::string> refusal(const JobDefinition& job, const std::map<std::string, std::string>& given);

/// All required options that were not given, in one message.
std::string missing_options(const Options& described, const std::map<std::string, std::string>& given);

/// The plan of a bundle's job, Throws Failure when an option is missing, unknown or refused, or the pipeline is faulty.
Plan plan_job(const JobDefinition& job, const std::map<std::string, std::string>& given, const PlanOptions& options);

}  // namespace weir
