// The binary `weir` against a node that the test plays: what it asks, prints and ends with.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <weir/node/api_types.hpp>
#include <weir/node/certificates.hpp>
#include <weir/node/sha256.hpp>

#include "support/api_server.hpp"
#include "support/process.hpp"
#include "support/temporary_directory.hpp"

using namespace weir;
using testing::ApiReply;
using testing::ApiRequest;
using testing::ApiServer;
using testing::TemporaryDirectory;

namespace {

using Arguments = std::vector<std::string>;

const std::filesystem::path kWeir = std::filesystem::path(WEIR_BIN_DIR) / "weir";
const std::string kBundle = std::string(WEIR_BUNDLE_DIR) + "/word_count.so";
const std::string kToken = "0123456789abcdef";

struct Ended {
  int status = -1;
  std::string printed;

  bool says(const std::string& text) const { return printed.find(text) != std::string::npos; }
  auto lines() const { return std::count(printed.begin(), printed.end(), '\n'); }
};

Ended weir_with(const Arguments& arguments) {
  const TemporaryDirectory directory;
  testing::Process process(kWeir, arguments, directory / "printed");
  const auto status = process.wait_for(std::chrono::seconds(60));
  REQUIRE_MESSAGE(status, "weir hangs");
  return {*status, testing::content_of(directory / "printed")};
}

Ended weir_with(const ApiServer& node, Arguments arguments) {
  arguments.insert(arguments.end(), {"--node", node.address()});
  return weir_with(arguments);
}

api::JobInfo job(std::uint64_t id, const std::string& name, const std::string& status) {
  api::JobInfo job;
  job.id = id;
  job.name = name;
  job.status = status;
  job.parallelism = 4;
  job.attempt = 1;
  job.submitted_ms = 1'700'000'000'000;
  const bool ended = status == "finished" || status == "stopped" || status == "cancelled" || status == "failed";
  if (ended) job.ended_ms = 1'700'000'001'000;
  return job;
}

/// Answers each path with a text, and others with 404.
ApiServer::Answer answers(std::map<std::string, std::string> texts) {
  return [texts = std::move(texts)](const ApiRequest& request) -> ApiReply {
    const auto found = texts.find(request.path);
    if (found == texts.end()) return {api::to_json(api::ErrorInfo{"there is no " + request.path}), 404};
    return {found->second, 200};
  };
}

ApiServer::Answer refusing(int status, const std::string& message) {
  return [=](const ApiRequest&) -> ApiReply { return {api::to_json(api::ErrorInfo{message}), status}; };
}

}  // namespace

TEST_CASE("every command explains itself") {
  const Ended all = weir_with({"--help"});
  CHECK(all.status == 0);
  for (const std::string command : {"node", "submit", "jobs", "job", "cancel", "stop", "savepoint", "nodes", "checkpoints", "logs", "forget", "cert", "version", "completion"}) {
    CAPTURE(command);
    CHECK(all.says("\n  " + command));
    const Ended help = weir_with({command, "--help"});
    CHECK(help.status == 0);
    CHECK(help.lines() > 3);
    CHECK_FALSE(help.says("\n\n\n"));
    CHECK_FALSE(help.says(" \n"));
  }
  CHECK_FALSE(all.says("\n  worker"));
  const Ended submit = weir_with({"submit", "--help"});
  CHECK_MESSAGE(submit.says("\n  --wait                                    wait until the job has ended, and end as it did\n"), submit.printed);
  CHECK_MESSAGE(submit.says("\n  --detach                                  return at once, as without --wait\n"), submit.printed);
}

