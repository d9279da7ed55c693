#include <weir/node/api_types.hpp>

#include <limits>
#include <set>

#include <doctest/doctest.h>

#include <support/json_schema.hpp>
#include <weir/node/openapi.hpp>

namespace weir::api {
namespace {

using testing::OpenApi;
using UnknownFields::Refuse;

std::string error_of(const std::string& text) {
  const auto read = from_json<SubmitRequest>(text, Refuse);
  return read ? "" : read.error().message;
}

JobInfo a_job() {
  JobInfo job;
  job.id = 7;
  job.name = "word_count";
  job.status = "failed";
  job.message = "input 'x' is missing";
  job.bundle = std::string(64, 'a');
  job.options = {{"input", "/data/in"}};
  job.key_groups = 128;
  job.submitted_ms = 978'307'200'000;
  job.ended_ms = 978'307'300'000;
  job.newest_checkpoint = CheckpointInfo{.id = 3, .kind = "checkpoint", .attempt = 1, .completed_ms = 5, .bytes = 6, .parts = 7, .duration_ms = 8};
  job.last_lines = {"one", "two"};
  return job;
}

template <class T>
void agrees_with_description(const OpenApi& api) {
  const std::string name(name_of<T>());
  CAPTURE(name);
  const nlohmann::json& schema = api.description()["components"]["schemas"].at(name);
  std::set<std::string> described;
  for (const auto& [field, type] : schema["properties"].items()) described.insert(field);
  std::set<std::string> present;
  for_each_field<T>([&](const auto& field) { present.emplace(field.name); });
  CHECK(described == present);
}

TEST_CASE("what is written reads back as the same") {
  const JobInfo job = a_job();
  const auto read = from_json<JobInfo>(to_json(job), Refuse);
  REQUIRE(read);
  CHECK(to_json(*read) == to_json(job));
  CHECK(read->newest_checkpoint->duration_ms == 8);
  CHECK(read->last_lines == std::vector<std::string>{"one", "two"});
  CHECK(read->options.at("input") == "/data/in");
}

TEST_CASE("what is absent is left out, not written as null") {
  JobInfo job = a_job();
  job.ended_ms.reset();
  job.newest_checkpoint.reset();
  const std::string text = to_json(job);
  CHECK(text.find("ended_ms") == text.npos);
  CHECK(text.find("null") == text.npos);
  CHECK_FALSE(from_json<JobInfo>(text)->newest_checkpoint.has_value());
}

TEST_CASE("the largest numbers keep every digit") {
  CheckpointInfo info;
  info.id = 18'446'744'073'709'551'615U;
  info.completed_ms = std::numeric_limits<std::int64_t>::min();
  const auto read = from_json<CheckpointInfo>(to_json(info));
  REQUIRE(read);
  CHECK(read->id == info.id);
  CHECK(read->completed_ms == info.completed_ms);
}

TEST_CASE("bytes that are no text are replaced, and the JSON stays JSON") {
  const auto read = from_json<ErrorInfo>(to_json(ErrorInfo{"a\xff" "b\n\x01"}));
  REQUIRE(read);
  CHECK(read->error == "a\xef\xbf\xbd" "b\n\x01");
}

TEST_CASE("a mistake in a request names the field and what it found") {
  CHECK(error_of("{\"bundle\": 3}") == "bundle: a text is wanted, not 3");
  CHECK(error_of("{\"parallelism\": \"four\"}") == "parallelism: a whole number from 0 to 4294967295 is wanted, not \"four\"");
  CHECK(error_of("{\"parallelism\": -1}") == "parallelism: a whole number from 0 to 4294967295 is wanted, not -1");
  CHECK(error_of("{\"parallelism\": 4294967296}") == "parallelism: a whole number from 0 to 4294967295 is wanted, not 4294967296");
  CHECK(error_of("{\"parallelism\": 1.5}") == "parallelism: a whole number from 0 to 4294967295 is wanted, not 1.5");
  CHECK(error_of("{\"parallelism\": 2.0}") == "parallelism: a whole number from 0 to 4294967295 is wanted, not 2.0");
  CHECK(error_of("{\"restart\": {\"attempts\": null}}") == "restart.attempts: a whole number from 0 to 4294967295 is wanted, not null");
  CHECK(error_of("{\"restart\": []}") == "restart: an object is wanted, not a list");
  CHECK(error_of("{\"options\": {\"input\": true}}") == "options.input: a text is wanted, not true");
  CHECK(error_of("[]") == "the whole: an object is wanted, not a list");
  CHECK(error_of("{\"bundle\": ") == "this is not JSON");
  CHECK(error_of("") == "this is not JSON");
  CHECK(error_of("{\"bundle\": \"\xff\"}") == "this is not JSON");
}

TEST_CASE("a misspelt field of a request is refused, one that a newer daemon adds to an answer is not") {
  CHECK(error_of("{\"paralelism\": 2}") == "paralelism: there is no such field");
  CHECK(error_of("{\"restart\": {\"tries\": 2}}") == "restart.tries: there is no such field");
  CHECK(from_json<VersionInfo>("{\"version\": \"9\", \"moon\": [1]}")->version == "9");
}

TEST_CASE("a mistake is one short line, whatever was sent") {
  const std::string huge(100'000, 'x');
  const std::vector<std::string> texts = {"{\"bundle\": 1, \"" + huge + "\": 2}", "{\"parallelism\": \"" + huge + "\"}", "{\"a\\nb\": 1}", "{\"parallelism\": \"a\\nb\"}"};
  for (const std::string& text : texts) {
    const std::string error = error_of(text);
    CHECK(error.size() > 0);
    CHECK(error.size() < 200);
    CHECK(error.find('\n') == error.npos);
  }
}

TEST_CASE("deep nesting is no more than a mistake") {
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  CHECK(error_of(deep) == "the whole: an object is wanted, not a list");
  CHECK(error_of("{\"options\": " + deep + "}") == "options: an object is wanted, not a list");
}

TEST_CASE("the description names every field of every struct, and no other") {
  const OpenApi api{std::string(openapi_description())};
  agrees_with_description<ErrorInfo>(api);
  agrees_with_description<VersionInfo>(api);
  agrees_with_description<NodeInfo>(api);
  agrees_with_description<NodeList>(api);
  agrees_with_description<CheckpointInfo>(api);
  agrees_with_description<CheckpointList>(api);
  agrees_with_description<JobInfo>(api);
  agrees_with_description<JobList>(api);
  agrees_with_description<TaskInfo>(api);
  agrees_with_description<TaskList>(api);
  agrees_with_description<OperatorInfo>(api);
  agrees_with_description<VertexInfo>(api);
  agrees_with_description<EdgeInfo>(api);
  agrees_with_description<PlanInfo>(api);
  agrees_with_description<RestartRequest>(api);
  agrees_with_description<SubmitRequest>(api);
  agrees_with_description<SavepointRequest>(api);
  agrees_with_description<BundleInfo>(api);
  agrees_with_description<LogInfo>(api);
  agrees_with_description<LogList>(api);
  CHECK(api.description()["components"]["schemas"].size() == 20);
}

TEST_CASE("a whole job is as the description says, and one of an unknown status is not") {
  const OpenApi api{std::string(openapi_description())};
  JobInfo job = a_job();
  CHECK(api.check("JobInfo", to_json(job)) == std::vector<std::string>{});
  job.status = "lost";
  CHECK(api.check("JobInfo", to_json(job)).size() == 1);
  CHECK(api.check("JobInfo", "{}").size() > 10);
  CHECK(api.check("NodeList", "{\"nodes\": [3], \"more\": 1}").size() == 2);
}

}  // namespace
}  // namespace weir::api
