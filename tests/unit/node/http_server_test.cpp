#include <weir/node/http_server.hpp>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <iterator>
#include <thread>

#include <doctest/doctest.h>

#include <support/full_disk.hpp>
#include <support/http_trial.hpp>
#include <support/json_schema.hpp>
#include <support/prometheus_parser.hpp>
#include <weir/node/api_types.hpp>
#include <weir/node/certificates.hpp>
#include <weir/node/openapi.hpp>
#include <weir/node/sha256.hpp>

namespace weir {
namespace {

using testing::exchange;
using testing::fake_bundle;
using testing::HttpReply;
using testing::HttpTrial;
using testing::HttpWire;
using testing::WireRequest;
using Leader = HttpTrial::Leader;

template <class T>
T read(const HttpReply& reply) {
  auto value = api::from_json<T>(reply.body, api::UnknownFields::Refuse);
  REQUIRE_MESSAGE(value, reply.body);
  return *value;
}

std::string error_of(const HttpReply& reply) { return read<api::ErrorInfo>(reply).error; }

HttpServerOptions with_token(const std::string& token) {
  HttpServerOptions options;
  options.routes.token = token;
  return options;
}

/// An authority of the test's own, and what it signs.
class Authority {
 public:
  Authority() {
    const auto made = make_authority({.directory = directory_.path()});
    REQUIRE(made);
  }
  testing::WireTls sign(const std::string& name) const {
    const auto made = make_node_certificate({.authority = directory_.path(), .name = name, .directory = directory_ / name});
    REQUIRE_MESSAGE(made, made.error().message);
    return {ca(), directory_ / name / (name + ".pem"), directory_ / name / (name + ".key")};
  }
  std::filesystem::path ca() const { return directory_ / "ca.pem"; }

 private:
  testing::TemporaryDirectory directory_;
};

/// A request whose body of so many bytes does not come yet. A thread of the daemon waits for it when this returns.
std::unique_ptr<HttpWire> slow_request(const HttpTrial& trial, const std::string& path, const std::string& type, std::size_t bytes) {
  auto wire = std::make_unique<HttpWire>(trial.port());
  wire->send("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Type: " + type + "\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n");
  REQUIRE(wire->told_to_go_on());
  return wire;
}

bool comes_true(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::yield();
  }
  return true;
}

auto files_in(const std::filesystem::path& directory) {
  return std::distance(std::filesystem::directory_iterator(directory), std::filesystem::directory_iterator());
}

/// Holds an answer against the description that the daemon serves.
void check_described(const HttpTrial& trial, const std::string& method, const std::string& path, const std::string& body = "") {
  static const testing::OpenApi api{std::string(openapi_description())};
  const HttpReply reply = trial.ask(method, path, body);
  CHECK(api.check_answer(method, path.substr(0, path.find('?')), reply.status, reply.body) == std::vector<std::string>{});
}

TEST_CASE("every answer is as the description that the daemon serves says") {
  HttpTrial trial;
  trial.with_control([](auto& control) { control.running_job("wc"); });
  std::ofstream(trial.directory() / "logs" / "1-1.log") << "one\ntwo\n";
  const std::string bundle = read<api::BundleInfo>(trial.upload(fake_bundle())).bundle;
  CHECK(trial.ask("GET", "/api/v1/openapi.json").body == openapi_description());
  for (const char* path : {"/api/v1/version", "/api/v1/nodes", "/api/v1/jobs", "/api/v1/jobs/1", "/api/v1/jobs/1/plan", "/api/v1/jobs/1/tasks", "/api/v1/jobs/1/checkpoints",
                           "/api/v1/jobs/1/logs", "/api/v1/jobs/1/logs?lines=1&attempt=1", "/api/v1/jobs/9", "/api/v1/jobs/9/logs", "/api/v1/jobs/1/logs?lines=0", "/healthz", "/livez", "/metrics",
                           "/api/v1/openapi.json", "/api/v1/bundles/00"}) {
    check_described(trial, "GET", path);
  }
  check_described(trial, "GET", "/api/v1/bundles/" + bundle);
  check_described(trial, "POST", "/api/v1/jobs", R"({"bundle": ")" + bundle + "\"}");
  check_described(trial, "POST", "/api/v1/jobs", R"({"bundle": 7})");
  check_described(trial, "POST", "/api/v1/jobs/1/savepoint", R"({"directory": "/s"})");
  check_described(trial, "POST", "/api/v1/jobs/1/stop");
  check_described(trial, "POST", "/api/v1/jobs/1/cancel");
  check_described(trial, "DELETE", "/api/v1/jobs/1");
  trial.set_leader(Leader::Gone);
  check_described(trial, "GET", "/api/v1/jobs");
  check_described(trial, "GET", "/metrics");
}

