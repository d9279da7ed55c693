// A bundle for who wants to run it: what it needs, and what would run. JSON, since the one who asks is another process: a node
// never loads a job's code itself.
#pragma once

#include <map>
#include <string>

#include <weir/graph/plan.hpp>
#include <weir/graph/program.hpp>

namespace weir {

/// The job, its options and its plan:
///
///   {"name": "word_count", "summary": "", "parallelism": 2, "key_groups": 128, "tasks": 4,
///    "options": [{"name": "input", "kind": "text", "help": "...", "required": true}, ...],
///    "vertices": [{"name": "lines -> words", "parallelism": 2}, ...], "plan": "text for people"}
///
/// An option that is not required has a "default"; one with few values has "choices"; kinds are text, number, real, duration,
/// bytes and flag. Throws Failure as plan_job does.
std::string describe_job(const JobDefinition& job, const std::map<std::string, std::string>& given, const PlanOptions& options);

/// The options alone, whatever is missing: {"name": ..., "summary": ..., "options": [...]}.
std::string describe_options(const JobDefinition& job);

}  // namespace weir
