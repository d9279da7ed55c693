#include <weir/actors/coordinator_actor.hpp>

#include <algorithm>
#include <map>

#include <caf/all.hpp>

#include <weir/actors/alarms.hpp>
#include <weir/actors/job_run.hpp>
#include <weir/base/exception_text.hpp>
#include <weir/coordination/cluster_view.hpp>

namespace weir {
namespace {

struct CoordinatorTick {
  ProcessingTime due;
};

}  // namespace
}  // namespace weir

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::CoordinatorTick)

namespace weir {
namespace {

using Level = NodeServices::Level;

constexpr Duration kAnswer{2000};  // for workers whose nodes are there to say how far they are

class Coordinator final : public ClusterControl, public JobRunEnvironment {
 public:
  Coordinator(caf::event_based_actor* self, CoordinatorOptions options) : self_(self), options_(std::move(options)) {}

  /// The one catch site of the coordinator's own work: what one message brings about must not end the daemon.
  template <class Act>
  void guarded(Act&& act) {
    try {
      act();
    } catch (...) {
      options_.services->log(Level::Error, "a message was dropped: " + current_exception_text());
    }
    for (const JobId job : std::exchange(ended_, {})) remember_end(job);
    if (leads_) let_leave();
    arm();
  }

  void on_meet(const message::Meet& meet) { node_ = meet.node; }

  void on_apply(const message::Apply& apply) {
    const LoggedCommand& logged = *apply.logged;
    const Result<Applied> applied = state_.apply(logged.command);
    const auto mine = logged.proposer == options_.self.node.id ? proposed_.find(logged.number) : proposed_.end();
    if (mine != proposed_.end()) {
      const Done done = std::move(mine->second);
      proposed_.erase(mine);
      done(applied);
    }
    if (!applied) return;
    if (std::holds_alternative<command::AdmitNode>(logged.command)) tell_known_nodes();
    if (leads_) follow(logged.command, *applied);
  }

  void on_restored(const message::Restored& restored) {
    state_ = *restored.state;
    tell_known_nodes();
  }

  void on_not_logged(const message::NotLogged& lost) {
    const auto mine = proposed_.find(lost.number);
    if (mine == proposed_.end()) return;
    const Done done = std::move(mine->second);
    proposed_.erase(mine);
    done(Error{lost.why});
  }

  void on_leads(const message::Leads& leads) {
    if (leads.self == leads_) return;
    leads_ = leads.self;
    if (!leads_) {
      options_.services->log(Level::Info, "leads no more");
      runs_.clear();
      released_.clear();
      return;
    }
    options_.services->log(Level::Info, "leading the cluster (term " + std::to_string(leads.term) + ")");
    admit(options_.self);
    for (const ClusterMember& member : members_) {
      admit(member.node);
      tell_known_jobs(member.node.node.id);
    }
    tell_known_jobs(options_.self.node.id);
    change_votes();
    for (const auto& [job, record] : state_.jobs()) {
      if (!record.ended()) run(job);
    }
  }

  void on_from_node(const message::FromNode& from) {
    const auto run = runs_.find(from.packet->job);
    if (run != runs_.end()) return run->second->on_packet(from.node, *from.packet);
    // What is left of a job that nobody runs any more.
    const bool alive = from.packet->kind == name_of<wire::WorkerUp>() || from.packet->kind == name_of<wire::Figures>();
    if (leads_ && alive) {
      send(from.node, message::make_packet(from.packet->job, from.packet->attempt, wire::KillWorker{"the job has ended"}));
    }
  }

  void on_members(const message::MembersChanged& changed) {
    members_ = changed.members;
    if (!leads_) return;
    for (const MembershipEvent& event : changed.events) {
      if (const auto* dead = std::get_if<membership::NodeDead>(&event)) node_gone(dead->id, dead->why);
      if (const auto* left = std::get_if<membership::NodeLeft>(&event)) node_gone(left->id, "its node left the cluster");
      if (const auto* back = std::get_if<membership::NodeReturned>(&event)) {
        end_what_is_over(back->id);
        released_.erase(back->id);  // it may not have heard
        for (const auto& [job, run] : runs_) run->on_node_returned(back->id);
      }
      if (const auto* up = std::get_if<membership::NodeUp>(&event)) {
        admit(up->node);
        tell_known_jobs(up->node.node.id);
      }
    }
    change_votes();
    for (const auto& [job, run] : runs_) run->on_nodes_changed();
  }

  void on_ask(const message::Ask& ask) { options_.answer(ask.call, *this); }

  void on_tick(const CoordinatorTick& tick) {
    alarms_.rang(tick.due);
    for (const auto& [job, run] : runs_) {
      const auto next = run->next_event();
      if (next && *next <= now()) run->tick();
    }
    if (leads_ && !voters_away_.empty()) change_votes();
  }

