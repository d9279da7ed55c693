#include <weir/node/http_routes.hpp>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <tuple>

#include <weir/base/exception_text.hpp>
#include <weir/base/http_status.hpp>
#include <weir/node/admin_api.hpp>
#include <weir/node/api_types.hpp>
#include <weir/node/openapi.hpp>
#include <weir/node/request_origin.hpp>
#include <weir/node/sha256.hpp>
#include <weir/node/worker_log.hpp>

namespace weir {
namespace {

constexpr std::string_view kApi = "/api/v1/";
constexpr std::string_view kBundles = "/api/v1/bundles";
constexpr std::string_view kJobs = "/api/v1/jobs";
constexpr std::string_view kLogs = "/logs";
constexpr const char* kText = "text/plain; charset=utf-8";
constexpr const char* kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

constexpr std::uint64_t kMostJsonBytes = 1 << 20;
constexpr std::chrono::seconds kHealthAge{1};  // an answer is given again for so long: anyone may ask
constexpr std::chrono::seconds kUploadRetry{5};  // most bundles are there by then

template <class T>
HttpAnswer with(std::uint32_t status, const T& content) {
  return {status, api::to_json(content)};
}

bool has_type(const HttpHead& head, std::string_view type) {
  const std::string_view found = std::string_view(head.content_type).substr(0, head.content_type.find(';'));
  const auto same = [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b); };
  return found.size() >= type.size() && std::equal(type.begin(), type.end(), found.begin(), same) && found.find_first_not_of(' ', type.size()) == found.npos;
}

/// A number without sign or leading zeros from 1 to `most`.
std::optional<std::uint64_t> number(std::string_view text, std::uint64_t most) {
  const auto value = parse_job_id(text);
  return value && *value > 0 && *value <= most ? value : std::nullopt;
}

Result<wire::ReadWorkerLogs> wanted_logs(const std::multimap<std::string, std::string>& query) {
  wire::ReadWorkerLogs wanted;
  wanted.bytes = kMostLogBytes;
  for (const auto& [name, text] : query) {
    const auto value = number(text, name == "lines" ? kMostLogLines : std::uint64_t{1} << 62);
    if (name != "lines" && name != "attempt") return Error{"the path takes lines and attempt, nothing else behind the '?'"};
    if (!value || query.count(name) > 1) {
      const std::string range = name == "lines" ? "from 1 to " + std::to_string(kMostLogLines) : "from 1 on";
      return Error{name + ": one whole number " + range + " is wanted"};
    }
    if (name == "lines") wanted.lines = static_cast<std::uint32_t>(*value);
    else wanted.attempt = *value;
  }
  return wanted;
}

api::LogList log_list(JobId job, GatheredLogs found) {
  api::LogList list{job, {}, std::move(found.silent)};
  for (NodeLogs& node : found.nodes) {
    for (wire::WorkerLog& log : node.logs) {
      api::LogInfo info{node.node, log.attempt, {}, std::move(log.lines)};
      if (!log.ended.empty()) info.ended = std::move(log.ended);
      list.logs.push_back(std::move(info));
    }
  }
  const auto earlier = [](const api::LogInfo& a, const api::LogInfo& b) {
    return std::tie(a.attempt, a.node) < std::tie(b.attempt, b.node);
  };
  std::stable_sort(list.logs.begin(), list.logs.end(), earlier);
  std::sort(list.silent.begin(), list.silent.end());
  return list;
}

/// The job of "/api/v1/jobs/{id}/logs".
std::optional<JobId> job_of_log(std::string_view path) {
  if (!path.starts_with(kJobs) || !path.ends_with(kLogs) || path.size() <= kJobs.size() + 1 + kLogs.size() || path[kJobs.size()] != '/') return {};
  return parse_job_id(path.substr(kJobs.size() + 1, path.size() - kJobs.size() - 1 - kLogs.size()));
}

/// A message that begins with a file of this node, for who sent that file.
std::string without_file(const std::string& message, const std::filesystem::path& file) {
  return message.starts_with(file.string()) ? "the bundle" + message.substr(file.string().size()) : message;
}

std::uint32_t status_of(BundleError::Fault fault) {
  switch (fault) {
    case BundleError::Fault::Bundle: return http::kBadRequest;
    case BundleError::Fault::NoRoom: return http::kNoRoom;
    case BundleError::Fault::Disk: break;
  }
  return http::kOurFault;
}

/// A place that was acquired, until it is released.
class Acquired {
 public:
  explicit Acquired(std::counting_semaphore<>& places) : places_(places) {}
  ~Acquired() { places_.release(); }
  Acquired(const Acquired&) = delete;
  Acquired& operator=(const Acquired&) = delete;