TEST_CASE("a mistyped command or option is told in one line, with the one that was meant") {
  const auto refused = [](const Arguments& arguments, const std::string& message) {
    const Ended ended = weir_with(arguments);
    CHECK(ended.status == 2);
    CHECK(ended.printed == "weir: error: " + message + "\n");
  };
  refused({"job5"}, "there is no command 'job5' (did you mean jobs?); 'weir --help' lists them");
  refused({"jbos"}, "there is no command 'jbos' (did you mean jobs?); 'weir --help' lists them");
  refused({"submit", "--parallelsm", "4"},
          "there is no option --parallelsm (did you mean --parallelism?); 'weir submit --help' lists them; one of the job is given by --set parallelsm=4");
  const std::string no_input = "there is no option --input; 'weir submit --help' lists them; one of the job is given by --set input=";
  refused({"submit", kBundle, "--input", "X"}, no_input + "X");
  refused({"submit", kBundle, "--input=X"}, no_input + "X");
  refused({"submit", "--input", kBundle}, no_input + "VALUE");
  refused({"--node", "a:1", "jobs"}, "--node stands behind the command: 'weir jobs --node ...'");
  refused({"jobs", "all"}, "'all' is one word too many; 'weir jobs --help' lists them");
  refused({"jobs", "--nod", "a:1"}, "there is no option --nod (did you mean --node?); 'weir jobs --help' lists them");
  refused({"nodes", "--node", "a"}, "--node: 'a' is no address: it has no port; write HOST:PORT, as in 127.0.0.1:7071, [::1]:7071 or node-a:7071");
  refused({"submit", "/none.so"}, "bundle /none.so does not exist");
  refused({"submit", kBundle, "--set", "=1"}, "--set wants NAME=VALUE, not '=1'");
  refused({"submit", kBundle, "--set", "input"}, "--set wants NAME=VALUE, not 'input'; a flag is set by input=true");
  refused({"submit", kBundle, "--checkpoint-interval", "soon"}, "--checkpoint-interval: 'soon' is not a duration; write 250ms, 10s, 5min, 2h or 7d");
  refused({"submit", kBundle, "--parallelism", "x"}, "--parallelism wants a number from 1 to 32768, not 'x'; 'weir submit --help' says more");
  refused({"submit", kBundle, "--name"}, "--name wants a value; 'weir submit --help' says more");
  refused({"submit", kBundle, "--name", "--node", "a:1"}, "--name wants a value; 'weir submit --help' says more");
  refused({"cert", "node", "--name", "--out=a"}, "--name wants a value; 'weir cert node --help' says more");
  refused({"submit", kBundle, "--wait", "--detach"}, "--wait waits for the job's end and --detach does not; give one of them");
  refused({"submit", kBundle, "--name", "a", "--name", "b"}, "--name was given more than once; 'weir submit --help' says more");
  refused({"submit", kBundle, "--wait=x"}, "'x' is no value for --wait; 'weir submit --help' says more");
  refused({"logs", "1", "--lines", "0"}, "--lines wants a number from 1 to 10000, not '0'; 'weir logs --help' says more");
  refused({"completion", "fish"}, "SHELL wants bash or zsh, not 'fish'; 'weir completion --help' says more");
  refused({"job", "1", "--tasks", "--plan"}, "--tasks does not go with --plan; 'weir job --help' says more");
  refused({"job"}, "JOB is required; 'weir job --help' says more");
  refused({}, "a command is required; 'weir --help' says more");
  const std::string here = (std::filesystem::current_path() / "sp").string();
  refused({"savepoint", "7", "sp"}, "DIRECTORY wants an absolute path, such as " + here + ", not 'sp'; 'weir savepoint --help' says more");
  refused({"submit", kBundle, "--from-savepoint", "./sp"},
          "--from-savepoint wants an absolute path, such as " + here + ", not './sp'; 'weir submit --help' says more");
  refused({"cert", "ca"}, "--out is required; 'weir cert ca --help' says more");
  refused({"cert", "node", "--nam", "a"}, "there is no option --nam (did you mean --name?); 'weir cert node --help' lists them");
}

