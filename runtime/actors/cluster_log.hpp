// The replicated log of a cluster among its actors: proposals go in, what is committed goes to the coordinator, messages to other
// members go by way of the node's actor, and both hear who leads. Keeps a state of its own, made of what was applied, for the
// log's snapshots.
//
// A resource. The log's thread calls what comes from it; the functions below may be called from any thread. Actors are told, never
// asked, so nobody waits for anybody.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <caf/actor.hpp>

#include <weir/actors/coordinator_actor.hpp>
#include <weir/actors/node_services.hpp>
#include <weir/consensus/replicated_log.hpp>

namespace weir {

struct ClusterLogOptions {
  std::filesystem::path directory;
  std::string address;              // this node's
  NodeServices* services = nullptr; // outlives the log
};

class ClusterLog final : public LogTransport, public LogObserver {
 public:
  /// Opens the log, which does nothing yet. Fails when it is damaged, in use or cannot be written.
  static Result<std::unique_ptr<ClusterLog>> open(const ClusterLogOptions& options);
  ~ClusterLog() override;

  /// This member's id, and the cluster that it belongs to; empty: none yet.
  std::uint64_t voter() const { return log_->self(); }
  std::string cluster() const;

  /// To whom everything is told; before start_in.
  void meet(caf::actor node, caf::actor coordinator);
  /// Makes a new cluster, of which this is the only voter. Before start_in.
  Result<void> bootstrap() { return log_->bootstrap(); }
  /// Takes part from now on. Again is no error.
  Result<void> start_in(const std::string& cluster);

  void propose(const LoggedCommand& logged);
  /// A message from another member.
  void receive(const std::string& bytes);
  /// Gives the member at an address a vote, which takes until it has caught up with the log; one that was there before under another id
  /// loses its own. On the leader.
  void admit(const Voter& voter);
  void remove(std::uint64_t voter);
  /// The votes of other nodes that are up and not to end.
  void note_staying(std::set<std::uint64_t> voters);
  /// Asks one of these that has a vote to lead, if there is any; each time the next of them, since one may not answer. To a node that
  /// is to end itself the lead would only be a burden.
  void hand_over();
  bool leads() const { return log_->leadership().standing != Standing::Follower; }
  /// Their addresses are those that they had when they got their votes.
  std::map<std::uint64_t, std::string> voters() const;
  void stop();

  // From the log.
  void send(const Voter& to, std::vector<std::byte> message) override;
  void apply(std::uint64_t index, std::span<const std::byte> command) override;
  std::vector<std::byte> snapshot() override;
  void restore(std::span<const std::byte> state) override;
  void leadership(const Leadership& now) override;
  void failed(const std::string& why) override;

 private:
  explicit ClusterLog(ClusterLogOptions options) : options_(std::move(options)) {}
  void votes_changed(const std::string& what, const Outcome& outcome) const;
  std::set<std::uint64_t> successors() const;

  ClusterLogOptions options_;
  std::unique_ptr<ReplicatedLog> log_;
  caf::actor node_;
  caf::actor coordinator_;
  std::mutex admitting_mutex_;
  std::set<std::uint64_t> admitting_;  // voters whose votes are being logged
  mutable std::mutex staying_mutex_;
  std::set<std::uint64_t> staying_;
  std::atomic<std::uint64_t> asked_to_lead_{0};  // the last one
  std::mutex starting_;   // guards started_
  bool started_ = false;
  ClusterState state_;    // of the log's thread: after all that was applied
};

}  // namespace weir