TEST_CASE("a bundle is uploaded and its job submitted under its own name") {
  HttpTrial trial;
  const std::string bytes = fake_bundle();
  const HttpReply uploaded = trial.upload(bytes);
  CHECK(uploaded.status == 201);
  const auto bundle = read<api::BundleInfo>(uploaded);
  CHECK(bundle.job == "word_count");
  CHECK(bundle.bytes == bytes.size());
  CHECK(trial.bundles().has(bundle.bundle));
  CHECK(read<api::BundleInfo>(trial.ask("GET", "/api/v1/bundles/" + bundle.bundle)).bytes == bytes.size());
  CHECK(trial.upload(bytes).status == 201);  // again

  const HttpReply submitted = trial.ask("POST", "/api/v1/jobs", R"({"bundle": ")" + bundle.bundle + R"(", "options": {"input": "/in"}})");
  CHECK(submitted.status == 201);
  CHECK(read<api::JobInfo>(submitted).name == "word_count");
  CHECK(read<api::JobInfo>(submitted).options.at("input") == "/in");
  CHECK(read<api::JobInfo>(trial.ask("POST", "/api/v1/jobs", R"({"bundle": ")" + bundle.bundle + R"(", "name": "mine"})")).name == "mine");
}

TEST_CASE("a bundle for another Weir is refused with both versions, and is gone") {
  HttpTrial trial;
  const HttpReply reply = trial.upload(fake_bundle("9.9.9"));
  CHECK(reply.status == 400);
  CHECK(error_of(reply).find("Weir 9.9.9") != std::string::npos);
  CHECK(error_of(reply).find("Weir 0.1.0") != std::string::npos);
  CHECK(trial.bundles().list().empty());
  CHECK(error_of(trial.upload("#!/bin/sh\n")) == "the bundle is no job bundle: it is not a shared object");
  CHECK(trial.upload("").status == 415);
  CHECK(trial.bundles().list().empty());
}