 private:
  std::counting_semaphore<>& places_;
};

HttpAnswer wrong_method(std::string_view methods) { return http_error(http::kWrongMethod, "the path takes " + std::string(methods)); }

}  // namespace

bool is_probe(const std::string& path) { return std::find(kProbePaths.begin(), kProbePaths.end(), path) != kProbePaths.end(); }

bool is_upload(const std::string& path) { return path == kBundles; }

HttpAnswer http_error(std::uint32_t status, std::string why) { return with(status, api::ErrorInfo{std::move(why)}); }

/// What a call is answered, by whoever comes first: the leader, or the other nodes, or the end of this one.
struct HttpRoutes::Asked {
  std::mutex mutex;
  std::condition_variable answered;
  std::optional<HttpAnswer> answer;
  std::optional<GatheredLogs> logs;
  bool over = false;  // nobody waits any more

  template <class T>
  void take(std::optional<T>& place, T what) {
    const std::lock_guard lock(mutex);
    if (!over && !answer && !logs) place = std::move(what);
    answered.notify_all();
  }
};

HttpRoutes::HttpRoutes(HttpRoutesOptions options) : options_(std::move(options)), uploads_(static_cast<std::ptrdiff_t>(options_.most_uploads)) {}

HttpAnswer HttpRoutes::answer(const HttpRequest& request) {
  try {
    if (auto refused = refuse_stranger(request)) return *refused;
    return route(request);
  } catch (...) {
    return http_error(http::kOurFault, current_exception_text());
  }
}

std::optional<HttpAnswer> HttpRoutes::refuse_stranger(const HttpRequest& request) const {
  if (request.path == "/healthz" || request.path == "/livez") return {};
  if (!is_same_origin(request.head)) return http_error(http::kForbidden, "the request comes from a page of another origin");
  if (options_.token.empty()) {
    if (options_.names == HttpRoutesOptions::Names::Any || is_own_name(request.head.host)) return {};
    return http_error(http::kForbidden, "a node without a token is reached as localhost or by its address, not by another name");
  }
  if (has_token(request.head.authorization, options_.token)) return {};
  return http_error(http::kUnauthorized, "the node's token is wanted: Authorization: Bearer TOKEN");
}

HttpAnswer HttpRoutes::route(const HttpRequest& request) {
  const bool reads = request.method == "GET" || request.method == "HEAD";
  const auto log = job_of_log(request.path);
  if (!log && !request.query.empty()) return http_error(http::kBadRequest, "nothing is wanted behind the '?'");
  const std::string& path = request.path;
  if (is_upload(path)) return request.method == "POST" ? upload(request) : wrong_method("POST");
  if (path == "/healthz") return reads ? health() : wrong_method("GET");
  // To be killed for the want of a leader would help nobody, so this asks nobody.
  if (path == "/livez") return reads ? HttpAnswer{http::kOk, "ok\n", kText} : wrong_method("GET");
  if (path == "/metrics") return reads ? metrics() : wrong_method("GET");
  if (path == "/api/v1/openapi.json") return reads ? HttpAnswer{http::kOk, std::string(openapi_description())} : wrong_method("GET");
  if (log) return reads ? logs(*log, request.query) : wrong_method("GET");
  if (path.starts_with(std::string(kBundles) + '/')) return reads ? bundle(path.substr(kBundles.size() + 1)) : wrong_method("GET");
  if (path.starts_with(kApi)) return to_leader(request);
  return http_error(http::kNotFound, "there is no such path");
}

HttpAnswer HttpRoutes::health() {
  const std::lock_guard lock(health_mutex_);
  const auto now = std::chrono::steady_clock::now();
  if (health_ && now - health_->first < kHealthAge) return health_->second;
  const bool well = ask("GET", "/api/v1/version", "", options_.health_timeout).status == http::kOk;
  health_.emplace(std::chrono::steady_clock::now(), well ? HttpAnswer{http::kOk, "ok\n", kText} : HttpAnswer{http::kUnavailable, "no leader answers\n", kText});
  return health_->second;
}

