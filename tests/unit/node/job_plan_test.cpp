#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include <weir/node/job_description.hpp>
#include <weir/node/job_plan.hpp>
#include <weir/weir.hpp>

using namespace weir;

namespace {

void build(Pipeline& pipeline, const Options& options) {
  const auto numbers = options.number("numbers", {.help = "how many"});
  options.get("mode", {.help = "which", .fallback = "fast", .choices = {"fast", "slow"}});
  options.flag("loud", "say more");
  pipeline.source("numbers", collection(std::vector<int>(static_cast<std::size_t>(numbers)))).sink("print", Console{});
}

const JobDefinition kJob = define_job("count", build);

std::string refusal(const std::map<std::string, std::string>& given) {
  try {
    plan_job(kJob, given, {});
  } catch (const Failure& failure) {
    return failure.what();
  }
  return "planned";
}

}  // namespace

TEST_CASE("a bundle's job is planned with the options that were set") {
  const Plan plan = plan_job(kJob, {{"numbers", "3"}, {"loud", "true"}}, {.parallelism = 2, .key_groups = 16});
  CHECK(plan.graph.name == "count");
  CHECK(plan.options.key_groups == 16);
  CHECK_FALSE(plan.tasks.empty());
}

TEST_CASE("what is missing, unknown or refused is named") {
  CHECK(refusal({}) == "a required option is missing: --numbers (how many); options are given by --set NAME=VALUE");
  CHECK(refusal({{"numbers", "3"}, {"lout", "true"}}) ==
        "there is no option --lout (did you mean --loud?); the job's are --numbers, --mode, --loud");
  CHECK(refusal({{"numbers", "3"}, {"parallelism", "4"}}) ==
        "the job has no option --parallelism, but weir submit has: --parallelism 4, without --set");
  CHECK(refusal({{"numbers", "three"}}) == "option --numbers: 'three' is not a whole number");
  CHECK(refusal({{"numbers", "3"}, {"mode", "odd"}}) == "option --mode: 'odd' is not one of fast, slow");
}

TEST_CASE("a description has the job's options and its plan") {
  const auto json = nlohmann::json::parse(describe_job(kJob, {{"numbers", "3"}}, {.parallelism = 2}));
  CHECK(json["name"] == "count");
  CHECK(json["parallelism"] == 2);
  CHECK(json["key_groups"] == 128);
  REQUIRE(json["options"].size() == 3);
  CHECK(json["options"][0] == nlohmann::json{{"name", "numbers"}, {"kind", "number"}, {"help", "how many"}, {"required", true}});
  CHECK(json["options"][1]["default"] == "fast");
  CHECK(json["options"][1]["choices"] == nlohmann::json{"fast", "slow"});
  CHECK(json["options"][2]["kind"] == "flag");
  std::size_t tasks = 0;
  for (const auto& vertex : json["vertices"]) tasks += vertex["parallelism"].get<std::size_t>();
  CHECK(json["tasks"] == tasks);
  CHECK(json["plan"].get<std::string>().starts_with("1. numbers"));
}

TEST_CASE("the options are listed although required ones are missing") {
  const auto json = nlohmann::json::parse(describe_options(kJob));
  CHECK(json["name"] == "count");
  CHECK(json["options"].size() == 3);
}
