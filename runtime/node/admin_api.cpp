#include <weir/node/admin_api.hpp>

#include <cerrno>
#include <cstring>
#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include <weir/base/clock.hpp>
#include <weir/base/exception_text.hpp>
#include <weir/base/http_status.hpp>
#include <weir/base/version.hpp>
#include <weir/node/api_types.hpp>
#include <weir/node/cluster_metrics.hpp>
#include <weir/node/job_view.hpp>

namespace weir {
namespace {

constexpr std::size_t kLongestName = 200;   // bytes; of jobs and tokens, which are shown in tables
constexpr Duration kCheckpointInterval{10'000};  // of a job that names none: without checkpoints it could not go on elsewhere
constexpr std::size_t kLongestPath = 4000;  // bytes; Linux takes 4096

struct Asked {
  const std::shared_ptr<AdminCall>& call;
  ClusterControl& control;
  ProcessingTime now;
  std::uint64_t id = 0;  // that the path names: a job's, or a node's
};

void refuse(const std::shared_ptr<AdminCall>& call, std::uint32_t status, std::string why) {
  call->answer(status, api::to_json(api::ErrorInfo{std::move(why)}));
}

template <class T>
void answer(const Asked& asked, const T& content, std::uint32_t status = http::kOk) {
  asked.call->answer(status, api::to_json(content));
}

const JobRecord* find_job(const Asked& asked) {
  const JobRecord* job = asked.control.state().job(asked.id);
  if (job == nullptr) refuse(asked.call, http::kNotFound, "there is no job " + std::to_string(asked.id));
  return job;
}

/// A text that becomes a line for people, or part of one.
bool is_line(const std::string& text, std::size_t longest) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; };
  return text.size() <= longest && std::none_of(text.begin(), text.end(), control);
}

Result<void> check_path(const std::string& field, const std::string& path) {
  if (is_line(path, kLongestPath) && std::filesystem::path(path).is_absolute()) return {};
  return Error{field + ": an absolute path of at most " + std::to_string(kLongestPath) + " bytes is wanted; every node is to reach it"};
}

Result<void> check_line(const std::string& field, const std::string& text) {
  if (!text.empty() && is_line(text, kLongestName)) return {};
  return Error{field + ": 1 to " + std::to_string(kLongestName) + " bytes without control characters are wanted"};
}

std::optional<Duration> milliseconds(const std::optional<std::uint32_t>& number) {
  return number ? std::optional<Duration>(*number) : std::nullopt;
}

RestartOptions restart_options(const api::RestartRequest& request) {
  RestartOptions options;
  options.attempts = request.attempts.value_or(options.attempts);
  options.in_vain = request.in_vain.value_or(options.in_vain);
  options.first_delay = milliseconds(request.first_delay_ms).value_or(options.first_delay);
  options.longest_delay = milliseconds(request.longest_delay_ms).value_or(options.longest_delay);
  options.factor = request.factor.value_or(options.factor);
  return options;
}

void refuse_command(const std::shared_ptr<AdminCall>& call, const NotApplied& why) {
  if (why.fate == NotApplied::Fate::Refused) return refuse(call, http::kConflict, why.message);
  refuse(call, http::kNoAnswer, "it may have been done or not; look, and try again: " + why.message);
}

/// Logs the command and answers with the job as it then is.
void propose(const Asked& asked, ClusterCommand command, std::uint32_t if_changed, std::uint32_t if_so_already) {
  asked.control.propose(std::move(command), [call = asked.call, control = &asked.control, if_changed, if_so_already](const Logged& applied) {
    if (!applied) return refuse_command(call, applied.error());
    const std::uint32_t status = applied->effect == Applied::Effect::Changed ? if_changed : if_so_already;
    const JobRecord* job = control->state().job(applied->job);
    if (job == nullptr) return call->answer(http::kNoContent, "");
    call->answer(status, api::to_json(job_info(*job, control->live(job->id))));
  });
}

void get_version(const Asked& asked) { answer(asked, api::VersionInfo{kVersion}); }

void get_nodes(const Asked& asked) { answer(asked, node_list(asked.control)); }

void get_jobs(const Asked& asked) {
  api::JobList list;
  for (const auto& [id, record] : asked.control.state().jobs()) list.jobs.push_back(job_info(record, asked.control.live(id)));
  answer(asked, list);
}

void get_job(const Asked& asked) {
  if (const JobRecord* job = find_job(asked)) answer(asked, job_info(*job, asked.control.live(asked.id)));
}

void get_plan(const Asked& asked) {
  if (find_job(asked)) answer(asked, plan_info(asked.control.live(asked.id)));
}

void get_tasks(const Asked& asked) {
  if (find_job(asked)) answer(asked, task_list(asked.control.live(asked.id), asked.control));
}

void get_checkpoints(const Asked& asked) {
  if (const JobRecord* job = find_job(asked)) answer(asked, checkpoint_list(*job, asked.control.live(asked.id)));
}

void get_metrics(const Asked& asked) { asked.call->answer(http::kOk, cluster_metrics(asked.control, asked.now)); }

void submit(const Asked& asked) {
  const auto request = api::from_json<api::SubmitRequest>(asked.call->body, api::UnknownFields::Refuse);
  if (!request) return refuse(asked.call, http::kBadRequest, request.error().message);
  auto spec = job_spec(*request);
  if (!spec) return refuse(asked.call, http::kBadRequest, spec.error().message);
  propose(asked, command::Submit{std::move(*spec), request->token.value_or(""), asked.now.ms}, http::kCreated, http::kOk);
}

void wish(const Asked& asked, JobWish wish, std::string savepoint = {}) {
  propose(asked, command::Wish{asked.id, wish, std::move(savepoint)}, http::kAccepted, http::kAccepted);
}

/// A body where none is wanted is a request that was meant for something else.
void wish_without_body(const Asked& asked, JobWish wanted) {
  const std::string& body = asked.call->body;
  if (!body.empty() && body != "{}") return refuse(asked.call, http::kBadRequest, "no body is wanted, or {}");
  if (find_job(asked)) wish(asked, wanted);
}

void cancel(const Asked& asked) { wish_without_body(asked, JobWish::Cancel); }
void stop(const Asked& asked) { wish_without_body(asked, JobWish::Stop); }

bool is_mount_point(const std::filesystem::path& directory) {
  struct stat own {};
  struct stat parent {};
  return ::stat(directory.c_str(), &own) == 0 && ::stat((directory / "..").c_str(), &parent) == 0 && own.st_dev != parent.st_dev;
}

/// Before the job is stopped for it.
Result<void> check_can_be_made(const std::filesystem::path& directory) {
  constexpr std::size_t kLongestDirectory = 200;  // bytes of its own name; it is written beside under a longer one
  std::error_code error;
  if (directory.filename().string().size() > kLongestDirectory) return Error{"the name of the directory is longer than " + std::to_string(kLongestDirectory) + " bytes"};
  if (std::filesystem::is_symlink(directory, error)) return Error{directory.string() + " is a link; name a directory that does not exist yet"};
  const bool there = std::filesystem::exists(directory, error);  // empty; it is replaced, which something mounted cannot be
  if (there && is_mount_point(directory)) return Error{directory.string() + " is a mount point; name a directory in it"};
  const bool made = std::filesystem::create_directories(directory, error);
  const bool usable = !error && ::access(directory.c_str(), W_OK | X_OK) == 0;
  const std::string why = error ? error.message() : std::strerror(errno);
  if (made) std::filesystem::remove(directory, error);  // it appears there whole, or not at all
  return usable ? Result<void>() : Error{directory.string() + " cannot be written on the leader's node: " + why};
}

/// Answers when it is written: nobody has to be stopped for it.
void export_savepoint(const Asked& asked, const std::string& directory) {
  const auto done = [call = asked.call, control = &asked.control, id = asked.id, directory](const Result<void>& written) {
    if (!written) return refuse(call, http::kConflict, "no savepoint was written: " + written.error().message);
    const JobRecord* job = control->state().job(id);
    if (job == nullptr) return refuse(call, http::kNotFound, "there is no job " + std::to_string(id));
    api::JobInfo info = job_info(*job, control->live(id));
    info.savepoint = directory;
    call->answer(http::kOk, api::to_json(info));
  };
  asked.control.export_savepoint(asked.id, directory, done);
}

void savepoint(const Asked& asked) {
  auto request = api::from_json<api::SavepointRequest>(asked.call->body, api::UnknownFields::Refuse);
  if (!request) return refuse(asked.call, http::kBadRequest, request.error().message);
  if (const auto right = check_path("directory", request->directory); !right) return refuse(asked.call, http::kBadRequest, right.error().message);
  std::error_code error;
  const bool taken = std::filesystem::exists(request->directory, error) && !std::filesystem::is_empty(request->directory, error);
  if (taken) return refuse(asked.call, http::kConflict, request->directory + " exists already; name one that does not");
  const JobRecord* job = find_job(asked);
  if (job == nullptr) return;
  if (const auto can = check_can_be_made(request->directory); !can) return refuse(asked.call, http::kConflict, can.error().message);
  if (job->ended()) return export_savepoint(asked, request->directory);
  wish(asked, JobWish::Savepoint, std::move(request->directory));
}

void forget(const Asked& asked) {
  if (find_job(asked)) propose(asked, command::ForgetJob{asked.id}, http::kNoContent, http::kNoContent);
}

/// A node of which nobody has heard for long, and that will not be back; one that is there would be a member again at once.
void forget_node(const Asked& asked) {
  const auto nodes = node_list(asked.control).nodes;
  const auto node = std::find_if(nodes.begin(), nodes.end(), [&](const api::NodeInfo& one) { return one.id == text_of_node(asked.id); });
  if (node == nodes.end()) return refuse(asked.call, http::kNotFound, "there is no node " + text_of_node(asked.id));
  const bool gone = node->status == "away" || node->status == "left";
  if (!gone) return refuse(asked.call, http::kConflict, "node '" + node->name + "' is " + node->status + "; end it first");
  propose(asked, command::ForgetNode{asked.id}, http::kNoContent, http::kNoContent);
}

struct Route {
  std::string_view method;
  std::string_view path;  // "{id}" stands for a job's number, "{node}" for a node's id
  void (*act)(const Asked&);
};

constexpr std::array kRoutes = {
    Route{"GET", "/api/v1/version", get_version},
    Route{"GET", "/api/v1/nodes", get_nodes},
    Route{"GET", "/api/v1/jobs", get_jobs},
    Route{"POST", "/api/v1/jobs", submit},
    Route{"GET", "/api/v1/jobs/{id}", get_job},
    Route{"DELETE", "/api/v1/jobs/{id}", forget},
    Route{"DELETE", "/api/v1/nodes/{node}", forget_node},
    Route{"GET", "/api/v1/jobs/{id}/plan", get_plan},
    Route{"GET", "/api/v1/jobs/{id}/tasks", get_tasks},
    Route{"GET", "/api/v1/jobs/{id}/checkpoints", get_checkpoints},
    Route{"POST", "/api/v1/jobs/{id}/cancel", cancel},
    Route{"POST", "/api/v1/jobs/{id}/stop", stop},
    Route{"POST", "/api/v1/jobs/{id}/savepoint", savepoint},
    Route{"GET", kMetricsPath, get_metrics},
};

/// As text_of_node() makes it.
std::optional<ClusterNodeId> parse_node_id(std::string_view text) {
  ClusterNodeId id = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), id, 16);
  const bool whole = end.ec == std::errc() && end.ptr == text.data() + text.size();
  return whole && text == text_of_node(id) ? std::optional(id) : std::nullopt;
}