HttpAnswer HttpRoutes::metrics() {
  HttpAnswer answer = ask("GET", std::string(kMetricsPath), "", options_.answer_timeout);
  if (answer.status == http::kOk) answer.type = kMetricsType;
  return answer;
}

/// Each node reads its own files.
HttpAnswer HttpRoutes::logs(JobId job, const std::multimap<std::string, std::string>& query) {
  const auto wanted = wanted_logs(query);
  if (!wanted) return http_error(http::kBadRequest, wanted.error().message);
  GatheredLogs found;
  if (options_.gather_logs) {
    const auto asked = begin_asking();
    if (!asked) return stopping();
    const auto answer = [asked](GatheredLogs logs) { asked->take(asked->logs, std::move(logs)); };
    options_.gather_logs(std::make_shared<LogCall>(LogCall{job, *wanted, answer}));
    await(*asked, options_.logs_timeout);
    if (asked->answer) return *asked->answer;
    if (!asked->logs) return http_error(http::kNoAnswer, "the other nodes could not be asked in time; try again");
    found = std::move(*asked->logs);
  }
  found.nodes.push_back({options_.node, read_worker_logs(options_.logs, job, *wanted)});
  const api::LogList list = log_list(job, std::move(found));
  if (!list.logs.empty() || !list.silent.empty()) return with(http::kOk, list);
  return http_error(http::kNotFound, "no node has a log of job " + std::to_string(job));
}

Result<BundleMark> HttpRoutes::mark_of(const std::filesystem::path& file) {
  const std::lock_guard lock(bundle_mutex_);
  return read_bundle_mark(file);
}

HttpAnswer HttpRoutes::upload(const HttpRequest& request) {
  if (!has_type(request.head, "application/octet-stream")) return http_error(http::kWrongKind, "a bundle is sent as application/octet-stream");
  if (request.head.body_bytes > options_.most_bundle_bytes) {
    return http_error(http::kTooLarge, "a bundle has at most " + std::to_string(options_.most_bundle_bytes) + " bytes here, not " + std::to_string(request.head.body_bytes));
  }
  if (!uploads_.try_acquire()) {
    HttpAnswer busy = http_error(http::kUnavailable, "this node takes in " + std::to_string(options_.most_uploads) + " bundles at once, and does now; try again");
    busy.retry_after = kUploadRetry;
    return busy;
  }
  const Acquired place(uploads_);
  return store(request);
}

HttpAnswer HttpRoutes::store(const HttpRequest& request) {
  const auto id = options_.bundles->put(request.body, {.expected = {}, .most_bytes = options_.most_bundle_bytes});
  if (!id) return http_error(status_of(id.error().fault), id.error().message);
  const auto file = options_.bundles->path(*id);
  if (!file) return http_error(http::kOurFault, file.error().message);
  const auto mark = mark_of(*file);
  const auto fits = mark ? check_bundle_mark(*mark, own_bundle_mark(mark->job)) : Result<void>(mark.error());
  if (fits) return with(http::kCreated, api::BundleInfo{*id, mark->job, request.head.body_bytes});
  // Under another name nobody sees it again, and nobody can have asked for it: no node would run it.
  if (const auto removed = options_.bundles->remove(*id); !removed) return http_error(http::kOurFault, removed.error().message);
  return http_error(http::kBadRequest, without_file(fits.error().message, *file));
}

HttpAnswer HttpRoutes::bundle(const std::string& id) {
  const auto file = is_sha256(id) ? options_.bundles->path(id) : Result<std::filesystem::path>(Error{"a bundle is named by 64 lower-case hexadecimal digits"});
  if (!file) return http_error(http::kNotFound, file.error().message);
  const auto mark = mark_of(*file);
  const auto bytes = options_.bundles->size(id);
  if (!mark) return http_error(http::kOurFault, mark.error().message);
  if (!bytes) return http_error(http::kNotFound, bytes.error().message);
  return with(http::kOk, api::BundleInfo{id, mark->job, *bytes});
}