TEST_CASE("lists are tables for people and the node's JSON for scripts") {
  api::NodeList nodes;
  nodes.nodes.push_back({.id = "00000000000000ff", .name = "node-a", .address = "10.0.0.1:7070", .http = "10.0.0.1:7071", .status = "up",
                         .leader = true, .slots = 8, .slots_used = 3, .version = "0.1.0"});
  api::JobList jobs;
  jobs.jobs = {job(7, "word_count", "running"), job(12, "q5", "failed")};
  jobs.jobs[1].message = "out of \x1b[31mluck";
  const ApiServer node(answers({{"/api/v1/nodes", api::to_json(nodes)}, {"/api/v1/jobs", api::to_json(jobs)}}));

  CHECK(weir_with(node, {"nodes"}).printed ==
        "NAME    STATUS  ROLE    SLOTS  USED  ADDRESS        HTTP           VERSION  ID\n"
        "node-a  up      leader      8     3  10.0.0.1:7070  10.0.0.1:7071  0.1.0    00000000000000ff\n");
  CHECK(weir_with(node, {"nodes", "--json"}).printed == api::to_json(nodes) + "\n");
  CHECK(weir_with(node, {"jobs"}).printed ==
        "ID  NAME        STATUS   PARALLELISM  ATTEMPT  CHECKPOINT  SUBMITTED             ENDED                 MESSAGE\n"
        " 7  word_count  running            4        1           -  2023-11-14T22:13:20Z  -\n"
        "12  q5          failed             4        1           -  2023-11-14T22:13:20Z  2023-11-14T22:13:21Z  out of ?[31mluck\n");
}

TEST_CASE("a job is meant by its number, or by its name for the newest of that name") {
  api::JobList jobs;
  jobs.jobs = {job(3, "q5", "failed"), job(9, "q5", "running"), job(5, "q5", "failed")};
  api::TaskList tasks;
  tasks.tasks.push_back({.name = "source (1/1)", .node = "node-a", .records_out = 9, .records_read = 10, .state_bytes = 2048, .watermark_ms = 0});
  api::PlanInfo plan;
  plan.vertices = {{.id = 0, .name = "source", .parallelism = 1, .operators = {}}, {.id = 1, .name = "count -> sink", .parallelism = 2, .operators = {}}};
  plan.edges = {{.from = 0, .to = 1, .routing = "key"}};
  api::CheckpointList checkpoints;
  checkpoints.checkpoints.push_back({.id = 4, .kind = "checkpoint", .attempt = 1, .completed_ms = 1'700'000'000'000, .bytes = 2048, .parts = 3, .duration_ms = {}});
  api::LogList logs;
  logs.logs.push_back({.node = "a", .attempt = 1, .ended = "killed by signal 11 (Segmentation fault)", .lines = {"one", "j.so(_ZN4weir4Task3runEv+0x1)[0x2]"}});
  logs.logs.push_back({.node = "b", .attempt = 2, .ended = {}, .lines = {"two\x1b[0m"}});
  logs.silent = {"c"};
  const ApiServer node(answers({{"/api/v1/jobs", api::to_json(jobs)},
                                {"/api/v1/jobs/9", api::to_json(jobs.jobs[1])},
                                {"/api/v1/jobs/9/tasks", api::to_json(tasks)},
                                {"/api/v1/jobs/9/plan", api::to_json(plan)},
                                {"/api/v1/jobs/9/checkpoints", api::to_json(checkpoints)},
                                {"/api/v1/jobs/9/logs?lines=5", api::to_json(logs)}}));
  CHECK(weir_with(node, {"job", "q5"}).says("job             9 q5\nstatus          running\n"));
  CHECK(weir_with(node, {"job", "9", "--json"}).printed == api::to_json(jobs.jobs[1]) + "\n");
  CHECK(weir_with(node, {"job", "9", "--plan"}).printed == "0. source  (1 task)\n   => 1  (key)\n1. count -> sink  (2 tasks)\n");
  CHECK(weir_with(node, {"job", "9", "--tasks"}).says("   0  source (1/1)  node-a  10    9  2 KiB  1970-01-01T00:00:00Z"));
  CHECK(weir_with(node, {"checkpoints", "q5"}).says("         4  checkpoint        1  2023-11-14T22:13:20Z  2 KiB      3\n"));
  CHECK(weir_with(node, {"logs", "q5", "--lines", "5"}).printed ==
        "==> node a, attempt 1, its worker ended: killed by signal 11 (Segmentation fault) <==\none\nj.so(weir::Task::run()+0x1)[0x2]\n"
        "==> node b, attempt 2 <==\ntwo?[0m\n"
        "weir: node c does not answer: what the job may have printed there is missing\n");

  const Ended unknown = weir_with(node, {"job", "q4"});
  CHECK(unknown.status == 1);
  CHECK(unknown.printed == "weir: error: there is no job 'q4' (did you mean q5?); 'weir jobs' lists them\n");
  const Ended gone = weir_with(node, {"cancel", "77"});
  CHECK(gone.status == 1);
  CHECK(gone.printed == "weir: error: there is no /api/v1/jobs/77/cancel\n");
}