/// Whether the path is the pattern's; then with what is in the place of "{id}" or "{node}", or 0.
std::optional<std::uint64_t> match(std::string_view pattern, std::string_view path) {
  const std::size_t place = pattern.find('{');
  if (place == std::string_view::npos) return pattern == path ? std::optional<std::uint64_t>(0) : std::nullopt;
  if (path.substr(0, place) != pattern.substr(0, place)) return {};
  const std::string_view after = pattern.substr(pattern.find('}') + 1);
  const std::string_view rest = path.substr(place);
  const std::string_view segment = rest.substr(0, rest.find('/'));
  if (rest.substr(segment.size()) != after) return {};
  const bool of_node = pattern.substr(place).starts_with("{node}");
  return of_node ? parse_node_id(segment) : parse_job_id(segment);
}

void route(Asked asked) {
  std::string methods;  // that the path has
  for (const Route& one : kRoutes) {
    const auto id = match(one.path, asked.call->path);
    if (!id) continue;
    asked.id = *id;
    if (one.method == asked.call->method) return one.act(asked);
    methods += (methods.empty() ? "" : ", ") + std::string(one.method);
  }
  if (methods.empty()) return refuse(asked.call, http::kNotFound, "there is no such path");
  refuse(asked.call, http::kWrongMethod, "the path takes " + methods);
}

}  // namespace

