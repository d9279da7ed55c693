#include <weir/actors/node_actor.hpp>

#include <algorithm>
#include <map>
#include <set>

#include <caf/all.hpp>

#include <weir/actors/admin_relay.hpp>
#include <weir/actors/log_relay.hpp>
#include <weir/actors/node_bundles.hpp>
#include <weir/actors/node_messages.hpp>
#include <weir/actors/node_peers.hpp>
#include <weir/actors/node_stores.hpp>
#include <weir/actors/node_workers.hpp>
#include <weir/actors/peer_book.hpp>
#include <weir/actors/remote_messages.hpp>
#include <weir/base/clock.hpp>
#include <weir/base/exception_text.hpp>
#include <weir/base/text.hpp>
#include <weir/coordination/founders.hpp>
#include <weir/coordination/known_leader.hpp>
#include <weir/coordination/silent_voters.hpp>
#include <weir/wire/control.hpp>
#include <weir/wire/routes.hpp>

namespace weir {
namespace {

struct NodeTick {};

}  // namespace
}  // namespace weir

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::NodeTick)

namespace weir {
namespace {

using message::Packet;
using Level = NodeServices::Level;

wire::NodeHello to_hello(const NodeAnnouncement& node, const std::string& cluster) {
  return {cluster,        node.node.id, node.incarnation, node.node.name, node.node.address, node.node.http,
          node.slots,     node.node.role == ClusterNode::Role::Eligible, node.voter, node.version, false};
}

NodeAnnouncement from_hello(const wire::NodeHello& hello) {
  const auto role = hello.eligible ? ClusterNode::Role::Eligible : ClusterNode::Role::WorkerOnly;
  return {{hello.node, hello.name, hello.address, hello.http, role}, hello.incarnation, hello.slots, hello.version, hello.voter};
}

class Node {
 public:
  Node(caf::event_based_actor* self, NodeActorOptions options)
      : self_(self),
        options_(std::move(options)),
        membership_(options_.self, options_.membership, steady_now()),
        book_(options_.data, *options_.disk),
        peers_(self, {options_.self.node, seeds(), options_.heartbeat * kHeartbeatsPerCall, options_.network}),
        stores_(self, {options_.self.node.id, options_.data / "jobs", options_.store_bytes, options_.disk}),
        workers_(self, *options_.services, options_.self.node),
        bundles_(self, bundles_options()),
        logs_(self, {options_.services, options_.disk, &peers_, &membership_}),
        founders_(options_.self.node.address, options_.seeds),
        leader_(options_.self.node.address),
        asked_(self, [this] { return who_is_missing(); }) {}

  void on_start(const message::Start&) {
    if (options_.cluster.empty() && founders_.begins_here()) {
      options_.services->log(Level::Info, "begins a cluster once " + joined(founders_.awaited(), ", ") + " answer and belong to none");
    }
    tick();
  }

  /// The one catch site of the node's own work: what one message brings about must not end the daemon.
  template <class Act>
  void guarded(Act&& act) {
    try {
      act();
      tell_changes();
      if (drained_ && is_drained()) std::exchange(drained_, nullptr)->set_value();
    } catch (...) {
      options_.services->log(Level::Error, "a message was dropped: " + current_exception_text());
    }
  }

  void on_packet(const Packet& packet) {
    const caf::strong_actor_ptr& sender = self_->current_sender();
    if (!sender) return;
    if (packet.kind == name_of<wire::WorkerHello>()) return workers_.on_hello(packet, caf::actor_cast<caf::actor>(sender));
    if (packet.kind == name_of<wire::NodeHello>()) return on_node_hello(packet, caf::actor_cast<caf::actor>(sender));
    if (packet.kind == name_of<wire::Refused>()) return on_refused(packet);
    const auto node = peers_.node_of(sender->node());
    const bool member = node && (*node == id() || membership_.member(*node) != nullptr);
    if (!member && packet.kind == name_of<wire::AdminRequest>()) return refuse_request(packet, caf::actor_cast<caf::actor>(sender));
    if (node) return from_node(*node, packet, sender);
    const bool from_here = sender->node() == self_->node();  // a store's answer to the leader, which is this node
    if (from_here || workers_.hear(packet, sender->node())) return from_worker(packet, sender);
  }