TEST_CASE("a job's last failure is told once, with the attempt that it was, below what the job does now") {
  api::JobInfo again = job(9, "q5", "running");
  again.attempt = 4;
  again.last_lines = {"attempt 3, 2026-01-01T00:00:00Z: the worker on node 'b' ended: killed by signal 11 (Segmentation fault)", "the worker crashed; backtrace:", "weir(main+0x1)"};
  const ApiServer node(answers({{"/api/v1/jobs/9", api::to_json(again)}}));
  const Ended ended = weir_with(node, {"job", "9"});
  CHECK(ended.says("status          running\n"));
  CHECK(ended.says("last failure    attempt 3, 2026-01-01T00:00:00Z: the worker on node 'b' ended: killed by signal 11 (Segmentation fault)\n"
                   "                the worker crashed; backtrace:\n"
                   "                weir(main+0x1)\n"));
}

TEST_CASE("submit sends the bundle, then the job as the command line has it") {
  const std::string sha256 = sha256_of(kBundle).value();
  const ApiServer node(answers({{"/api/v1/bundles", api::to_json(api::BundleInfo{.bundle = sha256, .job = "word_count"})}, {"/api/v1/jobs", api::to_json(job(7, "counts", "waiting"))}}));
  const Ended ended = weir_with(node, {"submit", kBundle, "--set", "input=a=b", "--set", "output=", "--parallelism", "4", "--name", "counts",
                                       "--checkpoint-interval", "2s", "--max-failures", "5", "--from-savepoint", "/s"});
  CHECK(ended.status == 0);
  CHECK(ended.printed == "submitted job 7 counts\n");

  const auto requests = node.requests();
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].method == "POST");
  Sha256 sent;
  sent.add(requests[0].body);
  CHECK(sent.text() == sha256);
  const auto request = api::from_json<api::SubmitRequest>(requests[1].body, api::UnknownFields::Refuse);
  REQUIRE(request.ok());
  CHECK(request->bundle == sha256);
  CHECK(request->options == std::map<std::string, std::string>{{"input", "a=b"}, {"output", ""}});
  CHECK(request->parallelism == 4U);
  CHECK_FALSE(request->key_groups);
  CHECK(request->checkpoint_interval_ms == 2000U);
  CHECK(request->restart.attempts == 5U);
  CHECK(request->name == "counts");
  CHECK(request->from_savepoint == "/s");
  CHECK_FALSE(request->token.value_or("").empty());
}