std::optional<JobId> parse_job_id(std::string_view text) {
  if (text.size() > 1 && text.front() == '0') return {};
  JobId id = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), id);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size()) return {};
  return id;
}

Result<JobSpec> job_spec(const api::SubmitRequest& request) {
  if (const auto right = check_line("name", request.name.value_or("")); !right) return right.error();
  if (request.from_savepoint) {
    if (const auto right = check_path("from_savepoint", *request.from_savepoint); !right) return right.error();
  }
  if (request.token) {
    if (const auto right = check_line("token", *request.token); !right) return right.error();
  }
  if (request.retained && (*request.retained == 0 || *request.retained > kMostRetained)) {
    return Error{"retained: 1 to " + std::to_string(kMostRetained) + " checkpoints can be kept, not " + std::to_string(*request.retained)};
  }
  if (request.restart.attempts && *request.restart.attempts == 0) return Error{"restart.attempts: 1 is the least: the first try counts"};
  JobSpec spec;
  spec.name = *request.name;
  spec.bundle = request.bundle;
  spec.options = request.options;
  spec.parallelism = request.parallelism.value_or(spec.parallelism);
  spec.key_groups = request.key_groups.value_or(spec.key_groups);
  spec.checkpoint_interval = milliseconds(request.checkpoint_interval_ms).value_or(kCheckpointInterval);
  spec.restart = restart_options(request.restart);
  spec.alignment_limit = milliseconds(request.alignment_limit_ms).value_or(spec.alignment_limit);
  spec.retained = request.retained.value_or(spec.retained);
  spec.replication = request.replication.value_or(spec.replication);
  spec.from_savepoint = request.from_savepoint.value_or("");
  spec.writes = request.writes;
  if (const auto right = check(spec); !right) return right.error();
  return spec;
}

void answer_admin_call(const std::shared_ptr<AdminCall>& call, ClusterControl& control) {
  answer_admin_call_at(call, control, SystemClock().now());
}

void answer_admin_call_at(const std::shared_ptr<AdminCall>& call, ClusterControl& control, ProcessingTime now) {
  try {
    route({call, control, now});
  } catch (...) {
    refuse(call, http::kOurFault, current_exception_text());
  }
}

}  // namespace weir