  void on_connected(const message::Connected& connected) {
    const std::string address = peers_.on_connected(connected);
    if (!connected.peer) return no_answer(address);
    wire::NodeHello hello = to_hello(membership_.self(), options_.cluster);
    hello.answer = true;
    tell(connected.peer, hello);
  }

  void on_worker_ended(const message::WorkerEnded& ended) {
    const wire::WorkerGone gone = workers_.on_ended(ended.end);
    to_leader(std::make_shared<Packet>(message::make_packet(ended.end.job, ended.end.attempt, gone)));
  }

  void on_to_node(const message::ToNode& to) {
    if (to.node == id()) return from_node(id(), *to.packet, caf::actor_cast<caf::strong_actor_ptr>(self_));
    if (const caf::actor* other = peers_.find(to.node)) self_->send(*other, *to.packet);
  }

  void on_leads(const message::Leads& leads) {
    log_says_ = leads;
    hear_log();
    heartbeat();
  }

  void on_known_nodes(const message::KnownNodes& known) {
    for (const ClusterNode& node : known.nodes) peers_.hear_of(node.id, node.address);
    logs_.remember(known.nodes);
    names_.clear();
    for (const ClusterNode& node : known.nodes) names_[node.address] = node.name;
    call();
  }

  /// The leader hears it with the next heartbeat, which is now: it moves what runs here, after a checkpoint of which no copy is here.
  /// Should this node lead, its coordinator sees to it that there is another one that can.
  void on_drain(const message::Drain& drain) {
    drained_ = drain.drained;
    self_->send(options_.coordinator, message::EndsSoon{});
    heartbeat();
  }

  /// Nobody has to wait until this node is taken for dead.
  void on_leave(const message::Leave&) {
    leaving_ = true;
    workers_.end_all();
    peers_.tell_all(wire::Leaving{membership_.self().incarnation});
  }

  void on_log_post(const message::LogPost& post) {
    const ClusterMember* member = member_with(post.voter);
    const caf::actor* other = member != nullptr ? peers_.find(member->node.node.id) : peers_.find_at(post.address);
    if (other != nullptr) tell(*other, wire::LogMessage{post.bytes});
  }

  void on_ask(const message::Ask& ask) {
    asked_.hold(ask.call, steady_now());
    pass_requests();
  }

  void on_gather_logs(const message::GatherLogs& gather) { logs_.gather(gather.call); }
  void on_logs_due(const message::LogsDue& due) { logs_.on_due(due.request); }

  void on_down(const caf::down_msg& down) {
    if (const auto node = peers_.node_of(down.source.node())) {
      if (const ClusterMember* member = membership_.member(*node)) membership_.connection_lost(*node, member->node.incarnation, steady_now());
      forget(*node);
      call();  // it may only have been the connection
    }
    workers_.on_down(down.source.node());
  }

  void on_bundle_kept(const message::BundleKept& kept) { bundles_.on_kept(kept); }

  void tick() {
    self_->delayed_send(self_, options_.heartbeat / kTicksPerHeartbeat, NodeTick{});  // first: the next one comes whatever this one brings
    membership_.tick(steady_now());
    workers_.tick(steady_now());
    pass_requests();
    asked_.tick(steady_now());
    if (++ticks_ % kTicksPerHeartbeat == 1) {
      heartbeat();
      call();
    }
  }

 private:
  static constexpr std::uint64_t kTicksPerHeartbeat = 4;
  static constexpr std::int64_t kHeartbeatsPerCall = 5;

  /// Whom to call: those it was told, and those it knew. A node without a cluster knew nobody.
  std::vector<std::string> seeds() const {
    std::vector<std::string> all = options_.seeds;
    if (options_.cluster.empty()) return all;
    const std::vector<std::string> known = book_.addresses();
    all.insert(all.end(), known.begin(), known.end());
    return all;
  }