TEST_CASE("a bundle that is too large or breaks off leaves nothing") {
  HttpServerOptions options;
  options.routes.most_bundle_bytes = 100'000;
  HttpTrial trial(std::move(options));
  const HttpReply reply = trial.upload(std::string(100'001, 'x'));
  CHECK(reply.status == 413);
  CHECK(error_of(reply) == "a bundle has at most 100000 bytes here, not 100001");
  {
    HttpWire wire(trial.port());
    wire.send("POST /api/v1/bundles HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\nContent-Length: 5000\r\n\r\nhalf");
    wire.end_sending();
    CHECK(wire.receive()->status == 400);
    CHECK(wire.closed());
  }
  CHECK(trial.bundles().list().empty());
  for (const auto& entry : std::filesystem::directory_iterator(trial.directory() / "bundles")) FAIL_CHECK(entry.path().string());
}

TEST_CASE("a bundle that cannot be kept is this node's fault, not who sent it") {
  HttpTrial trial;
  std::ofstream(trial.directory() / "small") << "x";
  {
    const testing::FullDisk full(trial.directory() / "small");
    CHECK(trial.upload(fake_bundle()).status == 507);
  }
  CHECK(trial.upload(fake_bundle()).status == 201);
  std::filesystem::remove_all(trial.directory() / "bundles");
  const HttpReply gone = trial.upload(fake_bundle());
  CHECK(gone.status == 500);
  CHECK(error_of(gone).starts_with("cannot write bundle "));
  CHECK(error_of(gone).ends_with(": No such file or directory"));
}

TEST_CASE("of the threads at most half take in bundles; who comes next is told to try again") {
  HttpServerOptions options;
  options.threads = 4;
  HttpTrial trial(std::move(options));
  const std::string bytes = fake_bundle();
  std::vector<std::unique_ptr<HttpWire>> slow;
  for (int i = 0; i < 2; ++i) slow.push_back(slow_request(trial, "/api/v1/bundles", "application/octet-stream", bytes.size()));
  REQUIRE(comes_true([&] { return files_in(trial.directory() / "bundles") == 2; }));

  const HttpReply busy = trial.upload(bytes);
  CHECK(busy.status == 503);
  CHECK(busy.headers.at("retry-after") == "5");
  CHECK(error_of(busy) == "this node takes in 2 bundles at once, and does now; try again");
  CHECK(trial.ask("GET", "/api/v1/version").status == 200);

  slow.front()->send(bytes);
  CHECK(slow.front()->receive()->status == 201);
  CHECK(trial.upload(bytes).status == 201);
}

TEST_CASE("numbers that no job can have are refused before its code is looked at") {
  int checks = 0;
  HttpServerOptions options;
  options.routes.check = [&](const auto&, const auto&) -> Result<CheckedJob> {
    ++checks;
    return CheckedJob{};
  };
  HttpTrial trial(std::move(options));
  const std::string bundle = read<api::BundleInfo>(trial.upload(fake_bundle())).bundle;
  const auto refused = [&](const std::string& field) {
    const HttpReply reply = trial.ask("POST", "/api/v1/jobs", R"({"bundle": ")" + bundle + "\", " + field + "}");
    CHECK(reply.status == 400);
    return error_of(reply);
  };
  CHECK(refused(R"("parallelism": 0)") == "job 'word_count' cannot run: its parallelism must be 1 to 128, the number of its key groups, not 0");
  CHECK(refused(R"("key_groups": 0)") == "job 'word_count' cannot run: it has 1 to 32768 key groups, not 0");
  CHECK(refused(R"("retained": 0)") == "retained: 1 to 1000 checkpoints can be kept, not 0");
  CHECK(refused(R"("replication": 0)") == "job 'word_count' cannot run: at least one node must keep each part of a checkpoint");
  CHECK(checks == 0);
  CHECK(trial.asked() == 0);
}

TEST_CASE("a job of a bundle that this node lacks is refused before the leader hears of it") {
  HttpTrial trial;
  const HttpReply reply = trial.ask("POST", "/api/v1/jobs", R"({"bundle": ")" + std::string(64, 'a') + "\"}");
  CHECK(reply.status == 400);
  CHECK(error_of(reply).starts_with("bundle: "));
  CHECK(error_of(trial.ask("POST", "/api/v1/jobs", R"({"bundle": "../../etc/passwd"})")) == "bundle: 64 lower-case hexadecimal digits are wanted");
  CHECK(trial.asked() == 0);
}

TEST_CASE("the lines of a log are asked for by numbers, and nothing else is") {
  HttpTrial trial;
  std::ofstream(trial.directory() / "logs" / "7-1.log") << "first\n";
  std::ofstream(trial.directory() / "logs" / "7-2.log") << "one\ntwo\n\xff\n";
  std::ofstream(trial.directory() / "secret.log") << "secret\n";
  const auto logs = read<api::LogList>(trial.ask("GET", "/api/v1/jobs/7/logs?lines=2")).logs;
  REQUIRE(logs.size() == 1);
  CHECK(logs[0].node == "a");
  CHECK(logs[0].attempt == 2);
  CHECK_FALSE(logs[0].ended);
  CHECK(logs[0].lines == std::vector<std::string>{"two", "\xef\xbf\xbd"});
  CHECK(read<api::LogList>(trial.ask("GET", "/api/v1/jobs/7/logs?attempt=1")).logs.at(0).lines == std::vector<std::string>{"first"});
  for (const char* query : {"lines=0", "lines=-1", "lines=10001", "lines=1e3", "lines=", "lines=1&lines=2", "attempt=../secret", "attempt=0", "attempt=99999999999999999999", "file=secret", "lines=2%00"}) {
    CAPTURE(query);
    CHECK(trial.ask("GET", std::string("/api/v1/jobs/7/logs?") + query).status == 400);
  }
  for (const char* path : {"/api/v1/jobs/../secret/logs", "/api/v1/jobs/7%2f..%2f..%2fsecret/logs", "/api/v1/jobs//logs", "/api/v1/jobs/07/logs", "/api/v1/jobs/7/logs/", "/api/v1/jobs/7/logs/../../../secret.log"}) {
    CAPTURE(path);
    CHECK(trial.ask("GET", path).status == 404);
  }
  CHECK(trial.ask("POST", "/api/v1/jobs/7/logs").status == 405);
}