TEST_CASE("submit --wait ends when the job does, and as it does") {
  for (const auto& [state, status] : {std::pair{"finished", 0}, std::pair{"stopped", 0}, std::pair{"cancelled", 0}, std::pair{"failed", 1}}) {
    CAPTURE(state);
    api::JobInfo last = job(7, "counts", state);
    last.message = "because";
    int looks = 0;
    const ApiServer node([&, last](const ApiRequest& request) -> ApiReply {
      if (request.path == "/api/v1/bundles") return {api::to_json(api::BundleInfo{.bundle = std::string(64, 'a'), .job = "word_count"})};
      if (request.method == "POST") return {api::to_json(job(7, "counts", "waiting"))};
      return {api::to_json(++looks < 3 ? job(7, "counts", "running") : last)};
    });
    const Ended ended = weir_with(node, {"submit", kBundle, "--wait"});
    CHECK(ended.status == status);
    CHECK(ended.printed == "submitted job 7 counts\ncounts: " + std::string(state) + ", attempt 1, 0 records in, 0 out, no checkpoint: because\n");
    CHECK(node.requests().size() == 5);
  }
}

TEST_CASE("submit --wait says that the job waits, and for what, once") {
  api::JobInfo waits = job(7, "counts", "waiting");
  waits.message = "job 'counts' needs 9 slots";
  int looks = 0;
  const ApiServer node([&](const ApiRequest& request) -> ApiReply {
    if (request.path == "/api/v1/bundles") return {api::to_json(api::BundleInfo{.bundle = std::string(64, 'a'), .job = "word_count"})};
    if (request.method == "POST" || ++looks < 3) return {api::to_json(waits)};
    return {api::to_json(job(7, "counts", "finished"))};
  });
  CHECK(weir_with(node, {"submit", kBundle, "--wait"}).printed ==
        "submitted job 7 counts\njob 7 counts waits: job 'counts' needs 9 slots\ncounts: finished, attempt 1, 0 records in, 0 out, no checkpoint\n");
}

TEST_CASE("of several jobs of one name the one that runs is meant, and to be forgotten one that has ended") {
  api::JobList list{{job(3, "q5", "running"), job(5, "q5", "stopped"), job(6, "q5", "finished")}};
  const ApiServer node([&](const ApiRequest& request) -> ApiReply {
    if (request.method == "DELETE") return {"", 204};
    return {request.path == "/api/v1/jobs" ? api::to_json(list) : api::to_json(list.jobs.front())};
  });
  CHECK(weir_with(node, {"cancel", "q5"}).status == 0);
  CHECK(node.requests().back().path == "/api/v1/jobs/3/cancel");
  CHECK(weir_with(node, {"forget", "q5"}).status == 0);
  CHECK(node.requests().back().path == "/api/v1/jobs/6");
  CHECK(weir_with({"cancel", "--help"}).says("of several, the newest that runs"));
  CHECK(weir_with({"forget", "--help"}).says("of several, the newest that has ended"));
}

TEST_CASE("cancel, stop and savepoint say what they want") {
  const ApiServer node(answers({{"/api/v1/jobs/7/cancel", api::to_json(job(7, "q5", "stopping"))}, {"/api/v1/jobs/7/stop", api::to_json(job(7, "q5", "stopping"))},
                                {"/api/v1/jobs/7/savepoint", api::to_json(job(7, "q5", "stopping"))}}));
  CHECK(weir_with(node, {"cancel", "7"}).printed == "job 7 q5 will be cancelled; now it is stopping\n");
  CHECK(weir_with(node, {"stop", "7"}).printed == "job 7 q5 will end with a last checkpoint; now it is stopping\n");
  CHECK(weir_with(node, {"savepoint", "7", "/save/here"}).printed == "job 7 q5 will end with a savepoint in /save/here; now it is stopping\n");
  CHECK(node.requests().back().body == "{\"directory\":\"/save/here\"}");
}

TEST_CASE("a savepoint of a job that has ended is there when savepoint returns, whatever became of the job") {
  api::JobInfo failed = job(7, "q5", "failed");
  failed.savepoint = "/save/here";
  failed.newest_checkpoint = api::CheckpointInfo{.id = 12, .kind = "checkpoint", .attempt = 1, .completed_ms = 1'700'000'000'000};
  const ApiServer node(answers({{"/api/v1/jobs/7/savepoint", api::to_json(failed)}}));
  for (const bool wait : {false, true}) {
    std::vector<std::string> words{"savepoint", "7", "/save/here"};
    if (wait) words.push_back("--wait");
    const Ended ended = weir_with(node, words);
    CHECK(ended.status == 0);
    CHECK(ended.printed == "checkpoint 12 of job 7 q5 (failed) is now a savepoint, too: /save/here\n");
  }
}

