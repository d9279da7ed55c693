#include <weir/consensus/replicated_log.hpp>

#include <random>
#include <utility>

#include <weir/consensus/log_thread.hpp>

namespace weir {

ReplicatedLog::ReplicatedLog(std::unique_ptr<Thread> thread) : thread_(std::move(thread)) {}

ReplicatedLog::~ReplicatedLog() { stop(); }

Result<std::unique_ptr<ReplicatedLog>> ReplicatedLog::open(const LogOptions& options, LogTransport& transport,
                                                           LogObserver& observer) {
  auto server = RaftServer::open(options, transport, observer, std::random_device{}());
  if (!server.ok()) return server.error();
  return std::unique_ptr<ReplicatedLog>(
      new ReplicatedLog(std::make_unique<Thread>(options, observer, std::move(server).value())));
}

std::uint64_t ReplicatedLog::self() const { return thread_->identity().self; }

std::optional<std::uint64_t> ReplicatedLog::cluster() const {
  const std::uint64_t cluster = thread_->identity().cluster;
  return cluster == 0 ? std::nullopt : std::optional(cluster);
}

Result<void> ReplicatedLog::bootstrap() { return thread_->bootstrap(); }

Result<void> ReplicatedLog::join(std::uint64_t cluster) { return thread_->join(cluster); }

Result<void> ReplicatedLog::start() { return thread_->start(); }

void ReplicatedLog::receive(std::vector<std::byte> message) { thread_->receive(std::move(message)); }

void ReplicatedLog::propose(std::vector<std::byte> command, Done done) {
  thread_->propose({std::move(command), std::move(done)});
}

void ReplicatedLog::add_voter(Voter voter, Done done) {
  thread_->change({.kind = VoterChange::Kind::Add, .voter = std::move(voter), .done = std::move(done)});
}

void ReplicatedLog::remove_voter(std::uint64_t id, Done done) {
  thread_->change({.kind = VoterChange::Kind::Remove, .voter = {.id = id, .address = {}}, .done = std::move(done)});
}

void ReplicatedLog::step_down(std::uint64_t successor) { thread_->step_down(successor); }

std::vector<Voter> ReplicatedLog::voters() const { return thread_->voters(); }

Leadership ReplicatedLog::leadership() const { return thread_->leadership(); }

void ReplicatedLog::stop() { thread_->stop(); }

}  // namespace weir