TEST_CASE("the lines of all nodes are there, by attempt and node, and nodes that say nothing are named") {
  std::vector<wire::ReadWorkerLogs> wanted;
  HttpServerOptions options;
  options.routes.gather_logs = [&](const std::shared_ptr<LogCall>& call) {
    wanted.push_back(call->wanted);
    if (call->job != 7) return call->answer({});
    call->answer({{{"c", {{1, "killed by signal 11 (Segmentation fault)", {"backtrace"}}, {2, "", {"well"}}}}}, {"d", "b"}});
  };
  HttpTrial trial(std::move(options));
  std::ofstream(trial.directory() / "logs" / "7-1.log") << "one\n";
  const auto list = read<api::LogList>(trial.ask("GET", "/api/v1/jobs/7/logs?lines=5"));
  REQUIRE(wanted.size() == 1);
  CHECK(wanted[0].lines == 5);
  CHECK(wanted[0].attempt == 0);
  REQUIRE(list.logs.size() == 3);
  CHECK(list.logs[0].node == "a");
  CHECK(list.logs[0].lines == std::vector<std::string>{"one"});
  CHECK(list.logs[1].node == "c");
  CHECK(list.logs[1].attempt == 1);
  CHECK(list.logs[1].ended == "killed by signal 11 (Segmentation fault)");
  CHECK(list.logs[2].attempt == 2);
  CHECK_FALSE(list.logs[2].ended);
  CHECK(list.silent == std::vector<std::string>{"b", "d"});
  check_described(trial, "GET", "/api/v1/jobs/7/logs");
  CHECK(trial.ask("GET", "/api/v1/jobs/8/logs").status == 404);
}

TEST_CASE("when the other nodes cannot be asked that is told, and not waited for without end") {
  std::vector<std::shared_ptr<LogCall>> unanswered;
  HttpServerOptions options;
  options.routes.logs_timeout = std::chrono::milliseconds(1);
  options.routes.gather_logs = [&](std::shared_ptr<LogCall> call) { unanswered.push_back(std::move(call)); };
  HttpTrial trial(std::move(options));
  CHECK(trial.ask("GET", "/api/v1/jobs/7/logs").status == 504);
  REQUIRE(unanswered.size() == 1);
  unanswered.front()->answer({});  // too late, and no harm
  check_described(trial, "GET", "/api/v1/jobs/7/logs");
}

TEST_CASE("with a token everything but health wants it") {
  HttpTrial trial(with_token("correct-horse-battery"));
  const auto status = [&](const std::string& path, const std::string& headers) { return exchange(trial.port(), {.path = path, .headers = headers}).status; };
  for (const char* path : {"/api/v1/version", "/api/v1/jobs", "/metrics", "/api/v1/openapi.json", "/api/v1/jobs/1/logs", "/api/v1/bundles/00", "/", "/nothing"}) {
    CAPTURE(path);
    CHECK(status(path, "") == 401);
    CHECK(status(path, "Authorization: Bearer correct-horse-batterx\r\n") == 401);
    CHECK(status(path, "Authorization: Basic correct-horse-battery\r\n") == 401);
  }
  CHECK(exchange(trial.port(), {.path = "/metrics"}).headers.at("www-authenticate") == "Bearer");
  CHECK(trial.asked() == 0);
  CHECK(status("/healthz", "") == 200);
  CHECK(status("/livez", "") == 200);
  CHECK(status("/api/v1/version", "Authorization: Bearer correct-horse-battery\r\n") == 200);
  CHECK(status("/api/v1/version", "authorization: bearer correct-horse-battery\r\nHost: any.example\r\n") == 200);
}