TEST_CASE("a job that has ended is forgotten, and told what it was") {
  const std::string json = api::to_json(job(7, "q5", "finished"));
  const ApiServer node([&](const ApiRequest& request) -> ApiReply {
    if (request.path == "/api/v1/jobs/8") return {request.method == "GET" ? json : api::to_json(api::ErrorInfo{"job 8 has not ended"}), request.method == "GET" ? 200 : 409};
    return request.method == "DELETE" ? ApiReply{"", 204} : ApiReply{json};
  });
  CHECK(weir_with(node, {"forget", "7"}).printed == "job 7 q5 is forgotten, with its checkpoints\n");
  CHECK(node.requests().back().method == "DELETE");
  CHECK(node.requests().back().path == "/api/v1/jobs/7");
  CHECK(weir_with(node, {"forget", "7", "--json"}).printed == json + "\n");
  const Ended runs = weir_with(node, {"forget", "8"});
  CHECK(runs.status == 1);
  CHECK(runs.printed == "weir: error: job 8 has not ended\n");
}

TEST_CASE("a node is forgotten by its name, its address or its id") {
  api::NodeList nodes;
  const auto away = [&](const std::string& id, const std::string& name, const std::string& address) {
    nodes.nodes.push_back({.id = id, .name = name, .address = address, .http = "", .status = "away", .version = ""});
  };
  away("000000000000000a", "one", "10.0.0.1:7070");
  away("000000000000000b", "two", "10.0.0.2:7070");
  away("000000000000000c", "two", "10.0.0.3:7070");
  const ApiServer node([&](const ApiRequest& request) {
    return request.method == "DELETE" ? ApiReply{"", 204} : ApiReply{api::to_json(nodes)};
  });
  CHECK(weir_with(node, {"nodes", "--forget", "one"}).printed ==
        "node one at 10.0.0.1:7070 is forgotten; should it come back, it is a node of the cluster again\n");
  CHECK(node.requests().back().path == "/api/v1/nodes/000000000000000a");
  for (const std::string which : {"10.0.0.3:7070", "000000000000000c"}) {
    CHECK(weir_with(node, {"nodes", "--forget", which}).status == 0);
    CHECK(node.requests().back().path == "/api/v1/nodes/000000000000000c");
  }
  CHECK(weir_with(node, {"nodes", "--forget", "two"}).printed ==
        "weir: error: 2 nodes are called 'two'; name one by its id, which 'weir nodes' shows\n");
  CHECK(weir_with(node, {"nodes", "--forget", ""}).printed == "weir: error: there is no node ''; 'weir nodes' lists them\n");
  CHECK(weir_with(node, {"nodes", "--forget", "three"}).printed == "weir: error: there is no node 'three'; 'weir nodes' lists them\n");
}

TEST_CASE("what a node refuses is told in its own words") {
  const Ended senseless = weir_with(ApiServer(refusing(400, "option --input is missing")), {"submit", kBundle});
  CHECK(senseless.status == 2);
  CHECK(senseless.printed == "weir: error: option --input is missing\n");
  const Ended failed = weir_with(ApiServer(refusing(503, "no leader")), {"jobs"});
  CHECK(failed.status == 3);
  CHECK(failed.printed == "weir: error: no leader\n");
  const Ended other = weir_with(ApiServer([](const ApiRequest&) -> ApiReply { return {"<html>", 404}; }), {"jobs"});
  CHECK(other.status == 1);
  CHECK(other.says("answers with status 404, but not as a Weir node does; is --node its HTTP address?"));
  const Ended garbled = weir_with(ApiServer([](const ApiRequest&) -> ApiReply { return {"{\"jobs\": 3}", 200}; }), {"jobs"});
  CHECK(garbled.status == 1);
  CHECK(garbled.says("the node's answer is not understood: jobs: a list is wanted"));
}