  ClusterNodeId id() const { return options_.self.node.id; }

  template <NamedRecord M>
  void tell(const caf::actor& whom, const M& content) {
    self_->send(whom, message::make_packet(0, 0, content));
  }

  template <NamedRecord M>
  M content(const Packet& packet) const {
    return wire::decode<M>(packet.bytes).or_throw();
  }

  // ---- other nodes ----

  /// Said once, until a node there has answered.
  void no_answer(const std::string& address) {
    if (!silent_.insert(address).second) return;
    options_.services->log(Level::Warning, "no node answers at " + address + "; trying again. Is one running there, and is that its --listen, not its --http?");
  }

  void on_node_hello(const Packet& packet, const caf::actor& other) {
    if (leaving_) return;
    const auto hello = content<wire::NodeHello>(packet);
    if (!options_.cluster.empty() && !hello.cluster.empty() && hello.cluster != options_.cluster) {
      const std::string name = "node '" + options_.self.node.name + "'";
      return tell(other, wire::Refused{name + " belongs to another cluster than the node that calls it; should that one join it, start that one with an empty --data and --join", 0});
    }
    if (auto joined = membership_.join(from_hello(hello), steady_now()); !joined) {
      options_.services->log(Level::Warning, joined.error().message);
      return tell(other, wire::Refused{joined.error().message, over(hello)});
    }
    silent_.erase(hello.address);
    book_.note(hello.node, hello.address);
    if (options_.cluster.empty() && !hello.cluster.empty()) belong_to(hello.cluster);
    // What was asked of its process before, or by the connection before, is answered by nobody.
    if (const caf::actor* before = peers_.find(hello.node); before != nullptr && *before != other) forget(hello.node);
    const bool is_new = peers_.take(from_hello(hello).node, other);
    if (is_new || hello.answer) tell(other, to_hello(membership_.self(), options_.cluster));
    if (is_new) {
      hear_log();
      heartbeat();  // to all, so that they come to know each other at once
      stores_.meet(peers_.actors());
    }
    founders_.heard(hello.node, hello.address, hello.cluster);
    begin_if_due();
  }

  /// Null: none that is known has that vote.
  const ClusterMember* member_with(std::uint64_t voter) const {
    for (const auto& [node, member] : membership_.members()) {
      if (voter != 0 && member.node.voter == voter) return &member;
    }
    return nullptr;
  }

  /// The log knows a node's address from when it got its vote.
  void hear_log() {
    const ClusterMember* moved = member_with(log_says_.voter);
    const std::string& address = log_says_.self ? options_.self.node.address : moved != nullptr ? moved->node.node.address : log_says_.address;
    leader_.log_says(address, log_says_.term, log_says_.self ? KnownLeader::Standing::Leads : KnownLeader::Standing::Follows);
  }

  void begin_if_due() {
    if (!options_.cluster.empty() || !founders_.may_begin()) return;
    const auto begun = options_.begin();
    if (!begun) return options_.services->log(Level::Error, "cannot begin a cluster: " + begun.error().message);
    options_.services->log(Level::Info, "begins cluster " + *begun);
    belong_to(*begun);
  }

  /// The others hear of it at once: to them this node had no cluster.
  void belong_to(const std::string& cluster) {
    options_.cluster = cluster;
    options_.joined(cluster);
    peers_.tell_all(to_hello(membership_.self(), cluster));
  }

  /// Another node does not take this one for a member: of what this incarnation ran, nothing counts any more.
  void on_refused(const Packet& packet) {
    if (leaving_) return;  // it said so itself
    const auto refused = content<wire::Refused>(packet);
    if (refused.over >= membership_.self().incarnation) {
      options_.services->log(Level::Warning, "taken for dead: ending all workers, and joining again");
      workers_.end_all();
      may_leave_ = false;  // that was said of what it kept before
      membership_.renew(std::max(refused.over + 1, static_cast<std::uint64_t>(SystemClock().now().ms)));
      peers_.tell_all(to_hello(membership_.self(), options_.cluster));
    }
    if (refused.why == last_refusal_) return;
    last_refusal_ = refused.why;
    options_.services->log(Level::Warning, "not let in: " + refused.why);
  }