TEST_CASE("a stranger's upload is refused without being read") {
  HttpTrial trial(with_token("correct-horse-battery"));
  HttpWire wire(trial.port());
  wire.send("POST /api/v1/bundles HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\nContent-Length: 1000000000\r\n\r\nabc");
  const auto reply = wire.receive();
  REQUIRE(reply);
  CHECK(reply->status == 401);
  CHECK(reply->headers.at("connection") == "close");
  wire.end_sending();
  CHECK(wire.closed());
}

TEST_CASE("without a token a browser's pages are kept out") {
  HttpTrial trial;
  const auto status = [&](const std::string& headers) { return exchange(trial.port(), {.method = "POST", .path = "/api/v1/jobs/1/cancel", .headers = headers}).status; };
  CHECK(status("") == 404);
  CHECK(status("Host: 127.0.0.1:7071\r\nOrigin: http://127.0.0.1:7071\r\n") == 404);
  CHECK(status("Host: 127.0.0.1:7071\r\nOrigin: http://evil.example\r\n") == 403);
  CHECK(status("Host: 127.0.0.1:7071\r\nOrigin: null\r\n") == 403);
  CHECK(status("Host: evil.example:7071\r\n") == 403);
  CHECK(exchange(trial.port(), {.method = "POST", .path = "/api/v1/jobs", .body = "{}", .type = "text/plain"}).status == 415);
  CHECK(exchange(trial.port(), {.method = "POST", .path = "/api/v1/bundles", .body = fake_bundle(), .type = "application/x-www-form-urlencoded"}).status == 415);
}

TEST_CASE("health is whether a leader answers") {
  HttpTrial trial;
  const HttpReply well = trial.ask("GET", "/healthz");
  CHECK(well.status == 200);
  CHECK(well.body == "ok\n");
  HttpTrial alone;
  alone.set_leader(Leader::Gone);
  CHECK(alone.ask("GET", "/healthz").status == 503);
  CHECK(error_of(alone.ask("GET", "/api/v1/jobs")) == "the cluster has no leader now; try again");
  HttpServerOptions options;
  options.routes.health_timeout = std::chrono::milliseconds(1);
  HttpTrial deaf(std::move(options));
  deaf.set_leader(Leader::Silent);
  CHECK(deaf.ask("GET", "/healthz").status == 503);
}

TEST_CASE("a node that answers is alive, with a leader or without one") {
  HttpTrial trial;
  trial.set_leader(Leader::Gone);
  const HttpReply alive = trial.ask("GET", "/livez");
  CHECK(alive.status == 200);
  CHECK(alive.body == "ok\n");
  CHECK(trial.ask("POST", "/livez").status == 405);
  CHECK(trial.asked() == 0);
}

TEST_CASE("what watches a node is answered while slow requests hold every other thread") {
  HttpServerOptions options;
  options.threads = 4;
  HttpTrial trial(std::move(options));
  std::vector<std::unique_ptr<HttpWire>> slow;
  for (int i = 0; i < 4; ++i) slow.push_back(slow_request(trial, "/api/v1/jobs/1/cancel", "application/json", 2));
  HttpWire behind(trial.port());
  behind.send("GET /api/v1/version HTTP/1.1\r\nHost: localhost\r\n\r\n");
  for (const char* path : {"/livez", "/healthz", "/metrics", "/livez"}) {
    CAPTURE(path);
    CHECK(trial.ask("GET", path).status == 200);
  }
  slow.front()->send("{}");
  CHECK(slow.front()->receive()->status == 404);
  CHECK(behind.receive()->status == 200);
}