  // ClusterControl, JobRunEnvironment
  const ClusterState& state() const override { return state_; }
  const NodeAnnouncement& self() const override { return options_.self; }
  const std::vector<ClusterMember>& members() const override { return members_; }
  std::size_t voters() const override { return options_.voters().size(); }
  const LiveJob* live(JobId job) const override {
    const auto run = runs_.find(job);
    if (run != runs_.end()) return &run->second->live();
    const auto ended = last_seen_.find(job);
    return ended == last_seen_.end() ? nullptr : &ended->second;
  }
  void propose(ClusterCommand command, Done done) override {
    const std::uint64_t number = ++last_proposal_;
    proposed_.emplace(number, std::move(done));
    options_.propose({options_.self.node.id, number, std::move(command)});
  }
  std::vector<PlacementNode> placement_nodes(JobId except) const override {
    auto taken = slots_taken(state_, except);
    for (const auto& [job, run] : runs_) {
      if (job == except) continue;
      for (const ClusterNodeId node : run->slots_to_be_logged()) ++taken[node];
    }
    return weir::placement_nodes(state_, options_.self, members_, taken);
  }
  std::set<ClusterNodeId> nodes_up() const override { return weir::nodes_up(options_.self.node.id, members_); }
  std::set<ClusterNodeId> nodes_draining() const override { return weir::nodes_draining(members_); }
  Duration lease() const override { return options_.lease; }
  void send(ClusterNodeId node, message::Packet packet) override {
    self_->send(node_, message::ToNode{node, std::make_shared<message::Packet>(std::move(packet))});
  }
  ProcessingTime now() const override { return steady_now(); }
  std::int64_t wall_clock_ms() const override { return options_.clock->now().ms; }
  void warn(JobId job, const std::string& text) override { options_.services->log(Level::Warning, label(job) + text); }
  void inform(JobId job, const std::string& text) override { options_.services->log(Level::Info, label(job) + text); }
  void ended(JobId job) override { ended_.push_back(job); }

 private:
  std::string label(JobId job) const {
    const JobRecord* record = state_.job(job);
    return "job " + std::to_string(job) + (record ? " (" + record->spec.name + ")" : "") + ": ";
  }

  /// What was seen of it last stays to be looked at.
  void remember_end(JobId job) {
    constexpr std::size_t kMost = 100;
    const auto run = runs_.find(job);
    if (run == runs_.end()) return;
    last_seen_[job] = run->second->live();
    runs_.erase(run);
    if (last_seen_.size() > kMost) last_seen_.erase(last_seen_.begin());
  }

  void run(JobId job) {
    auto made = std::make_unique<JobRun>(job, *this);
    JobRun& started = *made;
    runs_[job] = std::move(made);
    if (state_.job(job)->attempt == 0) started.start();
    else started.take_over(std::max(now() + kAnswer, began_ + options_.patience));
  }

  /// The cluster remembers it from now on, and only then it may be given work.
  void admit(const NodeAnnouncement& node) {
    propose(command::AdmitNode{node.node}, [this](const Result<Applied>& applied) {
      if (!applied) options_.services->log(Level::Error, applied.error().message);
    });
  }

  void change_votes() {
    std::map<VoterId, const NodeAnnouncement*> up{{options_.self.voter, &options_.self}};
    for (const ClusterMember& member : members_) {
      if (member.status == ClusterMember::Status::Up && member.node.voter != 0) up.emplace(member.node.voter, &member.node);
    }
    std::set<VoterId> candidates;
    for (const auto& [voter, node] : up) candidates.insert(voter);
    const std::vector<VoterId> voters = options_.voters();
    std::set<VoterId> lost;
    std::map<VoterId, ProcessingTime> away;
    for (const VoterId voter : voters) {
      if (candidates.contains(voter)) continue;
      const auto known = voters_away_.find(voter);
      const ProcessingTime since = known == voters_away_.end() ? now() : known->second;
      away.emplace(voter, since);
      if (now() - since >= options_.voter_grace) lost.insert(voter);
    }
    voters_away_ = std::move(away);
    const VoteChanges changes = weir::change_votes({voters.begin(), voters.end()}, candidates, lost);
    for (const VoterId voter : changes.admit) options_.admit(*up.at(voter));
    for (const VoterId voter : changes.remove) options_.remove(voter);
  }

  /// When a voter that is away has been so for too long.
  std::optional<ProcessingTime> next_lost_vote() const {
    std::optional<ProcessingTime> next;
    for (const auto& [voter, since] : voters_away_) {
      const ProcessingTime due = since + options_.voter_grace;
      if (due > now() && (!next || due < *next)) next = due;
    }
    return next;
  }

  void tell_known_jobs(ClusterNodeId node) {
    wire::KnownJobs known{{}, state_.content().next_job};
    for (const auto& [job, record] : state_.jobs()) known.jobs.push_back(job);
    send(node, message::make_packet(0, 0, known));
    end_what_is_over(node);
  }