  /// Up to which incarnation a node that may not join is over; 0: that is not what keeps it out.
  std::uint64_t over(const wire::NodeHello& hello) const {
    const std::uint64_t newest = membership_.newest_incarnation(hello.node);
    return hello.incarnation <= newest ? newest : 0;
  }

  /// Whether nobody waits for anything of this node, which is to end: no node stays, or none that could take the lead that it has, or
  /// the leader has let it go.
  bool is_drained() const {
    const auto stays = [](const auto& member) { return member.second.intent == ClusterMember::Intent::Stay; };
    const auto could_lead = [&](const auto& member) { return stays(member) && member.second.node.voter != 0; };
    const auto& others = membership_.members();
    if (std::none_of(others.begin(), others.end(), stays)) return true;
    if (leader_.here()) return std::none_of(others.begin(), others.end(), could_lead);
    return workers_.empty() && may_leave_;
  }

  void heartbeat() { peers_.tell_all(make_heartbeat()); }

  wire::Heartbeat make_heartbeat() const {
    wire::Heartbeat beat{membership_.self().incarnation, leader_.address(), leader_.term(), {{id(), options_.self.node.address}}, drained_ != nullptr};
    for (const auto& [node, member] : membership_.members()) beat.members.push_back({node, member.node.node.address});
    return beat;
  }

  void on_heartbeat(ClusterNodeId node, const wire::Heartbeat& beat) {
    if (auto heard = membership_.heartbeat(node, beat.incarnation, steady_now()); !heard) {
      return tell(*peers_.find(node), wire::Refused{heard.error().message, membership_.newest_incarnation(node)});
    }
    if (beat.draining) membership_.drain(node, beat.incarnation);
    bool new_address = false;
    for (const wire::Member& member : beat.members) new_address |= peers_.hear_of(member.node, member.address);
    if (new_address) call();
    leader_.heard(beat.leader, beat.term);
  }

  void call() {
    if (!leaving_) peers_.call();
  }

  void forget(ClusterNodeId node) {
    if (!peers_.forget(node)) return;
    founders_.lost(node);
    stores_.meet(peers_.actors());
    bundles_.on_gone(node);
    asked_.on_gone(node);
    logs_.on_gone(node);
  }

  void tell_changes() {
    auto events = membership_.take_events();
    if (events.empty()) return;
    for (const MembershipEvent& event : events) {
      if (const auto* dead = std::get_if<membership::NodeDead>(&event)) {
        options_.services->log(Level::Warning, dead->why);
        if (membership_.member(dead->id) == nullptr) forget(dead->id);  // otherwise it is back as a newer incarnation
      } else if (const auto* up = std::get_if<membership::NodeUp>(&event)) {
        options_.services->log(Level::Info, "node '" + up->node.node.name + "' at " + up->node.node.address + " is up");
      } else if (const auto* left = std::get_if<membership::NodeLeft>(&event)) {
        on_left(left->node);
      }
    }
    std::vector<ClusterMember> members;
    std::set<std::uint64_t> staying;
    for (const auto& [node, member] : membership_.members()) {
      members.push_back(member);
      const bool stays = member.status == ClusterMember::Status::Up && member.intent == ClusterMember::Intent::Stay;
      if (stays) staying.insert(member.node.voter);
    }
    options_.staying(std::move(staying));
    self_->send(options_.coordinator, message::MembersChanged{std::move(events), std::move(members)});
  }

  /// It is called on, in case it comes back, and its silence is no news.
  void on_left(const ClusterNode& node) {
    options_.services->log(Level::Info, "node '" + node.name + "' at " + node.address + " has left");
    silent_.insert(node.address);
  }

  // ---- what comes in ----

