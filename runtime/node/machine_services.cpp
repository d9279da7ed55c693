#include <weir/node/machine_services.hpp>

#include <spdlog/logger.h>

#include <weir/base/machine_secret.hpp>

namespace weir {

Result<std::unique_ptr<MachineServices>> MachineServices::open(MachineServicesOptions options) {
  auto bundles = BundleStore::open(options.data / "bundles");
  if (!bundles) return bundles.error();
  return std::unique_ptr<MachineServices>(new MachineServices(std::move(options), std::move(bundles).or_throw()));
}

MachineServices::MachineServices(MachineServicesOptions options, BundleStore bundles)
    : options_(std::move(options)), bundles_(std::move(bundles)), workers_(WorkerProcessesOptions{options_.data / "logs", options_.worker_memory_bytes, options_.ended}) {}

void MachineServices::start_worker(JobId job, std::uint64_t attempt, const std::string& name) {
  if (const auto secret = machine_secret(); !secret) options_.log->error("{}", secret.error().message);  // which the worker needs
  std::vector<std::string> command = options_.worker;
  for (const std::string& word : {std::string("--job"), std::to_string(job), std::string("--attempt"), std::to_string(attempt)}) command.push_back(word);
  options_.log->info("job {} ({}): starting a worker for attempt {}", job, name, attempt);
  workers_.start(job, attempt, std::move(command));
}

void MachineServices::kill_worker(JobId job, std::uint64_t attempt, const std::string& why) {
  workers_.kill(job, attempt, why);
}

Result<void> MachineServices::keep_bundle(const std::string& sha256, std::string_view bytes) {
  bool given = false;
  const BundlePieces whole = [&]() -> Result<std::optional<std::string>> {
    if (std::exchange(given, true)) return std::optional<std::string>();
    return std::optional<std::string>(bytes);
  };
  auto kept = bundles_.put(whole, {.expected = sha256});
  if (!kept) return kept.error();
  return {};
}

void MachineServices::forget_bundles(const std::set<std::string>& wanted) {
  constexpr std::chrono::hours kLately{24};
  for (const std::string& id : bundles_.remove_others(wanted, kLately)) options_.log->info("bundle {} is removed: no job has it any more", id);
}

void MachineServices::log(Level level, const std::string& line) {
  switch (level) {
    case Level::Debug: return options_.log->debug("{}", line);
    case Level::Info: return options_.log->info("{}", line);
    case Level::Warning: return options_.log->warn("{}", line);
    case Level::Error: return options_.log->error("{}", line);
  }
}

}  // namespace weir
