#include <weir/node/job_check.hpp>

#include <chrono>
#include <cstring>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <weir/node/exit_status.hpp>
#include <weir/node/run_program.hpp>

namespace weir {
namespace {

constexpr std::chrono::seconds kLimit(20);
constexpr std::string_view kError = "error: ";

/// What the process printed may have lines of the job's own around it.
CheckedJob checked(const std::string& printed) {
  const std::size_t begin = printed.starts_with("{\n") ? 0 : printed.rfind("\n{\n");
  const std::size_t end = printed.rfind("\n}\n");
  if (begin == std::string::npos || end == std::string::npos || end < begin) return {};
  const auto json = nlohmann::json::parse(printed.substr(begin, end + 3 - begin), nullptr, false);
  if (!json.is_object() || !json.contains("writes")) return {};
  return {json["writes"].get<std::vector<std::string>>()};
}

std::string how_it_ended(const ProgramRun& run, const std::string& program) {
  if (run.signal != 0) return "was killed by signal " + std::to_string(run.signal) + " (" + ::strsignal(run.signal) + ")";
  if (run.status == kNotStarted) return "could not be started: " + program;
  return "ended with status " + std::to_string(run.status);
}

}  // namespace

Result<CheckedJob> check_job(const JobCheckOptions& options, const std::filesystem::path& bundle, const api::SubmitRequest& request) {
  std::vector<std::string> command{options.program, "worker", "--describe", bundle.string(), "--parallelism", std::to_string(request.parallelism.value_or(1))};
  if (request.key_groups) command.insert(command.end(), {"--key-groups", std::to_string(*request.key_groups)});
  for (const auto& [name, value] : request.options) command.insert(command.end(), {"--set", name + "=" + value});
  const auto run = run_program(command, {.time = kLimit, .memory_bytes = options.memory_bytes});
  if (!run) return Error{"the process that reads the bundle: " + run.error().message};
  if (run->status == 0) return checked(run->output);
  const std::size_t error = run->output.rfind(kError);
  if (run->status == kMisused && error != std::string::npos) {
    const std::size_t text = error + kError.size();
    return Error{run->output.substr(text, run->output.find('\n', text) - text)};
  }
  return Error{"the process that reads the bundle " + how_it_ended(*run, options.program)};
}

}  // namespace weir