TEST_CASE("an option counts more than the variable of the same meaning") {
  const ApiServer node(answers({{"/api/v1/nodes", api::to_json(api::NodeList())}}));
  setenv("WEIR_NODE", "127.0.0.1:1", 1);
  const Ended nodes = weir_with(node, {"nodes"});
  unsetenv("WEIR_NODE");
  CHECK(nodes.status == 0);
}

TEST_CASE("a node that is not there is another exit status; of several the first that answers is asked") {
  std::string nowhere;
  {
    const ApiServer gone(answers({}));
    nowhere = gone.address();
  }
  const Ended ended = weir_with({"jobs", "--node", nowhere});
  CHECK(ended.status == 3);
  CHECK(ended.printed == "weir: error: node " + nowhere + " does not answer: nobody listens there, or it cannot be reached; --node or WEIR_NODE names another\n");

  const ApiServer node(answers({{"/api/v1/jobs", "{\"jobs\":[]}"}}));
  CHECK(weir_with({"jobs", "--node", nowhere + "," + node.address()}).status == 0);
  CHECK(weir_with({"jobs", "--node", node.address().substr(node.address().find(':') + 1)}).status == 0);  // the port alone
  setenv("WEIR_NODE", node.address().c_str(), 1);
  CHECK(weir_with({"jobs"}).status == 0);
  unsetenv("WEIR_NODE");
}

TEST_CASE("the token comes from a file or the environment") {
  const TemporaryDirectory directory;
  std::ofstream(directory / "token") << kToken << "\n";
  const ApiServer node([](const ApiRequest& request) -> ApiReply {
    if (request.authorization == "Bearer " + kToken) return {"{\"jobs\":[]}"};
    return {api::to_json(api::ErrorInfo{"no"}), 401};
  });
  CHECK(weir_with(node, {"jobs", "--token-file", directory / "token"}).status == 0);
  setenv("WEIR_TOKEN", kToken.c_str(), 1);
  CHECK(weir_with(node, {"jobs"}).status == 0);
  unsetenv("WEIR_TOKEN");
  const Ended refused = weir_with(node, {"jobs"});
  CHECK(refused.status == 1);
  CHECK(refused.says(" wants a token; give it by --token-file or WEIR_TOKEN"));
  CHECK(weir_with(node, {"jobs", "--token-file", directory / "none"}).status == 2);
}

TEST_CASE("weir cert makes what TLS needs, and a node with another authority's certificate is not trusted") {
  const TemporaryDirectory directory;
  const std::string ca = directory / "ca";
  CHECK(weir_with({"cert", "ca", "--out", ca}).printed == ca + "/ca.pem\n" + ca + "/ca.key\n");
  const Ended again = weir_with({"cert", "ca", "--out", ca});
  CHECK(again.status == 1);
  CHECK(again.printed == "weir: error: " + ca + "/ca.pem exists already; it is not overwritten\n");
  REQUIRE(weir_with({"cert", "node", "--ca", ca, "--name", "n", "--host", "node-a.example", "--out", directory / "n"}).status == 0);
  REQUIRE(weir_with({"cert", "ca", "--out", directory / "other"}).status == 0);

  const ApiServer node(answers({{"/api/v1/jobs", "{\"jobs\":[]}"}}), {.certificate = directory / "n/n.pem", .key = directory / "n/n.key"});
  CHECK(weir_with(node, {"jobs", "--ca", ca + "/ca.pem"}).status == 0);
  const Ended stranger = weir_with(node, {"jobs", "--ca", directory / "other/ca.pem"});
  CHECK(stranger.status == 3);
  CHECK(stranger.says("its certificate is not one of --ca, or not for this host"));
  CHECK(weir_with(node, {"jobs"}).status == 3);
  CHECK(weir_with(node, {"jobs", "--ca", directory / "none"}).status == 2);
}