  void from_node(ClusterNodeId node, const Packet& packet, const caf::strong_actor_ptr& sender) {
    if (node != id() && !membership_.member(node)) return;
    if (wire::is_from_leader(packet.kind) && !leads(node)) return;
    if (wire::is_for_worker(packet.kind)) return workers_.pass_on(packet);
    if (wire::is_for_leader(packet.kind)) return self_->send(options_.coordinator, message::FromNode{node, std::make_shared<Packet>(packet)});
    if (wire::is_for_store(packet.kind)) return stores_.pass_on(packet, sender);
    if (packet.kind == name_of<wire::Heartbeat>()) return on_heartbeat(node, content<wire::Heartbeat>(packet));
    if (packet.kind == name_of<wire::StartWorker>()) return on_start_worker(packet);
    if (packet.kind == name_of<wire::MayLeave>()) return on_may_leave(content<wire::MayLeave>(packet));
    if (packet.kind == name_of<wire::KeepBundle>()) return bundles_.copy(content<wire::KeepBundle>(packet));
    if (packet.kind == name_of<wire::KnownJobs>()) return on_known_jobs(content<wire::KnownJobs>(packet));
    if (packet.kind == name_of<wire::ReportWorker>()) return on_report_worker(packet);
    if (packet.kind == name_of<wire::LogMessage>()) return options_.log_message(content<wire::LogMessage>(packet).bytes);
    if (packet.kind == name_of<wire::KillWorker>()) return on_kill_worker(packet);
    if (packet.kind == name_of<wire::FetchBundle>()) return bundles_.on_fetch(node, content<wire::FetchBundle>(packet));
    if (packet.kind == name_of<wire::BundlePiece>()) return bundles_.on_piece(node, content<wire::BundlePiece>(packet));
    if (packet.kind == name_of<wire::ReadWorkerLogs>()) return logs_.on_wanted(node, packet);
    if (packet.kind == name_of<wire::WorkerLogs>()) return logs_.on_logs(node, packet);
    if (packet.kind == name_of<wire::AdminRequest>()) return on_admin_request(node, content<wire::AdminRequest>(packet));
    if (packet.kind == name_of<wire::AdminReply>()) return asked_.on_reply(content<wire::AdminReply>(packet));
    if (packet.kind == name_of<wire::Leaving>()) return membership_.leave(node, content<wire::Leaving>(packet).incarnation);
  }

  /// Whether a member is the leader, as far as this node knows.
  bool leads(ClusterNodeId node) const {
    if (node == id()) return leader_.here();
    const ClusterMember* member = membership_.member(node);
    return member != nullptr && member->node.node.address == leader_.address();
  }

  void from_worker(const Packet& packet, const caf::strong_actor_ptr& sender) {
    if (wire::is_for_store(packet.kind)) return stores_.pass_on(packet, sender);
    if (wire::is_for_leader(packet.kind)) return to_leader(std::make_shared<Packet>(packet));
  }

  void to_leader(std::shared_ptr<Packet> packet) {
    if (leader_.here()) return self_->send(options_.coordinator, message::FromNode{id(), std::move(packet)});
    if (const caf::actor* leader = peers_.find_at(leader_.address())) self_->send(*leader, *packet);
  }

  // ---- workers and their bundles ----

  void on_start_worker(const Packet& packet) {
    bundles_.want({packet.job, packet.attempt, content<wire::StartWorker>(packet)});
  }

  void on_known_jobs(const wire::KnownJobs& known) {
    stores_.forget_others(known);
    bundles_.forget_others(known);
  }

  void on_may_leave(const wire::MayLeave& told) {
    if (told.incarnation == membership_.self().incarnation) may_leave_ = true;
  }

  void on_report_worker(const Packet& packet) {
    if (workers_.has(packet)) return workers_.pass_on(packet);
    gone(packet);
  }

  void gone(const Packet& packet) {
    const wire::WorkerGone gone{"it was not there", {}, true, false};
    to_leader(std::make_shared<Packet>(message::make_packet(packet.job, packet.attempt, gone)));
  }

  void on_kill_worker(const Packet& packet) {
    bundles_.forget(packet.job, packet.attempt);
    if (!workers_.kill(packet)) gone(packet);  // otherwise its end will be told
  }