HttpAnswer HttpRoutes::to_leader(const HttpRequest& request) {
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  constexpr std::array<std::string_view, 3> kMethods = {"GET", "POST", "DELETE"};
  if (std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end()) return wrong_method("GET, POST or DELETE");
  const std::uint64_t bytes = request.head.body_bytes;
  if (bytes != 0 && method != "POST") return http_error(http::kBadRequest, "no body is wanted");
  if (bytes > kMostJsonBytes) return http_error(http::kTooLarge, "a request has at most " + std::to_string(kMostJsonBytes) + " bytes");
  if (bytes != 0 && !has_type(request.head, "application/json")) return http_error(http::kWrongKind, "a request's body is application/json");
  std::string body;
  while (body.size() < bytes) {
    auto piece = request.body();
    if (!piece) return http_error(http::kBadRequest, piece.error().message);
    if (!*piece) break;
    body += **piece;
  }
  if (request.path == kJobs && method == "POST") return submit(std::move(body));
  const bool writes = method == "POST" && request.path.ends_with("/savepoint");
  return ask(method, request.path, std::move(body), writes ? options_.savepoint_timeout : options_.answer_timeout);
}

/// The leader may not have the bundle, so this node sees to it that there is one, and reads its name.
HttpAnswer HttpRoutes::submit(std::string body) {
  auto request = api::from_json<api::SubmitRequest>(body, api::UnknownFields::Refuse);
  if (!request) return http_error(http::kBadRequest, request.error().message);
  if (!is_sha256(request->bundle)) return http_error(http::kBadRequest, "bundle: 64 lower-case hexadecimal digits are wanted");
  const auto file = options_.bundles->path(request->bundle);
  if (!file) return http_error(http::kBadRequest, "bundle: " + file.error().message + "; upload it to this node first");
  const auto mark = mark_of(*file);
  if (!mark) return http_error(http::kBadRequest, "bundle: " + mark.error().message);
  if (!request->name) request->name = mark->job;
  const api::SubmitRequest& defaults = options_.defaults;
  if (!request->checkpoint_interval_ms) request->checkpoint_interval_ms = defaults.checkpoint_interval_ms;
  if (!request->alignment_limit_ms) request->alignment_limit_ms = defaults.alignment_limit_ms;
  if (!request->retained) request->retained = defaults.retained;
  if (!request->replication) request->replication = defaults.replication;
  if (const auto spec = job_spec(*request); !spec) return http_error(http::kBadRequest, spec.error().message);
  if (options_.check) {
    auto checked = options_.check(*file, *request);
    if (!checked) return http_error(http::kBadRequest, without_file(checked.error().message, *file));
    request->writes = std::move(checked->writes);
  }
  return ask("POST", std::string(kJobs), api::to_json(*request), options_.answer_timeout);
}

HttpAnswer HttpRoutes::stopping() { return http_error(http::kUnavailable, "this node is stopping"); }

/// Null when this node is stopping.
std::shared_ptr<HttpRoutes::Asked> HttpRoutes::begin_asking() {
  // Owned by the call that asks and by the answer, which may come when that is over.
  auto asked = std::make_shared<Asked>();
  const std::lock_guard lock(mutex_);
  if (stopping_) return nullptr;
  pending_.insert(asked.get());
  return asked;
}

/// Once it returns, what was asked changes no more.
void HttpRoutes::await(Asked& asked, std::chrono::milliseconds timeout) {
  std::unique_lock lock(asked.mutex);
  asked.answered.wait_for(lock, timeout, [&] { return asked.answer || asked.logs; });
  asked.over = true;
  lock.unlock();
  const std::lock_guard own(mutex_);
  pending_.erase(&asked);
}

HttpAnswer HttpRoutes::ask(const std::string& method, const std::string& path, std::string body, std::chrono::milliseconds timeout) {
  const auto asked = begin_asking();
  if (!asked) return stopping();
  const auto answer = [asked](std::uint32_t status, std::string text) {
    asked->take(asked->answer, HttpAnswer{status, std::move(text)});
  };
  options_.ask(std::make_shared<AdminCall>(AdminCall{method, path, std::move(body), answer}));
  await(*asked, timeout);
  if (asked->answer) return *asked->answer;
  return http_error(http::kNoAnswer, "the cluster's leader did not answer in time; what was asked for may still happen");
}

void HttpRoutes::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  for (Asked* asked : pending_) asked->take(asked->answer, stopping());
}

}  // namespace weir