  /// A node that was away while an attempt was given up may have a worker of it, which waits for what nobody will say.
  void end_what_is_over(ClusterNodeId node) {
    for (const auto& [job, attempt] : attempts_over(state_)) send(node, message::make_packet(job, attempt, wire::KillWorker{"the attempt is over"}));
  }

  void tell_known_nodes() {
    message::KnownNodes known;
    for (const auto& [id, node] : state_.nodes()) known.nodes.push_back(node);
    self_->send(node_, std::move(known));
  }

  /// What a command that was applied means for what runs here.
  void follow(const ClusterCommand& command, const Applied& applied) {
    if (applied.effect == Applied::Effect::Nothing) return;
    if (std::holds_alternative<command::Submit>(command)) return run(applied.job);
    if (const auto* wish = std::get_if<command::Wish>(&command)) {
      const auto found = runs_.find(wish->job);
      if (found != runs_.end()) found->second->on_wish(wish->wish);
    }
    if (std::holds_alternative<command::AdmitNode>(command)) {
      for (const auto& [job, run] : runs_) run->on_nodes_changed();
    }
    if (const auto* end = std::get_if<command::EndJob>(&command)) {
      inform(end->job, describe(end->outcome));
      for (const ClusterNodeId node : nodes_up()) send(node, message::make_packet(end->job, end->attempt, wire::CloseParts{end->attempt}));
      for (const auto& [job, run] : runs_) {
        if (job != end->job) run->on_nodes_changed();  // slots are free
      }
    }
    if (const auto* forget = std::get_if<command::ForgetJob>(&command)) {
      last_seen_.erase(forget->job);
      for (const ClusterNodeId node : nodes_up()) send(node, message::make_packet(forget->job, 0, wire::ForgetJob{"the job was forgotten"}));
    }
  }

  static std::string describe(const JobOutcome& outcome) {
    switch (outcome.state) {
      case JobOutcome::State::Finished: return "finished";
      case JobOutcome::State::Stopped: return "stopped";
      case JobOutcome::State::Failed: return "failed: " + outcome.message;
    }
    return "";
  }

  /// Nodes that drain, and that no job needs any more.
  void let_leave() {
    for (const ClusterMember& member : members_) {
      const NodeAnnouncement& node = member.node;
      if (member.intent != ClusterMember::Intent::Leave || released_[node.node.id] == node.incarnation) continue;
      const bool needed = std::any_of(runs_.begin(), runs_.end(), [&](const auto& run) { return run.second->needs(node.node.id); });
      if (needed) continue;
      released_[node.node.id] = node.incarnation;
      send(node.node.id, message::make_packet(0, 0, wire::MayLeave{node.incarnation}));
    }
  }

  void node_gone(ClusterNodeId node, const std::string& why) {
    for (const auto& [job, run] : runs_) run->on_node_gone(node, why);
  }

  void arm() {
    std::optional<ProcessingTime> next = leads_ ? next_lost_vote() : std::nullopt;
    for (const auto& [job, run] : runs_) {
      const auto one = run->next_event();
      if (one && (!next || *one < *next)) next = one;
    }
    if (!next || !alarms_.set(*next)) return;
    self_->delayed_send(self_, std::max(Duration(0), *next - now()), CoordinatorTick{*next});
  }

  caf::event_based_actor* self_;
  CoordinatorOptions options_;
  caf::actor node_;
  ClusterState state_;
  std::vector<ClusterMember> members_;
  bool leads_ = false;
  const ProcessingTime began_ = now();
  std::map<JobId, std::unique_ptr<JobRun>> runs_;
  std::map<VoterId, ProcessingTime> voters_away_;  // since when, as far as this leader knows
  std::map<JobId, LiveJob> last_seen_;  // of jobs that have ended
  std::map<ClusterNodeId, std::uint64_t> released_;  // the incarnation that was told that it may leave
  std::vector<JobId> ended_;  // runs to delete once they are not at work any more
  std::uint64_t last_proposal_ = 0;
  std::map<std::uint64_t, Done> proposed_;
  Alarms alarms_;
};

template <class Message>
auto handler(const std::shared_ptr<Coordinator>& coordinator, void (Coordinator::*on)(const Message&)) {
  return [coordinator, on](const Message& message) { coordinator->guarded([&] { ((*coordinator).*on)(message); }); };
}

}  // namespace

caf::behavior coordinator_actor(caf::event_based_actor* self, CoordinatorOptions options) {
  // Owned by the behaviour's handlers; gone when the actor is.
  const auto coordinator = std::make_shared<Coordinator>(self, std::move(options));
  return {
      handler(coordinator, &Coordinator::on_meet),      handler(coordinator, &Coordinator::on_apply),
      handler(coordinator, &Coordinator::on_not_logged), handler(coordinator, &Coordinator::on_leads),
      handler(coordinator, &Coordinator::on_from_node), handler(coordinator, &Coordinator::on_members),
      handler(coordinator, &Coordinator::on_ask),       handler(coordinator, &Coordinator::on_tick),
      handler(coordinator, &Coordinator::on_restored),
  };
}

}  // namespace weir
