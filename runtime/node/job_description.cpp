#include <weir/node/job_description.hpp>

#include <array>

#include <nlohmann/json.hpp>

#include <weir/node/job_plan.hpp>
#include <weir/node/output_files.hpp>

namespace weir {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array kKinds = {"text", "number", "real", "duration", "bytes", "flag"};

Json to_json(const DeclaredOption& option) {
  Json json{{"name", option.name}, {"kind", kKinds[static_cast<std::size_t>(option.kind)]}, {"help", option.spec.help}};
  json["required"] = !option.spec.fallback;
  if (option.spec.fallback && option.kind != DeclaredOption::Kind::Flag) json["default"] = *option.spec.fallback;
  if (!option.spec.choices.empty()) json["choices"] = option.spec.choices;
  return json;
}

Json to_json(const std::vector<DeclaredOption>& options) {
  Json json = Json::array();
  for (const DeclaredOption& option : options) json.push_back(to_json(option));
  return json;
}

/// Names may be any bytes; JSON is UTF-8.
std::string text(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace); }

}  // namespace

std::string describe_job(const JobDefinition& job, const std::map<std::string, std::string>& given, const PlanOptions& options) {
  const Plan plan = plan_job(job, given, options);
  Json json{{"name", plan.graph.name}, {"summary", job.summary}};
  json["parallelism"] = plan.options.parallelism;
  json["key_groups"] = plan.options.key_groups;
  json["tasks"] = plan.tasks.size();
  json["options"] = to_json(described_options(job, given).declared());
  json["vertices"] = Json::array();
  for (std::uint32_t i = 0; i < plan.vertices.size(); ++i) {
    json["vertices"].push_back({{"name", plan.name(i)}, {"parallelism", plan.vertices[i].parallelism}});
  }
  json["plan"] = plan.to_text();
  json["writes"] = output_files(plan.graph);
  return text(json);
}

std::string describe_options(const JobDefinition& job) {
  return text({{"name", job.name}, {"summary", job.summary}, {"options", to_json(described_options(job, {}).declared())}});
}

}  // namespace weir
