#include <weir/consensus/log_thread.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

#include <weir/base/check.hpp>

namespace weir {
namespace {

constexpr const char* kStopped = "the cluster's log was stopped";

constexpr std::uint64_t kMessageOverhead = 64;  // bytes; what one costs beside its content

void refuse(const Done& done, const std::string& why) {
  if (done) done({Fate::Refused, why});
}

/// Half a heartbeat, so that one that is due a little later than a tick is not late by a whole one.
std::chrono::milliseconds tick_interval(const LogOptions& options) {
  return std::max(options.heartbeat / 2, Duration(1));
}

}  // namespace

std::uint64_t ReplicatedLog::Thread::now_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

Result<void> ReplicatedLog::Thread::bootstrap() {
  WEIR_CHECK(state_ == State::Idle, "a log is bootstrapped before it is started");
  auto made = server_->bootstrap();
  identity_ = server_->identity();
  return made;
}

Result<void> ReplicatedLog::Thread::join(std::uint64_t cluster) {
  WEIR_CHECK(state_ == State::Idle, "a log joins a cluster before it is started");
  auto joined = server_->join(cluster);
  identity_ = server_->identity();
  return joined;
}

Result<void> ReplicatedLog::Thread::start() {
  std::promise<Result<void>> promise;
  auto started = promise.get_future();
  {
    const std::lock_guard lock(mutex_);
    WEIR_CHECK(state_ == State::Idle, "a log is started once");
    state_ = State::Running;
  }
  thread_ = std::thread([this, promise = std::move(promise)]() mutable { run(std::move(promise)); });
  return started.get();
}

void ReplicatedLog::Thread::run(std::promise<Result<void>> started) {
  try {
    auto result = server_->start(now_ms());
    publish();
    const std::string failure = result.ok() ? "" : result.error().message;
    started.set_value(std::move(result));
    if (failure.empty()) loop();
    server_->stop(kStopped);
    end(failure.empty() ? server_->stopped() : failure);
  } catch (const std::exception& exception) {
    // A bug, or no memory: the server is in no known state and is not touched again.
    const std::string why = std::string("the cluster's log stops: ") + exception.what();
    end(why);
    observer_.failed(why);
  }
}

void ReplicatedLog::Thread::loop() {
  auto next_tick = std::chrono::steady_clock::now();
  while (server_->running()) {
    Work work;
    {
      std::unique_lock lock(mutex_);
      woken_.wait_until(lock, next_tick, [&] { return state_ != State::Running || !waiting_.empty(); });
      if (state_ != State::Running) return;
      work = std::exchange(waiting_, {});
    }
    for (const Bytes& message : work.messages) server_->receive(now_ms(), message);
    for (VoterChange& change : work.changes) server_->change(now_ms(), std::move(change));
    if (!work.proposals.empty()) server_->propose(now_ms(), std::move(work.proposals));
    if (work.successor) server_->step_down(now_ms(), *work.successor);
    if (const auto now = std::chrono::steady_clock::now(); now >= next_tick) {
      server_->tick(now_ms());
      next_tick = now + tick_interval(options_);
    }
    publish();
  }
}

void ReplicatedLog::Thread::end(std::string why) {
  Work left;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = why;
    state_ = State::Stopped;
    leadership_.leader.reset();
    leadership_.standing = Standing::Follower;
    left = std::exchange(waiting_, {});
  }
  for (Proposal& proposal : left.proposals) refuse(proposal.done, why);
  for (VoterChange& change : left.changes) refuse(change.done, why);
}

void ReplicatedLog::Thread::publish() {
  auto voters = server_->voters();
  const std::lock_guard lock(mutex_);
  voters_ = std::move(voters);
  leadership_ = server_->leadership();
}

void ReplicatedLog::Thread::receive(Bytes message) {
  const std::lock_guard lock(mutex_);
  // A stopped or flooded log loses messages as a network does.
  if (state_ != State::Running || waiting_.bytes + message.size() > options_.max_waiting_bytes) return;
  waiting_.bytes += message.size() + kMessageOverhead;
  waiting_.messages.push_back(std::move(message));
  woken_.notify_one();
}

void ReplicatedLog::Thread::propose(Proposal proposal) {
  std::unique_lock lock(mutex_);
  std::string why = stopped_;
  if (state_ == State::Running) {
    if (waiting_.bytes + proposal.command.size() <= options_.max_waiting_bytes) {
      waiting_.bytes += proposal.command.size() + kMessageOverhead;
      waiting_.proposals.push_back(std::move(proposal));
      woken_.notify_one();
      return;
    }
    why = "too many commands wait to be added to the cluster's log";
  }
  lock.unlock();
  refuse(proposal.done, why);
}

void ReplicatedLog::Thread::change(VoterChange change) {
  std::unique_lock lock(mutex_);
  if (state_ == State::Running) {
    waiting_.changes.push_back(std::move(change));
    woken_.notify_one();
    return;
  }
  const std::string why = stopped_;
  lock.unlock();
  refuse(change.done, why);
}

void ReplicatedLog::Thread::step_down(std::uint64_t successor) {
  const std::lock_guard lock(mutex_);
  waiting_.successor = successor;
  woken_.notify_one();
}

std::vector<Voter> ReplicatedLog::Thread::voters() const {
  const std::lock_guard lock(mutex_);
  return voters_;
}

Leadership ReplicatedLog::Thread::leadership() const {
  const std::lock_guard lock(mutex_);
  return leadership_;
}

void ReplicatedLog::Thread::stop() {
  WEIR_CHECK(std::this_thread::get_id() != thread_.get_id(), "a log is not stopped from its own thread");
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::Running) state_ = State::Stopping;
    if (state_ == State::Stopping) stopped_ = kStopped;
    woken_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

}  // namespace weir
