#include <weir/actors/coordinator_actor.hpp>

#include <algorithm>
#include <map>
#include <ranges>
#include <set>

#include <caf/all.hpp>

#include <weir/actors/alarms.hpp>
#include <weir/actors/job_leader.hpp>
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

class Coordinator final : public ClusterControl, public LeaderSurroundings {
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
    if (leading_) leading_->settle();
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
      done(to_logged(applied));
    }
    if (!applied) return;
    const bool admitted = std::holds_alternative<command::AdmitNode>(logged.command);
    if (admitted || std::holds_alternative<command::ForgetNode>(logged.command)) tell_known_nodes();
    if (const auto* forget = std::get_if<command::ForgetJob>(&logged.command)) last_seen_.erase(forget->job);
    if (leading_) leading_->on_applied(logged.command, *applied);
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
    done(NotApplied{{lost.why}, lost.fate});
  }

  void on_leads(const message::Leads& leads) {
    if (leads.self == leading_.has_value()) return;
    if (!leads.self) {
      options_.services->log(Level::Info, "leads no more");
      return leading_.reset();
    }
    options_.services->log(Level::Info, "leading the cluster (term " + std::to_string(leads.term) + ")");
    leading_.emplace(static_cast<LeaderSurroundings&>(*this), LeaderOptions{options_.lease, began_ + options_.patience});
    votes_ = VoteKeeper(options_.votes);
    change_votes();
  }

  void on_from_node(const message::FromNode& from) {
    if (leading_) leading_->on_packet(from.node, *from.packet);
  }

  void on_members(const message::MembersChanged& changed) {
    for (const MembershipEvent& event : changed.events) note_left(event);
    members_ = changed.members;
    if (!leading_) return;
    leading_->on_members(changed.events);
    change_votes();
  }

  void on_ends_soon(const message::EndsSoon&) {
    ends_soon_ = true;
    if (leading_) change_votes();
  }

  void on_votes_changed(const message::VotesChanged&) {
    if (leading_) change_votes();
  }

  void on_ask(const message::Ask& ask) { options_.answer(ask.call, *this); }

  void on_tick(const CoordinatorTick& tick) {
    alarms_.rang(tick.due);
    if (!leading_) return;
    leading_->tick();
    if (votes_.due(now())) change_votes();
  }

  // ClusterControl, LeaderSurroundings
  const ClusterState& state() const override { return state_; }
  const NodeAnnouncement& self() const override { return options_.self; }
  const std::vector<ClusterMember>& members() const override { return members_; }
  bool has_left(ClusterNodeId node) const override { return left_.contains(node); }
  std::size_t voters() const override { return options_.voters().size(); }
  bool vote_is_needed(const NodeAnnouncement& node) const override { return votes_.needs(node.voter, voters_in_sight()); }
  const LiveJob* live(JobId job) const override {
    const LiveJob* live = leading_ ? leading_->live(job) : nullptr;
    const auto ended = last_seen_.find(job);
    return live || ended == last_seen_.end() ? live : &ended->second;
  }
  void propose(ClusterCommand command, Done done) override {
    const std::uint64_t number = ++last_proposal_;
    proposed_.emplace(number, std::move(done));
    options_.propose({options_.self.node.id, number, std::move(command)});
  }
  void export_savepoint(JobId job, const std::string& directory, Written done) override {
    if (leading_) leading_->export_savepoint(job, directory, std::move(done));
    else done(Error{"this node leads no more; try again"});
  }
  void send(ClusterNodeId node, message::Packet packet) override {
    self_->send(node_, message::ToNode{node, std::make_shared<message::Packet>(std::move(packet))});
  }
  ProcessingTime now() const override { return steady_now(); }
  std::int64_t wall_clock_ms() const override { return options_.clock->now().ms; }
  void log(Level level, const std::string& text) override { options_.services->log(level, text); }
  /// It stays to be looked at.
  void last_seen(JobId job, const LiveJob& live) override {
    constexpr std::size_t kMost = 100;
    last_seen_[job] = live;
    if (last_seen_.size() > kMost) last_seen_.erase(last_seen_.begin());
  }

 private:
  /// Before the members change. One that was to end and is dead did so without a goodbye.
  void note_left(const MembershipEvent& event) {
    const auto as_it_was = [&](ClusterNodeId node) {
      const auto found = std::ranges::find(members_, node, [](const ClusterMember& member) { return member.node.node.id; });
      return found == members_.end() ? ClusterMember{} : *found;
    };
    if (const auto* up = std::get_if<membership::NodeUp>(&event)) left_.erase(up->node.node.id);
    if (const auto* left = std::get_if<membership::NodeLeft>(&event)) left_[left->node.id] = as_it_was(left->node.id).node.voter;
    if (const auto* dead = std::get_if<membership::NodeDead>(&event)) {
      const ClusterMember before = as_it_was(dead->id);
      if (before.intent == ClusterMember::Intent::Leave) left_[dead->id] = before.node.voter;
    }
  }

  VotersInSight voters_in_sight() const {
    const std::map<VoterId, std::string> log = options_.voters();
    const std::map<VoterId, NodeAnnouncement> up = may_vote(options_.self, members_);
    const auto voters = std::views::keys(log);
    const auto ids = std::views::keys(up);
    VotersInSight seen{options_.self.voter, {voters.begin(), voters.end()}, {ids.begin(), ids.end()}, voters_draining(members_), voters_replaced(log, up)};
    for (const auto& [node, voter] : left_) seen.leaving.insert(voter);
    if (ends_soon_) seen.leaving.insert(options_.self.voter);
    return seen;
  }

  void change_votes() {
    const VotersInSight seen = voters_in_sight();
    const VoteChanges changes = votes_.look(seen, now());
    const std::map<VoterId, NodeAnnouncement> up = may_vote(options_.self, members_);
    for (const VoterId voter : changes.admit) options_.admit(up.at(voter));
    for (const VoterId voter : changes.remove) options_.remove(voter);
  }

  void tell_known_nodes() {
    message::KnownNodes known;
    for (const auto& [id, node] : state_.nodes()) known.nodes.push_back(node);
    self_->send(node_, std::move(known));
  }

  void arm() {
    if (!leading_) return;
    const auto next = earliest({leading_->next_event(), votes_.next_event()});
    if (!next || !alarms_.set(*next)) return;
    self_->delayed_send(self_, std::max(Duration(0), *next - now()), CoordinatorTick{*next});
  }

  caf::event_based_actor* self_;
  CoordinatorOptions options_;
  caf::actor node_;
  ClusterState state_;
  std::vector<ClusterMember> members_;
  std::map<ClusterNodeId, VoterId> left_;  // said goodbye, or were to end, when they were last heard
  bool ends_soon_ = false;                 // this node
  const ProcessingTime began_ = now();
  std::optional<JobLeader> leading_;  // while this node leads
  VoteKeeper votes_{options_.votes};  // of this time of leading
  std::map<JobId, LiveJob> last_seen_;  // of jobs that have ended
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
      handler(coordinator, &Coordinator::on_restored),  handler(coordinator, &Coordinator::on_ends_soon),
      handler(coordinator, &Coordinator::on_votes_changed),
  };
}

}  // namespace weir