TEST_CASE("a node's configuration is printed from all sources, and reads back") {
  const TemporaryDirectory directory;
  const std::string file = directory / "node.toml";
  std::ofstream(file) << "slots = 3\nname = 'file'\n";
  setenv("WEIR_NODE_REPLICATION", "4", 1);
  const Ended printed = weir_with({"node", "--config", file, "--name", "option", "--join", "a:1", "--join", "b:2", "--tls-key", "k.pem", "--print-config"});
  unsetenv("WEIR_NODE_REPLICATION");
  CHECK(printed.status == 0);
  for (const std::string line : {"slots = 3", "name = \"option\"", "replication = 4", "join = [\"a:1\", \"b:2\"]", "key = \"k.pem\"", "node_timeout = \"5s\""}) {
    CAPTURE(line);
    CHECK(printed.says("\n" + line + "\n"));
  }
  { std::ofstream(file) << printed.printed; }
  CHECK(weir_with({"node", "--config", file, "--print-config"}).printed == printed.printed);
}

TEST_CASE("a node's mistakes are told before anything starts") {
  const TemporaryDirectory directory;
  const auto refused = [](Arguments arguments) {
    arguments.insert(arguments.begin(), {"node", "--check-config"});
    const Ended ended = weir_with(arguments);
    CHECK(ended.status == 2);
    CHECK(ended.lines() == 1);
    return ended.printed;
  };
  CHECK(refused({"--listen", "0.0.0.0:7070"}).find("needs certificates; make them with 'weir cert ca'") != std::string::npos);
  CHECK(refused({"--slots", "x"}) == "weir: error: --slots: 'x' is no number from 0 to 100000\n");
  std::ofstream(directory / "node.toml") << "\nslotz = 3\n";
  CHECK(refused({"--config", directory / "node.toml"}).find("node.toml:2: there is no setting 'slotz' (did you mean slots?)") != std::string::npos);
  CHECK(weir_with({"node", "--check-config"}).status == 0);
}

TEST_CASE("the version is this program's, or a node's") {
  const Ended own = weir_with({"version"});
  CHECK(own.status == 0);
  CHECK(own.says("weir 0."));
  const Ended flag = weir_with({"--version"});
  CHECK(flag.status == 0);
  CHECK(flag.printed == own.printed);
  const ApiServer node(answers({{"/api/v1/version", api::to_json(api::VersionInfo{.version = "9.9.9"})}}));
  CHECK(weir_with(node, {"version"}).printed == "node " + node.address() + ": weir 9.9.9\n");
}

TEST_CASE("the shell completes commands and their options") {
  const TemporaryDirectory directory;
  const auto completed = [&](const std::string& words, int current) {
    const std::string program = "source <(" + kWeir.string() + " completion bash); COMP_WORDS=(" + words + "); COMP_CWORD=" + std::to_string(current) +
                                "; _weir; printf '%s ' \"${COMPREPLY[@]}\"";
    testing::Process process("/bin/bash", {"-c", program}, directory / "printed");
    REQUIRE(process.wait_for(std::chrono::seconds(30)).value_or(-1) == 0);
    return " " + testing::content_of(directory / "printed");
  };
  CHECK(completed("weir ca", 1).find(" cancel ") != std::string::npos);
  CHECK(completed("weir submit x.so --se", 3) == " --set ");
  CHECK(completed("weir jobs --ta", 2) == "  ");
  CHECK(completed("weir job --ta", 2) == " --tasks ");
  CHECK(completed("weir forg", 1) == " forget ");
  CHECK(completed("weir cert node --na", 3) == " --name ");
  CHECK(weir_with({"completion", "fish"}).status == 2);
  CHECK(weir_with({"completion", "zsh"}).says("bashcompinit"));
}
