#include <weir/node/embedded_run.hpp>

#include <atomic>
#include <csignal>
#include <memory>
#include <utility>

#include <unistd.h>

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <weir/base/terminal.hpp>
#include <weir/base/version.hpp>
#include <weir/node/exit_status.hpp>
#include <weir/node/output_claims.hpp>
#include <weir/node/output_files.hpp>
#include <weir/node/progress_report.hpp>

namespace weir {
namespace {

constexpr Duration kLook{100};  // between two looks at the job
constexpr int kInterrupted = 130;  // as shells have it: 128 and the signal's number

std::atomic<int> interrupts{0};  // signal handlers reach nothing else

/// Asked twice, it ends the process at once, whatever the program is at; what is stored stays.
void on_interrupt(int) {
  if (interrupts.fetch_add(1) > 0) ::_exit(kInterrupted);
}

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

/// Lines on standard error: "word_count: finished in ..."; what is wrong says so itself: "word_count: warning: ...".
std::shared_ptr<spdlog::logger> make_log(const std::string& job, const RunOptions& options) {
  auto log = std::make_shared<spdlog::logger>(job, std::make_shared<spdlog::sinks::stderr_sink_mt>());
  log->set_pattern((is_terminal(stderr) ? std::string(kClearLine) : "") + "%n: %v");
  log->set_level(options.quiet ? spdlog::level::warn : spdlog::level::info);
  return log;
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

/// Before a state directory is made for nothing. A savepoint that a resumed job does not need may be gone.
void require_savepoint(const std::string& job, const RunOptions& options) {
  std::error_code error;
  const bool may_be_gone = options.start == StartMode::Resume && std::filesystem::exists(options.state_dir, error);
  if (options.from_savepoint.empty() || may_be_gone) return;
  const StoreOptions opening{.job = job, .weir_version = kVersion, .access = StoreAccess::ReadOnly};
  const auto store = CheckpointStore::open(options.from_savepoint, opening).or_throw();
  if (store->job() == job) return;
  const std::string savepoint = "the savepoint in " + options.from_savepoint.string();
  throw Failure(savepoint + " is of job '" + store->job() + "', not of '" + job + "'");
}

void write_savepoint(CheckpointId checkpoint, const std::string& job, const RunOptions& options) {
  if (checkpoint == 0) throw Failure("no savepoint was written: the job failed while it was to stop; stop it again after --resume");
  const StoreOptions opening{.job = job, .weir_version = kVersion, .access = StoreAccess::ReadOnly};
  auto store = CheckpointStore::open(options.state_dir, opening).or_throw();
  store->export_savepoint(store->manifest(checkpoint).or_throw(), options.savepoint).or_throw();
}

/// Says what --resume finds when that is not a checkpoint to continue from; true when the job has finished before.
bool nothing_to_do(const StateDirectory& state, const RunOptions& options, spdlog::logger& log) {
  if (options.start != StartMode::Resume) return false;
  if (state.finished() && options.savepoint.empty()) {
    log.info("the job has finished already ({} in {}); --start-over begins anew", state.newest(), options.state_dir.string());
    return true;
  }
  if (state.newest().empty() && options.from_savepoint.empty()) {
    log.info("{} holds no checkpoint yet; starting from the beginning", options.state_dir.string());
  }
  return false;
}

/// One line that says what became of the job.
int report(const JobOutcome& outcome, const std::string& summary, const RunOptions& options, spdlog::logger& log) {
  const bool stored = !options.state_dir.empty();
  switch (outcome.state) {
    case JobOutcome::State::Failed:
      log.error("error: {}; {}", outcome.message, summary);
      return kFailed;
    case JobOutcome::State::Stopped: log.info("{}{}", summary, stored ? "; --resume continues from there" : ""); break;
    case JobOutcome::State::Finished:
      if (stored) StateDirectory::mark_finished(options.state_dir, outcome.ended_with);
      log.info("{}", summary);
  }
  return 0;
}

/// Waits for the end; an interrupt stops the job.
JobOutcome watch(EmbeddedJob& job, ProgressReport& progress, const RunOptions& options, spdlog::logger& log) {
  bool stopping = false;
  for (;;) {
    if (auto outcome = job.wait_for(kLook)) return *outcome;
    progress.update();
    if (interrupts == 0 || std::exchange(stopping, true)) continue;
    log.info("stopping{}; a second interrupt ends it at once", options.state_dir.empty() ? "" : " with a last checkpoint");
    job.stop();
  }
}

}  // namespace

int run_embedded(Plan plan, RunOptions options) {
  const std::string name = plan.graph.name;
  const InterruptGuard guard;
  require_savepoint(name, options);
  require_free(options.savepoint);
  if (!options.stats.empty()) require_own_file(plan.graph, "stats", options.stats);
  const auto log = make_log(name, options);
  const OutputClaims claims(plan.graph);
  std::unique_ptr<CheckpointStore> store;
  if (!options.state_dir.empty()) {
    StateDirectory state(options.state_dir, {.job = name, .weir_version = kVersion, .limit_bytes = options.state_limit_bytes});
    if (nothing_to_do(state, options, *log)) return 0;
    state.begin(options.start);
    store = state.take_store();
  }
  if (!options.from_savepoint.empty()) options.job.savepoint = options.from_savepoint;
  if (!options.savepoint.empty()) options.job.last_checkpoint = ManifestKind::Savepoint;
  options.job.warn = [log](const std::string& text) { log->warn("warning: {}", text); };
  options.job.inform = [log](const std::string& text) { log->info("{}", text); };

  JobOutcome outcome;
  std::string summary;
  {
    EmbeddedJob job(std::move(plan), options.job, std::move(store));
    ProgressReport progress(job, options.quiet ? ProgressReport::Show::Nothing : ProgressReport::Show::OnTerminal);
    outcome = watch(job, progress, options, *log);
    progress.clear();
    summary = progress.summary(outcome.state);
    if (!options.stats.empty()) progress.write(options.stats);
  }
  if (outcome.state != JobOutcome::State::Failed && !options.savepoint.empty()) {
    write_savepoint(outcome.ended_with, name, options);
    log->info("savepoint written to {}", options.savepoint.string());
  }
  return report(outcome, summary, options, *log);
}

}  // namespace weir
