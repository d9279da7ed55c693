// What the daemon's HTTP port answers, without HTTP: a request is a method, a path and a body, whatever carried it. What concerns
// the cluster is asked of its leader, and what a job printed of all nodes; bundles and this node's health are answered here.
//
//   /healthz  /livez  /metrics  /api/v1/openapi.json  /api/v1/bundles  /api/v1/bundles/{sha256}      here
//   /api/v1/jobs/{id}/logs                                                                           here, and all other nodes
//   /api/v1/...                                                                                      the leader
//
// Who may ask: with a token, who has it, for everything but /healthz and /livez. Without one this machine's users, but not the pages that
// their browsers show: a request that a page of another origin sent is refused, and so is a name that is not this machine's.
//
// Any thread, several at once. Nothing is thrown.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <semaphore>
#include <set>
#include <string>
#include <string_view>

#include <weir/actors/admin_call.hpp>
#include <weir/actors/log_call.hpp>
#include <weir/base/result.hpp>
#include <weir/node/api_types.hpp>
#include <weir/node/bundle.hpp>
#include <weir/node/bundle_store.hpp>
#include <weir/node/http_head.hpp>
#include <weir/node/job_check.hpp>

namespace weir {

struct HttpRoutesOptions {
  std::string token;  // empty: none is asked for
  /// What this machine may be called in a request, where there is no token. Over TLS its certificate vouches for its name.
  enum class Names : std::uint8_t { Local, Any } names = Names::Local;
  std::string node;   // this one's name
  std::filesystem::path logs;                            // of workers: <job>-<attempt>.log
  const BundleStore* bundles = nullptr;                  // outlives the routes
  std::function<void(std::shared_ptr<AdminCall>)> ask;   // the leader
  std::function<void(std::shared_ptr<LogCall>)> gather_logs = {};  // of the other nodes; none: there are no others
  /// What a job does not say, this node's settings do.
  api::SubmitRequest defaults = {};
  /// Whether a job can be made of a bundle and options; an Error says why not. May take a while.
  std::function<Result<CheckedJob>(const std::filesystem::path& bundle, const api::SubmitRequest&)> check;
  std::uint64_t most_bundle_bytes = std::uint64_t{256} << 20;  // with debug information they are tens of megabytes
  std::size_t most_uploads = 8;                          // at once: each holds a thread for as long as its client takes; HttpServer sets it
  std::chrono::milliseconds answer_timeout{30'000};      // for the leader
  std::chrono::milliseconds health_timeout{2'000};
  std::chrono::milliseconds savepoint_timeout{100'000};  // for the leader to write one of a job that has ended; clients wait longer
  std::chrono::milliseconds logs_timeout{10'000};        // for the other nodes' logs; whoever gathers them has less patience
};

struct HttpRequest {
  std::string method;
  std::string path;                          // decoded
  std::multimap<std::string, std::string> query;
  HttpHead head;
  BundlePieces body;                         // the pieces of the head's body_bytes
};

struct HttpAnswer {
  std::uint32_t status = 200;
  std::string body;
  std::string type = "application/json";
  std::optional<std::chrono::seconds> retry_after = {};  // told to the client
};

/// What watches a node asks here, at any time and often.
constexpr std::array<std::string_view, 3> kProbePaths = {"/livez", "/healthz", "/metrics"};
bool is_probe(const std::string& path);

/// Whether a body sent to this path may be large, and take its time.
bool is_upload(const std::string& path);

/// An error as the API has it.
HttpAnswer http_error(std::uint32_t status, std::string why);

class HttpRoutes {
 public:
  explicit HttpRoutes(HttpRoutesOptions options);

  HttpAnswer answer(const HttpRequest& request);
  /// Whoever waits for the leader waits no longer, now and from now on.
  void stop();

 private:
  struct Asked;

  Result<BundleMark> mark_of(const std::filesystem::path& file);

  HttpAnswer route(const HttpRequest& request);
  std::optional<HttpAnswer> refuse_stranger(const HttpRequest& request) const;
  HttpAnswer health();
  HttpAnswer metrics();
  HttpAnswer logs(JobId job, const std::multimap<std::string, std::string>& query);
  HttpAnswer upload(const HttpRequest& request);
  HttpAnswer store(const HttpRequest& request);
  HttpAnswer bundle(const std::string& id);
  HttpAnswer submit(std::string body);
  HttpAnswer to_leader(const HttpRequest& request);
  static HttpAnswer stopping();
  std::shared_ptr<Asked> begin_asking();
  void await(Asked& asked, std::chrono::milliseconds timeout);
  HttpAnswer ask(const std::string& method, const std::string& path, std::string body, std::chrono::milliseconds timeout);

  const HttpRoutesOptions options_;
  std::mutex mutex_;
  bool stopping_ = false;
  std::set<Asked*> pending_;  // each owned by its call, which takes it out before it ends

  std::counting_semaphore<> uploads_;  // those that may still begin
  std::mutex bundle_mutex_;  // a bundle lies in memory while its mark is looked for: one at a time
  std::mutex health_mutex_;  // one asks, the others wait for what it finds
  std::optional<std::pair<std::chrono::steady_clock::time_point, HttpAnswer>> health_;
};

}  // namespace weir
