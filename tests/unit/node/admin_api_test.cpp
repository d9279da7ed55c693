#include <weir/node/admin_api.hpp>

#include <doctest/doctest.h>

#include <support/fake_cluster_control.hpp>
#include <support/json_schema.hpp>
#include <support/temporary_directory.hpp>
#include <weir/node/api_types.hpp>
#include <weir/node/openapi.hpp>

namespace weir {
namespace {

using testing::AdminAnswer;
using testing::ask;
using testing::FakeClusterControl;
using testing::TemporaryDirectory;

const testing::OpenApi& description() {
  static const testing::OpenApi api{std::string(openapi_description())};
  return api;
}

/// Asks, and holds the answer against the description.
AdminAnswer ask_checked(ClusterControl& control, const std::string& method, const std::string& path, const std::string& body = "") {
  const AdminAnswer answer = ask(control, method, path, body);
  CHECK(description().check_answer(method, path, static_cast<int>(answer.status), answer.body) == std::vector<std::string>{});
  return answer;
}

template <class T>
T read(const AdminAnswer& answer) {
  auto value = api::from_json<T>(answer.body, api::UnknownFields::Refuse);
  REQUIRE_MESSAGE(value, answer.body);
  return *value;
}

std::string error_of(const AdminAnswer& answer) { return read<api::ErrorInfo>(answer).error; }

std::string submission(const std::string& more = "") {
  return R"({"name": "wc", "bundle": ")" + std::string(64, 'a') + "\"" + more + "}";
}

TEST_CASE("the leader tells its version") {
  FakeClusterControl control;
  const AdminAnswer answer = ask_checked(control, "GET", "/api/v1/version");
  CHECK(answer.status == 200);
  CHECK(read<api::VersionInfo>(answer).version == "0.1.0");
}

TEST_CASE("nodes are listed by name, those that are away too") {
  FakeClusterControl control;
  control.apply(command::AdmitNode{{.id = 0xc, .name = "c", .address = "c:1", .http = "c:2", .role = ClusterNode::Role::WorkerOnly}});
  ClusterMember member;
  member.node.node = {.id = 0xb, .name = "b", .address = "b:1", .http = "b:2", .role = ClusterNode::Role::Eligible};
  member.node.slots = 8;
  member.node.version = "0.1.0";
  member.intent = ClusterMember::Intent::Leave;
  control.add_member(member);
  control.running_job("wc");

  const auto nodes = read<api::NodeList>(ask_checked(control, "GET", "/api/v1/nodes")).nodes;
  REQUIRE(nodes.size() == 3);
  CHECK(nodes[0].id == "000000000000000a");
  CHECK(nodes[0].status == "up");
  CHECK(nodes[0].leader);
  CHECK(nodes[0].slots == 4);
  CHECK(nodes[0].slots_used == 2);
  CHECK(nodes[0].http == "127.0.0.1:7071");
  CHECK(nodes[1].status == "draining");
  CHECK_FALSE(nodes[1].leader);
  CHECK(nodes[2].status == "away");
  CHECK_FALSE(nodes[2].eligible);
  CHECK(nodes[2].slots == 0);
}

TEST_CASE("a node that said goodbye has left") {
  FakeClusterControl control;
  control.apply(command::AdmitNode{{.id = 0xd, .name = "d", .address = "127.0.0.1:7100", .http = ""}});
  control.leave(0xd);
  CHECK(read<api::NodeList>(ask_checked(control, "GET", "/api/v1/nodes")).nodes.at(1).status == "left");
}

TEST_CASE("a job that waits for slots takes none meanwhile") {
  FakeClusterControl control;
  const JobId job = control.running_job("wc");
  const auto used = [&] { return read<api::NodeList>(ask_checked(control, "GET", "/api/v1/nodes")).nodes.at(0).slots_used; };
  CHECK(used() == 2);
  control.live_job(job).slots.clear();
  CHECK(used() == 0);
}

TEST_CASE("a running job shows what it does") {
  FakeClusterControl control;
  const JobId id = control.running_job("wc");
  const auto job = read<api::JobInfo>(ask_checked(control, "GET", "/api/v1/jobs/" + std::to_string(id)));
  CHECK(job.name == "wc");
  CHECK(job.status == "running");
  CHECK(job.message.empty());
  CHECK(job.options.at("input") == "/data/in");
  CHECK(job.parallelism == 2);
  CHECK(job.attempt == 1);
  CHECK(job.restarts == 0);
  CHECK(job.submitted_ms == 978'307'000'000);
  CHECK_FALSE(job.ended_ms);
  CHECK(job.newest_checkpoint->id == 2);
  CHECK(job.newest_checkpoint->bytes == 1024);
  CHECK(job.newest_checkpoint->parts == 2);
  CHECK(job.newest_checkpoint->duration_ms == 250);
  CHECK(job.records_read == 80);
  CHECK(job.records_written == 65);
  CHECK(read<api::JobList>(ask_checked(control, "GET", "/api/v1/jobs")).jobs.size() == 1);
}

TEST_CASE("a job's status is one of nine, whatever its phase") {
  FakeClusterControl control;
  const JobId id = control.running_job("wc");
  const std::string path = "/api/v1/jobs/" + std::to_string(id);
  const auto status = [&] { return read<api::JobInfo>(ask_checked(control, "GET", path)).status; };
  for (const auto& [phase, shown] : std::map<std::string, std::string>{{"waiting for slots", "waiting"}, {"starting", "starting"}, {"running", "running"}, {"restarting", "restarting"}, {"stopping", "stopping"}, {"ending", "stopping"}, {"", "waiting"}}) {
    control.live_job(id).phase = phase;
    CHECK(status() == shown);
  }
  control.live_job(id).why = "2 slots are free, 4 are needed";
  CHECK(read<api::JobInfo>(ask(control, "GET", path)).message == "2 slots are free, 4 are needed");
  control.apply(command::EndJob{id, 1, {.state = JobOutcome::State::Failed, .message = "division by zero"}, 978'307'150'000});
  const auto job = read<api::JobInfo>(ask_checked(control, "GET", path));
  CHECK(job.status == "failed");
  CHECK(job.message == "division by zero");
  CHECK(job.ended_ms == 978'307'150'000);
}

TEST_CASE("a job that was cancelled does not look like one that stopped with a last checkpoint") {
  FakeClusterControl control;
  for (const auto& [wish, shown] : {std::pair{JobWish::Cancel, "cancelled"}, std::pair{JobWish::Stop, "stopped"}}) {
    const JobId id = control.running_job("wc");
    control.apply(command::Wish{id, wish, ""});
    control.apply(command::EndJob{id, 1, {.state = JobOutcome::State::Stopped}, 978'307'150'000});
    CHECK(read<api::JobInfo>(ask_checked(control, "GET", "/api/v1/jobs/" + std::to_string(id))).status == shown);
  }
}

TEST_CASE("what a job read and wrote is known after its end, by a leader that never ran it, too") {
  FakeClusterControl control;
  const JobId id = control.running_job("wc");
  control.apply(command::EndJob{id, 1, {}, 978'307'150'000, {80, 65}});
  control.forget_live(id);
  const auto job = read<api::JobInfo>(ask_checked(control, "GET", "/api/v1/jobs/" + std::to_string(id)));
  CHECK(job.records_read == 80);
  CHECK(job.records_written == 65);
}

TEST_CASE("a job that the leader has not picked up yet is waiting") {
  FakeClusterControl control;
  JobSpec spec;
  spec.name = "wc";
  spec.bundle = std::string(64, 'a');
  const JobId id = control.apply(command::Submit{spec, "", 1});
  const std::string path = "/api/v1/jobs/" + std::to_string(id);
  CHECK(read<api::JobInfo>(ask_checked(control, "GET", path)).status == "waiting");
  CHECK(read<api::PlanInfo>(ask_checked(control, "GET", path + "/plan")).vertices.empty());
  CHECK(read<api::TaskList>(ask_checked(control, "GET", path + "/tasks")).tasks.empty());
  CHECK(read<api::CheckpointList>(ask_checked(control, "GET", path + "/checkpoints")).checkpoints.empty());
}

TEST_CASE("plan, tasks and checkpoints of a job") {
  FakeClusterControl control;
  const std::string path = "/api/v1/jobs/" + std::to_string(control.running_job("wc"));

  const auto plan = read<api::PlanInfo>(ask_checked(control, "GET", path + "/plan"));
  REQUIRE(plan.vertices.size() == 2);
  CHECK(plan.vertices[0].name == "lines -> words");
  CHECK(plan.vertices[0].parallelism == 2);
  CHECK(plan.vertices[0].operators[0].kind == "source");
  CHECK(plan.vertices[1].operators[0].kind == "sink");
  REQUIRE(plan.edges.size() == 1);
  CHECK(plan.edges[0].routing == "key");

  const auto tasks = read<api::TaskList>(ask_checked(control, "GET", path + "/tasks")).tasks;
  REQUIRE(tasks.size() == 3);
  CHECK(tasks[0].name == "lines -> words (1/2)");
  CHECK(tasks[0].node == "a");
  CHECK(tasks[0].busy_ms == 1500);
  CHECK(tasks[0].longest_pause_ms == 2.5);
  CHECK(tasks[0].blocked);
  CHECK(tasks[0].watermark_ms == 978'307'190'000);
  CHECK_FALSE(tasks[1].watermark_ms);
  CHECK(tasks[2].node == "000000000000000b");  // a node that was forgotten
  CHECK(tasks[2].records_in == 70);

  const auto checkpoints = read<api::CheckpointList>(ask_checked(control, "GET", path + "/checkpoints")).checkpoints;
  REQUIRE(checkpoints.size() == 2);
  CHECK(checkpoints[0].id == 2);
  CHECK(checkpoints[0].duration_ms == 250);
  CHECK_FALSE(checkpoints[1].duration_ms);
  CHECK(checkpoints[1].kind == "checkpoint");
}

TEST_CASE("a job is submitted with what was said, and defaults") {
  FakeClusterControl control;
  const AdminAnswer answer = ask_checked(control, "POST", "/api/v1/jobs",
      submission(R"(, "options": {"input": "/in"}, "parallelism": 4, "checkpoint_interval_ms": 500, "restart": {"attempts": 7, "first_delay_ms": 9}, "replication": 3)"));
  CHECK(answer.status == 201);
  const JobSpec& spec = control.state().job(read<api::JobInfo>(answer).id)->spec;
  CHECK(spec.name == "wc");
  CHECK(spec.options.at("input") == "/in");
  CHECK(spec.parallelism == 4);
  CHECK(spec.key_groups == kDefaultKeyGroups);
  CHECK(spec.checkpoint_interval == 500ms);
  CHECK(spec.restart.attempts == 7);
  CHECK(spec.restart.first_delay == 9ms);
  CHECK(spec.restart.in_vain == RestartOptions{}.in_vain);
  CHECK(spec.replication == 3);
  CHECK(control.state().job(1)->submitted_ms == 978'307'200'000);
}

TEST_CASE("a submission is answered once it is logged, not before") {
  FakeClusterControl control;
  control.hold();
  std::uint32_t status = 0;
  const auto call = std::make_shared<AdminCall>(AdminCall{"POST", "/api/v1/jobs", submission(), [&](std::uint32_t found, const std::string&) { status = found; }});
  answer_admin_call_at(call, control, {1});
  CHECK(status == 0);
  CHECK(control.waiting() == 1);
  control.release();
  CHECK(status == 201);
}

TEST_CASE("a submission that is sent again finds the job of the first time") {
  FakeClusterControl control;
  const auto first = ask_checked(control, "POST", "/api/v1/jobs", submission(R"(, "token": "t-1")"));
  const auto again = ask_checked(control, "POST", "/api/v1/jobs", submission(R"(, "token": "t-1")"));
  CHECK(first.status == 201);
  CHECK(again.status == 200);
  CHECK(read<api::JobInfo>(first).id == read<api::JobInfo>(again).id);
  CHECK(control.state().jobs().size() == 1);
  const auto other = ask_checked(control, "POST", "/api/v1/jobs", submission(R"(, "token": "t-1", "parallelism": 3)"));
  CHECK(other.status == 409);
  CHECK(error_of(other).find("'t-1'") != std::string::npos);
}

TEST_CASE("a submission that cannot run is refused with the field that is wrong") {
  FakeClusterControl control;
  const auto refused = [&](const std::string& body) {
    const AdminAnswer answer = ask_checked(control, "POST", "/api/v1/jobs", body);
    CHECK(answer.status == 400);
    return error_of(answer);
  };
  CHECK(refused("") == "this is not JSON");
  CHECK(refused("{}") == "name: 1 to 200 bytes without control characters are wanted");
  CHECK(refused(R"({"name": "a\nb"})") == "name: 1 to 200 bytes without control characters are wanted");
  CHECK(refused(R"({"name": ")" + std::string(201, 'n') + "\"}") == "name: 1 to 200 bytes without control characters are wanted");
  CHECK(refused(R"({"name": "wc", "bundle": "../../etc/passwd"})").find("64 lower-case hexadecimal digits") != std::string::npos);
  CHECK(refused(submission(R"(, "parallelism": 0)")).find("parallelism must be 1 to 128") != std::string::npos);
  CHECK(refused(submission(R"(, "key_groups": 100000)")).find("1 to 32768 key groups") != std::string::npos);
  CHECK(refused(submission(R"(, "retained": 0)")) == "retained: 1 to 1000 checkpoints can be kept, not 0");
  CHECK(refused(submission(R"(, "retained": 1001)")) == "retained: 1 to 1000 checkpoints can be kept, not 1001");
  CHECK(refused(submission(R"(, "restart": {"attempts": 0})")) == "restart.attempts: 1 is the least: the first try counts");
  CHECK(refused(submission(R"(, "checkpoint_interval_ms": 0)")).find("checkpoint interval") != std::string::npos);
  CHECK(refused(submission(R"(, "restart": {"factor": 0.5})")).find("factor") != std::string::npos);
  CHECK(refused(submission(R"(, "restart": {"factor": 1e999})")).size() > 0);
  CHECK(refused(submission(R"(, "from_savepoint": "savepoints/1")")).starts_with("from_savepoint: an absolute path"));
  CHECK(refused(submission(R"(, "token": "")")).starts_with("token: "));
  CHECK(refused(submission(R"(, "colour": "red")")) == "colour: there is no such field");
  CHECK(control.state().jobs().empty());
}

TEST_CASE("cancel, stop and savepoint are what the user then wants of a job") {
  FakeClusterControl control;
  const auto wish_after = [&](const std::string& what, const std::string& body) {
    const JobId job = control.running_job("wc");
    const AdminAnswer answer = ask_checked(control, "POST", "/api/v1/jobs/" + std::to_string(job) + what, body);
    CHECK(answer.status == 202);
    return control.state().job(job)->wish;
  };
  CHECK(wish_after("/cancel", "") == JobWish::Cancel);
  CHECK(wish_after("/stop", "{}") == JobWish::Stop);
  CHECK(wish_after("/savepoint", R"({"directory": "/backup/s1"})") == JobWish::Savepoint);
  CHECK(control.state().job(3)->savepoint == "/backup/s1");
  CHECK(read<api::JobInfo>(ask(control, "GET", "/api/v1/jobs/3")).savepoint == "/backup/s1");
}

TEST_CASE("what a job cannot do any more is a conflict") {
  FakeClusterControl control;
  const JobId job = control.running_job("wc");
  const std::string path = "/api/v1/jobs/" + std::to_string(job);
  CHECK(ask_checked(control, "POST", path + "/cancel").status == 202);
  CHECK(ask_checked(control, "POST", path + "/cancel").status == 202);  // said again
  CHECK(ask_checked(control, "POST", path + "/stop").status == 409);
  CHECK(ask_checked(control, "DELETE", path).status == 409);
  control.apply(command::EndJob{job, 1, {.state = JobOutcome::State::Stopped}, 5});
  CHECK(error_of(ask_checked(control, "POST", path + "/cancel")).find("has ended") != std::string::npos);
}

TEST_CASE("of a job that has ended a savepoint is the newest checkpoint, and told once it is written") {
  FakeClusterControl control;
  const JobId job = control.running_job("wc");
  const std::string path = "/api/v1/jobs/" + std::to_string(job);
  control.apply(command::EndJob{job, 1, {.state = JobOutcome::State::Failed, .message = "no"}, 5});
  const TemporaryDirectory directory;
  const std::string made = (directory / "made").string();
  const auto wanted = [&](const std::string& where) { return ask_checked(control, "POST", path + "/savepoint", R"({"directory": ")" + where + "\"}"); };
  const AdminAnswer answer = wanted(made);
  CHECK(answer.status == 200);
  CHECK(control.exported_to == made);
  CHECK(read<api::JobInfo>(answer).savepoint == made);
  CHECK(read<api::JobInfo>(answer).status == "failed");
  CHECK_FALSE(read<api::JobInfo>(ask(control, "GET", path)).savepoint);

  control.export_fails = "the disk is full";
  CHECK(wanted(made).status == 409);
  CHECK(error_of(wanted(made)) == "no savepoint was written: the disk is full");
}

TEST_CASE("of a command that may have been logged nobody says that it was not") {
  FakeClusterControl control;
  const JobId job = control.running_job("wc");
  control.hold();
  AdminAnswer answer;
  const auto call = std::make_shared<AdminCall>(AdminCall{"POST", "/api/v1/jobs/" + std::to_string(job) + "/stop", "", [&](std::uint32_t status, std::string body) {
                                                            answer = {status, std::move(body)};
                                                          }});
  answer_admin_call(call, control);
  control.lose();
  CHECK(answer.status == 504);
  CHECK(error_of(answer) == "it may have been done or not; look, and try again: the lead is lost");
}

TEST_CASE("a job that has ended can be forgotten") {
  FakeClusterControl control;
  const JobId job = control.running_job("wc");
  const std::string path = "/api/v1/jobs/" + std::to_string(job);
  control.apply(command::EndJob{job, 1, {}, 5});
  const AdminAnswer answer = ask_checked(control, "DELETE", path);
  CHECK(answer.status == 204);
  CHECK(answer.body.empty());
  CHECK(ask_checked(control, "GET", path).status == 404);
  CHECK(ask_checked(control, "DELETE", path).status == 404);
}

TEST_CASE("a node that is away can be forgotten, and no other") {
  FakeClusterControl control;
  control.apply(command::AdmitNode{{.id = 0xc, .name = "c", .address = "c:1", .http = "c:2"}});
  CHECK(error_of(ask_checked(control, "DELETE", "/api/v1/nodes/000000000000000a")) == "node 'a' is up; end it first");
  CHECK(ask_checked(control, "DELETE", "/api/v1/nodes/000000000000000a").status == 409);
  CHECK(ask_checked(control, "DELETE", "/api/v1/nodes/000000000000000c").status == 204);
  CHECK(read<api::NodeList>(ask_checked(control, "GET", "/api/v1/nodes")).nodes.size() == 1);
  CHECK(error_of(ask_checked(control, "DELETE", "/api/v1/nodes/000000000000000c")) == "there is no node 000000000000000c");
  for (const std::string id : {"c", "000000000000000C", "0000000000000000c", "-00000000000000c", ""}) {
    CAPTURE(id);
    CHECK(ask(control, "DELETE", "/api/v1/nodes/" + id).status == 404);
  }
}

TEST_CASE("bodies of changes are read strictly") {
  FakeClusterControl control;
  const std::string path = "/api/v1/jobs/" + std::to_string(control.running_job("wc"));
  CHECK(ask_checked(control, "POST", path + "/cancel", R"({"when": "later"})").status == 400);
  CHECK(ask_checked(control, "POST", path + "/stop", "now").status == 400);
  CHECK(ask_checked(control, "POST", path + "/savepoint").status == 400);
  CHECK(ask_checked(control, "POST", path + "/savepoint", "{}").status == 400);
  CHECK(ask_checked(control, "POST", path + "/savepoint", R"({"directory": "relative"})").status == 400);
  CHECK(ask_checked(control, "POST", path + "/savepoint", R"({"directory": "/a\u0000b"})").status == 400);
  CHECK(ask_checked(control, "POST", path + "/savepoint", R"({"directory": 3})").status == 400);
  CHECK(control.state().job(1)->wish == JobWish::Run);
}

TEST_CASE("a job's number is digits, and nothing else is found") {
  FakeClusterControl control;
  control.running_job("wc");
  REQUIRE(ask(control, "GET", "/api/v1/jobs/1").status == 200);
  for (const std::string id : {"", "0", "01", "+1", "-1", "1 ", " 1", "1.0", "1e0", "0x1", "one", "..", ".", "%31", "1%00", "18446744073709551617", "99999999999999999999999999", "\xef\xbc\x91", "1/..", "{id}", "2"}) {
    CAPTURE(id);
    CHECK(ask(control, "GET", "/api/v1/jobs/" + id).status == 404);
    CHECK(ask(control, "GET", "/api/v1/jobs/" + id + "/tasks").status == 404);
    CHECK(ask(control, "POST", "/api/v1/jobs/" + id + "/cancel").status == 404);
    CHECK(ask(control, "DELETE", "/api/v1/jobs/" + id).status == 404);
  }
  CHECK(error_of(ask(control, "GET", "/api/v1/jobs/0")) == "there is no job 0");
  CHECK(error_of(ask(control, "GET", "/api/v1/jobs/18446744073709551615")) == "there is no job 18446744073709551615");
  CHECK(control.state().job(1)->wish == JobWish::Run);
}

TEST_CASE("a path that is not there is not found, a method that it lacks is refused") {
  FakeClusterControl control;
  control.running_job("wc");
  for (const std::string path : {"", "/", "/api", "/api/v1", "/api/v1/", "/api/v1/jobs/", "//api/v1/jobs", "/api/v1/jobs/1/", "/api/v1/jobs/1/plan/", "/api/v1/jobs/1/kill", "/api/v2/jobs", "/API/v1/jobs", "/api/v1/jobs?x=1", "api/v1/jobs", "/internal", "/internal/metrics/"}) {
    CAPTURE(path);
    const AdminAnswer answer = ask(control, "GET", path);
    CHECK(answer.status == 404);
    CHECK(error_of(answer) == "there is no such path");
  }
  CHECK(ask(control, "PUT", "/api/v1/jobs").status == 405);
  CHECK(error_of(ask(control, "PATCH", "/api/v1/jobs")) == "the path takes GET, POST");
  CHECK(ask(control, "get", "/api/v1/jobs").status == 405);
  CHECK(ask(control, "", "/api/v1/jobs/1").status == 405);
  CHECK(ask(control, "GET", "/api/v1/jobs/1/cancel").status == 405);
  CHECK(ask(control, "POST", "/api/v1/version").status == 405);
}

TEST_CASE("the leader has the text of the metrics") {
  FakeClusterControl control;
  const AdminAnswer answer = ask(control, "GET", std::string(kMetricsPath));
  CHECK(answer.status == 200);
  CHECK(answer.body.starts_with("# HELP weir_"));
}

}  // namespace
}  // namespace weir