  NodeBundlesOptions bundles_options() {
    return {
        .services = options_.services,
        .disk = options_.disk,
        .peers = &peers_,
        .there = [this](BundleFetches::Start start) { workers_.start(start.job, start.attempt, std::move(start.worker)); },
        .nowhere = [this](const BundleFetches::Start& start, const std::string& why) {
          on_worker_ended({{.job = start.job, .attempt = start.attempt, .how = why}});
        },
    };
  }

  /// A node that was taken for dead, and does not know it yet, must not wait for an answer.
  void refuse_request(const Packet& packet, const caf::actor& stranger) {
    asked_.no_leader(*asked_.call_of(content<wire::AdminRequest>(packet), stranger));
  }

  /// Where the votes are not known here, since this node has none, it is who led last.
  std::string who_is_missing() const {
    std::set<VoterId> heard{options_.self.voter};
    for (const auto& [node, member] : membership_.members()) {
      if (member.status == ClusterMember::Status::Up) heard.insert(member.node.voter);
    }
    const auto voters = options_.voters();
    if (!voters.empty()) return silent_voters(voters, heard, names_);
    const bool known = !leader_.address().empty() && !leader_.here() && peers_.find_at(leader_.address()) == nullptr;
    return known ? "the last one, " + name_at(leader_.address(), names_) + ", does not answer" : "";
  }

  /// What people ask, to whoever leads now, if anyone does.
  void pass_requests() {
    if (leader_.here()) {
      for (auto& call : asked_.take_held()) self_->send(options_.coordinator, message::Ask{std::move(call)});
    } else if (const caf::actor* leader = peers_.find_at(leader_.address())) {
      asked_.pass_to(*peers_.node_of(leader->node()), *leader, steady_now());
    }
  }

  void on_admin_request(ClusterNodeId node, const wire::AdminRequest& request) {
    const auto call = asked_.call_of(request, *peers_.find(node));
    if (!leader_.here()) return asked_.no_leader(*call);
    self_->send(options_.coordinator, message::Ask{call});
  }

  caf::event_based_actor* self_;
  NodeActorOptions options_;
  Membership membership_;
  PeerBook book_;
  NodePeers peers_;
  NodeStores stores_;
  NodeWorkers workers_;
  NodeBundles bundles_;
  LogRelay logs_;
  Founders founders_;
  KnownLeader leader_;
  message::Leads log_says_{0, "", 0, false};
  std::map<std::string, std::string> names_;     // of nodes that the cluster knows, by address
  AdminRelay asked_;
  bool leaving_ = false;
  std::shared_ptr<std::promise<void>> drained_;  // while it drains
  bool may_leave_ = false;                       // the leader said so
  std::uint64_t ticks_ = 0;
  std::set<std::string> silent_;                 // addresses at which no node answers
  std::string last_refusal_;
};

template <class Message>
auto handler(const std::shared_ptr<Node>& node, void (Node::*on)(const Message&)) {
  return [node, on](const Message& message) { node->guarded([&] { ((*node).*on)(message); }); };
}

}  // namespace

caf::behavior node_actor(caf::event_based_actor* self, NodeActorOptions options) {
  // Owned by the behaviour's handlers; gone when the actor is.
  const auto node = std::make_shared<Node>(self, std::move(options));
  self->set_down_handler([node](const caf::down_msg& down) { node->guarded([&] { node->on_down(down); }); });
  return {
      handler(node, &Node::on_start),   handler(node, &Node::on_bundle_kept),
      handler(node, &Node::on_packet),  handler(node, &Node::on_connected), handler(node, &Node::on_worker_ended),
      handler(node, &Node::on_to_node), handler(node, &Node::on_leads),     handler(node, &Node::on_ask),
      handler(node, &Node::on_known_nodes), handler(node, &Node::on_log_post),
      handler(node, &Node::on_leave),   handler(node, &Node::on_drain),
      handler(node, &Node::on_gather_logs), handler(node, &Node::on_logs_due),
      [node](const NodeTick&) { node->guarded([&] { node->tick(); }); },
  };
}

}  // namespace weir
