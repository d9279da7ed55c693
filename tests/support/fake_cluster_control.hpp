// A cluster's leader without a cluster: commands are applied at once, or kept until the test lets them through.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <weir/actors/cluster_control.hpp>

namespace weir::testing {

class FakeClusterControl final : public ClusterControl {
 public:
  FakeClusterControl() {
    self_.node = {.id = 0xa, .name = "a", .address = "127.0.0.1:7070", .http = "127.0.0.1:7071", .role = ClusterNode::Role::Eligible};
    self_.incarnation = 1;
    self_.slots = 4;
    self_.version = "0.1.0";
    apply(command::AdmitNode{self_.node});
  }

  const ClusterState& state() const override { return state_; }
  const NodeAnnouncement& self() const override { return self_; }
  const std::vector<ClusterMember>& members() const override { return members_; }
  bool has_left(ClusterNodeId node) const override { return left_.contains(node); }
  std::size_t voters() const override { return 1; }
  const LiveJob* live(JobId job) const override {
    const auto found = live_.find(job);
    return found == live_.end() ? nullptr : &found->second;
  }
  void propose(ClusterCommand command, Done done) override {
    if (held_) return kept_.push_back({std::move(command), std::move(done)});
    done(to_logged(state_.apply(command)));
  }

  void export_savepoint(JobId, const std::string& directory, Written done) override {
    exported_to = directory;
    done(export_fails.empty() ? Result<void>() : Error{export_fails});
  }

  std::string exported_to;   // the last savepoint of a job that has ended
  std::string export_fails;  // why none can be written; empty: it can

  /// Commands wait from now on.
  void hold() { held_ = true; }
  void release() {
    held_ = false;
    for (auto& [command, done] : std::exchange(kept_, {})) done(to_logged(state_.apply(command)));
  }
  /// The leader is to know of none of them what became of it.
  void lose() {
    for (auto& [command, done] : std::exchange(kept_, {})) done(NotApplied{{"the lead is lost"}, NotApplied::Fate::Unknown});
  }
  std::size_t waiting() const { return kept_.size(); }

  /// A command that nobody asked for; it must be accepted.
  JobId apply(const ClusterCommand& command) { return state_.apply(command).value().job; }
  void add_member(ClusterMember member) { members_.push_back(std::move(member)); }
  /// As another leader has it, which never ran the job.
  void forget_live(JobId job) { live_.erase(job); }
  void leave(ClusterNodeId node) { left_.insert(node); }
  LiveJob& live_job(JobId job) { return live_[job]; }

  /// A job that runs: sources of two tasks and a sink, with figures.
  JobId running_job(const std::string& name);

 private:
  NodeAnnouncement self_;
  ClusterState state_;
  std::vector<ClusterMember> members_;
  std::set<ClusterNodeId> left_;
  std::map<JobId, LiveJob> live_;
  bool held_ = false;
  std::vector<std::pair<ClusterCommand, Done>> kept_;
};

/// What a call was answered.
struct AdminAnswer {
  std::uint32_t status = 0;  // 0: not yet
  std::string body;
};

/// Puts a request to the API of `control`, at 2001-01-01T00:00:00Z.
AdminAnswer ask(ClusterControl& control, const std::string& method, const std::string& path, const std::string& body = "");

}  // namespace weir::testing
