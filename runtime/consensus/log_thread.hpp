// The thread of a ReplicatedLog: takes what other threads want done, keeps the time, and drives the RaftServer. All that waits
// is bounded in bytes. Proposals that wait together are appended together, with one sync of the disk.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <weir/consensus/raft_server.hpp>
#include <weir/consensus/replicated_log.hpp>

namespace weir {

class ReplicatedLog::Thread {
 public:
  Thread(const LogOptions& options, LogObserver& observer, std::unique_ptr<RaftServer> server)
      : options_(options), observer_(observer), server_(std::move(server)), identity_(server_->identity()) {}

  const LogIdentity& identity() const { return identity_; }
  Result<void> bootstrap();
  Result<void> join(std::uint64_t cluster);
  Result<void> start();
  void receive(Bytes message);
  void propose(Proposal proposal);
  void change(VoterChange change);
  void step_down(std::uint64_t successor);
  std::vector<Voter> voters() const;
  Leadership leadership() const;
  void stop();

 private:
  enum class State { Idle, Running, Stopping, Stopped };
  struct Work {
    std::vector<Bytes> messages;
    std::vector<Proposal> proposals;
    std::vector<VoterChange> changes;
    std::optional<std::uint64_t> successor;  // the lead is to be handed over
    std::uint64_t bytes = 0;

    bool empty() const { return messages.empty() && proposals.empty() && changes.empty() && !successor; }
  };

  void run(std::promise<Result<void>> started);
  void publish();
  void loop();
  void end(std::string why);
  static std::uint64_t now_ms();

  const LogOptions options_;
  LogObserver& observer_;
  std::unique_ptr<RaftServer> server_;  // used by the thread alone while it runs
  LogIdentity identity_;

  mutable std::mutex mutex_;
  std::condition_variable woken_;
  Work waiting_;
  State state_ = State::Idle;
  std::vector<Voter> voters_;
  Leadership leadership_;
  std::string stopped_ = "the cluster's log is not started";  // why nothing is done, while not running

  std::thread thread_;
};

}  // namespace weir
