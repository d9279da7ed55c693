#include <weir/node/embedded_run.hpp>

#include <atomic>
#include <csignal>
#include <memory>

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <weir/base/version.hpp>
#include <weir/node/progress_report.hpp>

namespace weir {
namespace {

constexpr Duration kLook{100};  // between two looks at the job

std::atomic<int> interrupts{0};  // signal handlers reach nothing else

void on_interrupt(int) { interrupts.fetch_add(1); }

/// Catches SIGINT and SIGTERM for as long as it lives.
class InterruptGuard {
 public:
  InterruptGuard() {
    interrupts = 0;
    struct sigaction action {};
    action.sa_handler = on_interrupt;
    sigaction(SIGINT, &action, &old_int_);
    sigaction(SIGTERM, &action, &old_term_);
  }
  ~InterruptGuard() {
    sigaction(SIGINT, &old_int_, nullptr);
    sigaction(SIGTERM, &old_term_, nullptr);
  }
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  struct sigaction old_int_ {};
  struct sigaction old_term_ {};
};

/// Lines on standard error: "word_count: warning: ...".
std::shared_ptr<spdlog::logger> make_log(const std::string& job, const RunOptions& options) {
  auto log = std::make_shared<spdlog::logger>(job, std::make_shared<spdlog::sinks::stderr_sink_mt>());
  log->set_pattern("%n: %l: %v");
  log->set_level(options.quiet ? spdlog::level::warn : spdlog::level::info);
  return log;
}

std::unique_ptr<CheckpointStore> open_store(const Plan& plan, const RunOptions& options, spdlog::logger& log) {
  if (options.state_dir.empty()) return nullptr;
  const StoreOptions opening{.job = plan.graph.name, .weir_version = kVersion, .limit_bytes = options.state_limit_bytes};
  auto store = CheckpointStore::open(options.state_dir, opening).or_throw();
  if (options.resume) {
    if (store->checkpoints().empty() && options.from_savepoint.empty()) {
      log.info("{} holds no checkpoint yet; starting from the beginning", options.state_dir.string());
    }
    return store;
  }
  if (!store->checkpoints().empty()) {
    log.info("starting over; the checkpoints in {} are dropped (--resume would continue from them)", options.state_dir.string());
  }
  store->clear().or_throw();
  return store;
}

/// A job may run for days before its savepoint is written: a place that is taken, or cannot be written, is found out before.
void require_free(const std::filesystem::path& savepoint) {
  if (savepoint.empty()) return;
  std::error_code error;
  if (std::filesystem::is_directory(savepoint, error) && std::filesystem::is_empty(savepoint, error)) return;
  if (std::filesystem::exists(savepoint, error)) {
    throw Failure("the savepoint cannot be written to " + savepoint.string() + ": it exists already; name a directory that does not");
  }
  std::filesystem::create_directories(savepoint, error);
  if (error) throw Failure("the savepoint cannot be written to " + savepoint.string() + ": " + error.message());
  std::filesystem::remove(savepoint, error);
}

void write_savepoint(CheckpointId checkpoint, const std::string& job, const RunOptions& options) {
  if (checkpoint == 0) throw Failure("no savepoint was written: the job failed while it was to stop; stop it again after --resume");
  const StoreOptions opening{.job = job, .weir_version = kVersion, .access = StoreAccess::ReadOnly};
  auto store = CheckpointStore::open(options.state_dir, opening).or_throw();
  store->export_savepoint(store->manifest(checkpoint).or_throw(), options.savepoint).or_throw();
}

int report(const JobOutcome& outcome, const RunOptions& options, spdlog::logger& log) {
  switch (outcome.state) {
    case JobOutcome::State::Failed:
      log.error("{}", outcome.message);
      return 1;
    case JobOutcome::State::Stopped:
      if (!options.state_dir.empty()) log.info("stopped; --resume continues from here");
      break;
    case JobOutcome::State::Finished: break;
  }
  return 0;
}

}  // namespace

int run_embedded(Plan plan, RunOptions options) {
  const std::string name = plan.graph.name;
  const InterruptGuard guard;
  require_free(options.savepoint);
  const auto log = make_log(name, options);
  auto store = open_store(plan, options, *log);
  if (!options.from_savepoint.empty()) options.job.savepoint = options.from_savepoint;
  if (!options.savepoint.empty()) options.job.last_checkpoint = ManifestKind::Savepoint;
  options.job.warn = [log](const std::string& text) { log->warn("{}", text); };

  std::optional<JobOutcome> outcome;
  {
    EmbeddedJob job(std::move(plan), options.job, std::move(store));
    ProgressReport progress(job, options.quiet ? ProgressReport::Show::Nothing : ProgressReport::Show::OnTerminal);
    int seen = 0;
    while (!(outcome = job.wait_for(kLook))) {
      progress.update();
      if (interrupts > seen) {
        seen = interrupts;
        if (seen > 1) std::_Exit(130);  // asked twice: at once; what is stored stays
        job.stop();
      }
    }
    progress.finish(outcome->state);
    if (!options.stats.empty()) progress.write(options.stats);
  }
  if (outcome->state != JobOutcome::State::Failed && !options.savepoint.empty()) write_savepoint(outcome->ended_with, name, options);
  return report(*outcome, options, *log);
}

}  // namespace weir