TEST_CASE("figures that the leader does not send hold up nobody who asks whether the node is alive") {
  HttpTrial trial;
  trial.set_leader(Leader::Silent);
  std::vector<std::unique_ptr<HttpWire>> scrapes;
  for (int i = 0; i < 3; ++i) {
    scrapes.push_back(std::make_unique<HttpWire>(trial.port()));
    scrapes.back()->send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  REQUIRE(comes_true([&] { return trial.asked() > 0; }));
  CHECK(trial.ask("GET", "/livez").status == 200);
}

TEST_CASE("a connection that asked whether the node is alive asks nothing else") {
  HttpTrial trial;
  HttpWire wire(trial.port());
  const std::string probe = "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n";
  wire.send(probe + probe);
  CHECK(wire.receive()->headers.at("connection") == "close");
  CHECK_FALSE(wire.receive());
}

TEST_CASE("health is asked of the leader once, however many want to know") {
  HttpTrial trial;
  for (int i = 0; i < 20; ++i) CHECK(trial.ask("GET", "/healthz").status == 200);
  CHECK(trial.asked() < 20);
}

TEST_CASE("a leader that says nothing is waited for so long and no longer") {
  HttpServerOptions options;
  options.routes.answer_timeout = std::chrono::milliseconds(1);
  HttpTrial trial(std::move(options));
  trial.set_leader(Leader::Silent);
  const HttpReply reply = trial.ask("GET", "/api/v1/jobs");
  CHECK(reply.status == 504);
  CHECK(error_of(reply).find("did not answer in time") != std::string::npos);
}

TEST_CASE("the port closes while requests wait for the leader") {
  HttpTrial trial;
  trial.set_leader(Leader::Silent);
  auto waiting = std::async(std::launch::async, [port = trial.port()] {
    HttpWire wire(port);
    wire.send("GET /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\n\r\n");
    return wire.receive();
  });
  while (trial.asked() == 0) std::this_thread::yield();
  trial.stop();
  const auto reply = waiting.get();
  if (reply) CHECK(reply->status == 503);  // or the connection was closed
}

TEST_CASE("figures come as Prometheus reads them") {
  HttpTrial trial;
  trial.with_control([](auto& control) { control.running_job("wc \"x\"\n\xff"); });
  const HttpReply reply = trial.ask("GET", "/metrics");
  CHECK(reply.status == 200);
  CHECK(reply.headers.at("content-type") == "text/plain; version=0.0.4; charset=utf-8");
  CHECK(testing::parse_metrics(reply.body).at("weir_jobs").samples.size() == 9);
  CHECK(trial.ask("GET", "/internal/metrics").status == 404);
}

TEST_CASE("a connection carries several requests, also sent at once") {
  HttpTrial trial;
  HttpWire wire(trial.port());
  const std::string get = "GET /api/v1/version HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const std::string post = "POST /api/v1/jobs/1/cancel HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
  wire.send(get + post + get);
  CHECK(wire.receive()->status == 200);
  CHECK(wire.receive()->status == 404);
  CHECK(wire.receive()->status == 200);
  wire.send(get.substr(0, 10));
  wire.send(get.substr(10));
  CHECK(wire.receive()->status == 200);
  wire.send("GET /api/v1/version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  CHECK(wire.receive()->headers.at("connection") == "close");
  wire.end_sending();
  CHECK(wire.closed());
}

TEST_CASE("a body that was not read is not taken for the next request") {
  HttpTrial trial;
  HttpWire wire(trial.port());
  const std::string inner = "GET /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\n\r\n";
  wire.send("POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(inner.size()) + "\r\n\r\n" + inner);
  CHECK(wire.receive()->status == 404);
  CHECK_FALSE(wire.receive());
  CHECK(trial.asked() == 0);
}

TEST_CASE("HEAD has the headers of GET") {
  HttpTrial trial;
  const HttpReply reply = trial.ask("HEAD", "/api/v1/version");
  CHECK(reply.status == 200);
  CHECK(reply.headers.at("content-length") == std::to_string(trial.ask("GET", "/api/v1/version").body.size()));
}

TEST_CASE("what is not understood is answered with JSON and a status") {
  HttpTrial trial;
  const auto status_of = [&](const std::string& text) {
    HttpWire wire(trial.port());
    wire.send(text);
    const auto reply = wire.receive();
    if (!reply) return 0;
    CHECK(error_of(*reply).size() > 0);
    return reply->status;
  };
  const std::string host = "Host: localhost\r\n";
  CHECK(status_of("nonsense\r\n\r\n") == 400);
  CHECK(status_of("FETCH / HTTP/1.1\r\n" + host + "\r\n") == 400);
  CHECK(status_of("GET / HTTP/9.9\r\n" + host + "\r\n") == 400);
  CHECK(status_of("PUT /api/v1/jobs HTTP/1.1\r\n" + host + "\r\n") == 405);
  CHECK(status_of("TRACE / HTTP/1.1\r\n" + host + "\r\n") == 404);
  CHECK(status_of("GET /" + std::string(3000, 'a') + " HTTP/1.1\r\n" + host + "\r\n") == 414);
  CHECK(status_of("GET / HTTP/1.1\r\n" + host + "X: " + std::string(9000, 'a') + "\r\n\r\n") == 431);
  CHECK(status_of("GET / HTTP/1.1\r\n" + host + "X: " + std::string(20'000, 'a')) == 431);
  CHECK(status_of("POST /api/v1/jobs HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n") == 411);
  CHECK(status_of("POST /api/v1/jobs HTTP/1.1\r\n" + host + "Content-Type: application/json\r\nContent-Length: 2000000\r\n\r\n") == 413);
  CHECK(status_of("GET /api/v1/jobs?x=1 HTTP/1.1\r\n" + host + "\r\n") == 400);
  CHECK(status_of("GET /api/v1/jobs?%00 HTTP/1.1\r\n" + host + "\r\n") == 400);
  CHECK(status_of("GET /api/v1/jobs HTTP/1.1\r\n" + host + "Content-Length: 1\r\n\r\nx") == 400);
  CHECK(trial.asked() == 0);
}

TEST_CASE("a client that says nothing loses its connection") {
  HttpServerOptions options;
  options.head_timeout = std::chrono::milliseconds(1);
  options.idle_timeout = std::chrono::milliseconds(1);
  HttpTrial trial(std::move(options));
  HttpWire silent(trial.port());
  CHECK(silent.closed());
  HttpWire slow(trial.port());
  slow.send("GET / HT");
  CHECK(slow.closed());
}

TEST_CASE("clients that are in the way make room for one that asks") {
  HttpServerOptions options;
  options.threads = 2;
  options.connections = 8;
  HttpTrial trial(std::move(options));
  std::vector<std::unique_ptr<HttpWire>> slow;
  for (int i = 0; i < 50; ++i) {
    slow.push_back(std::make_unique<HttpWire>(trial.port()));
    slow.back()->send("GET /healthz HTTP/1.1\r\nX: ");
  }
  CHECK(trial.ask("GET", "/api/v1/version").status == 200);
  CHECK(slow.front()->closed());
}

TEST_CASE("a request that makes room for others is told to be tried again") {
  HttpServerOptions options;
  options.threads = 2;
  options.connections = 8;
  HttpTrial trial(std::move(options));
  std::vector<std::unique_ptr<HttpWire>> slow;
  for (int i = 0; i < 2; ++i) slow.push_back(slow_request(trial, "/api/v1/jobs/1/cancel", "application/json", 2));  // on both threads
  std::vector<std::unique_ptr<HttpWire>> behind;
  for (int i = 0; i < 6; ++i) {
    behind.push_back(std::make_unique<HttpWire>(trial.port()));
    behind.back()->send(text_of(WireRequest{.path = "/api/v1/version"}));
  }
  CHECK(trial.ask("GET", "/livez").status == 200);  // on a thread of its own, and one connection too many
  for (const auto& wire : slow) wire->send("{}");
  int turned_away = 0;
  for (const auto& wire : behind) {
    const auto reply = wire->receive();
    REQUIRE(reply);
    if (reply->status == 200) continue;
    ++turned_away;
    CHECK(reply->status == 503);
    CHECK(reply->headers.at("retry-after") == "1");
    CHECK(error_of(*reply) == "this node has more connections than it can serve; try again");
    CHECK(wire->closed());
  }
  CHECK(turned_away == 1);
}

TEST_CASE("the port is one that was free, and one that is taken is said") {
  HttpTrial trial;
  HttpServerOptions options;
  options.address = "127.0.0.1:" + std::to_string(trial.port());
  const auto second = HttpServer::start(std::move(options));
  REQUIRE_FALSE(second);
  CHECK(second.error().message.find("cannot listen at 127.0.0.1:") == 0);
  for (const std::string wrong : {"", "7071", ":", "127.0.0.1:", "127.0.0.1:-1", "127.0.0.1:http", "127.0.0.1:99999", "no.such.host.invalid:1"}) {
    CAPTURE(wrong);
    HttpServerOptions bad;
    bad.address = wrong;
    CHECK_FALSE(HttpServer::start(std::move(bad)));
  }
}

TEST_CASE("over TLS only those with the token or the right certificate get in") {
  const Authority authority;
  const Authority other;
  const testing::WireTls node = authority.sign("node");
  const testing::WireTls none{authority.ca(), {}, {}};
  const testing::WireTls right = authority.sign("client");
  testing::WireTls wrong = other.sign("stranger");
  wrong.ca = authority.ca();
  const auto answered = [](std::uint16_t port, const std::optional<testing::WireTls>& tls, const std::string& headers = "") {
    HttpWire wire(port, tls);
    wire.send(text_of(WireRequest{.path = "/api/v1/version", .headers = headers}));
    const auto reply = wire.receive();
    return reply ? reply->status : 0;
  };
  HttpServerOptions options;
  options.certificate = node.certificate;
  options.key = node.key;
  options.ca = authority.ca();

  SUBCASE("certificates alone") {
    HttpTrial trial(options);
    CHECK(answered(trial.port(), right, "Host: node-a.example\r\n") == 200);
    CHECK(answered(trial.port(), none) == 0);
    CHECK(answered(trial.port(), wrong) == 0);
    CHECK(answered(trial.port(), {}) == 0);  // not TLS
    CHECK(trial.asked() == 1);
  }
  SUBCASE("a token") {
    options.routes.token = "correct-horse-battery";
    HttpTrial trial(options);
    const std::string token = "Authorization: Bearer correct-horse-battery\r\n";
    CHECK(answered(trial.port(), none, token) == 200);
    CHECK(answered(trial.port(), none) == 401);
    CHECK(answered(trial.port(), right, token) == 200);
    CHECK(answered(trial.port(), wrong, token) == 0);
    HttpWire wire(trial.port(), none);
    const std::string body = fake_bundle() + std::string(1'000'000, 'x');
    wire.send(text_of(WireRequest{.method = "POST", .path = "/api/v1/bundles", .body = body, .type = "application/octet-stream", .headers = token}));
    CHECK(wire.receive()->status == 201);
    wire.send(text_of(WireRequest{.path = "/api/v1/version", .headers = token}));
    CHECK(wire.receive()->status == 200);
  }
}

TEST_CASE("files for TLS that are not what they should be are named") {
  const Authority authority;
  const testing::WireTls one = authority.sign("one");
  const testing::WireTls two = authority.sign("two");
  const auto error = [](const std::filesystem::path& certificate, const std::filesystem::path& key, const std::filesystem::path& ca) {
    HttpServerOptions options;
    options.address = "127.0.0.1:0";
    options.certificate = certificate;
    options.key = key;
    options.ca = ca;
    const auto started = HttpServer::start(std::move(options));
    return started ? "" : started.error().message;
  };
  CHECK(error(one.certificate, one.key, authority.ca()) == "");
  CHECK(error("/nowhere/none.pem", one.key, "").find("none.pem") != std::string::npos);
  CHECK(error(one.certificate, two.key, "").find("two.key") != std::string::npos);
  CHECK(error(one.key, one.key, "").find("one.key") != std::string::npos);
  CHECK(error(one.certificate, one.key, one.key).find("one.key") != std::string::npos);
  CHECK(error("", one.key, "") != "");
}

}  // namespace
}  // namespace weir
