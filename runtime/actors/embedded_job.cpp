#include <weir/actors/embedded_job.hpp>

#include <condition_variable>
#include <future>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#include <malloc.h>

#include <caf/all.hpp>

#include <weir/actors/job_actor.hpp>
#include <weir/actors/messages.hpp>
#include <weir/actors/writer_actor.hpp>

namespace weir {
namespace {

/// Batches are large and short-lived: without these, glibc maps and unmaps memory for every one of them.
void tune_allocator() {
  static const bool done = [] {
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    mallopt(M_TOP_PAD, 64 << 20);
    return true;
  }();
  (void)done;
}

/// Where the system refuses a thread, CAF ends the process without a word: so as many are asked for beforehand.
void require_threads(std::uint32_t workers) {
  constexpr std::uint32_t kOthers = 8;  // CAF's own, the checkpoint writer's, and some for user code
  std::promise<void> over;
  const auto ended = over.get_future().share();
  std::vector<std::thread> started;
  std::string refusal;
  try {
    while (started.size() < workers + kOthers) started.emplace_back([ended] { ended.wait(); });
  } catch (const std::system_error& error) {
    refusal = error.code().message();
  }
  over.set_value();
  for (std::thread& thread : started) thread.join();
  if (refusal.empty()) return;
  throw Failure("cannot start " + std::to_string(workers + kOthers) + " threads: " + refusal + " after " +
                std::to_string(started.size()) + "; raise the limits of processes and memory (ulimit -u, -v) or give fewer --threads");
}

caf::actor_system_config make_config(std::uint32_t threads) {
  caf::actor_system_config config;
  if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
  require_threads(threads);
  config.set("scheduler.max-threads", static_cast<std::size_t>(threads));
  config.set("scheduler.max-throughput", std::size_t{32});  // messages before another actor gets its turn
  config.set("scheduler.policy", caf::atom("sharing"));     // beats stealing on few cores
  return config;
}

}  // namespace

/// Where the outcome arrives.
struct Outcome {
  std::mutex mutex;
  std::condition_variable arrived;
  std::optional<JobOutcome> value;
};

struct EmbeddedJob::Parts {
  Parts(Plan planned, const EmbeddedJobOptions& options)
      : plan(std::make_shared<const Plan>(std::move(planned))),
        board(std::make_shared<JobBoard>(plan->tasks.size())),
        config(make_config(options.threads)),
        system(config) {}

  std::shared_ptr<const Plan> plan;
  std::shared_ptr<JobBoard> board;
  SystemClock clock;
  Outcome outcome;
  caf::actor_system_config config;
  caf::actor_system system;  // its destructor waits for every actor, so it goes first
  caf::actor writer;
  caf::actor job;
};

EmbeddedJob::EmbeddedJob(Plan plan, EmbeddedJobOptions options, std::unique_ptr<CheckpointStore> store) {
  tune_allocator();
  parts_ = std::make_unique<Parts>(std::move(plan), options);
  Parts& parts = *parts_;
  if (store) {
    WriterOptions writer{std::shared_ptr<CheckpointStore>(std::move(store)), parts.plan.get(), options.retained};
    parts.writer = parts.system.spawn<caf::detached>(writer_actor, std::move(writer));
  }
  JobActorOptions job;
  job.plan = parts.plan;
  job.job = std::move(options);
  job.board = parts.board;
  job.clock = &parts.clock;
  job.writer = parts.writer;
  job.ended = [&outcome = parts.outcome](JobOutcome value) {
    const std::lock_guard lock(outcome.mutex);
    outcome.value = std::move(value);
    outcome.arrived.notify_all();
  };
  parts.job = parts.system.spawn(job_actor, std::move(job));
  caf::anon_send(parts.job, message::StartJob{});
}

EmbeddedJob::~EmbeddedJob() {
  caf::anon_send(parts_->job, message::Quit{});
  if (parts_->writer) caf::anon_send_exit(parts_->writer, caf::exit_reason::user_shutdown);
}

const JobBoard& EmbeddedJob::board() const { return *parts_->board; }
const Plan& EmbeddedJob::plan() const { return *parts_->plan; }

void EmbeddedJob::stop() { caf::anon_send(parts_->job, message::StopJob{}); }

std::optional<JobOutcome> EmbeddedJob::wait_for(Duration limit) {
  std::unique_lock lock(parts_->outcome.mutex);
  parts_->outcome.arrived.wait_for(lock, limit, [&] { return parts_->outcome.value.has_value(); });
  return parts_->outcome.value;
}

}  // namespace weir
