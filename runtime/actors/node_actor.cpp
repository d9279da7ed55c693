#include <weir/actors/node_actor.hpp>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include <caf/all.hpp>

#include <weir/actors/bundle_fetches.hpp>
#include <weir/actors/node_messages.hpp>
#include <weir/actors/node_workers.hpp>
#include <weir/actors/remote_messages.hpp>
#include <weir/actors/store_actor.hpp>
#include <weir/base/clock.hpp>
#include <weir/base/exception_text.hpp>
#include <weir/base/text.hpp>
#include <weir/coordination/founders.hpp>
#include <weir/coordination/known_leader.hpp>
#include <weir/wire/control.hpp>

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

template <NamedRecord... M>
bool is_one_of(const Packet& packet) {
  return ((packet.kind == name_of<M>()) || ...);
}

bool is_for_worker(const Packet& packet) { return is_one_of<wire::Deploy, wire::Open, wire::Go, wire::Trigger, wire::Complete, wire::GiveUp>(packet); }

/// What nobody but the leader may say.
bool is_from_leader(const Packet& packet) {
  return is_for_worker(packet) || is_one_of<wire::StartWorker, wire::KillWorker, wire::ReportWorker, wire::RewindParts, wire::KeepParts,
                                              wire::CloseParts, wire::ForgetJob, wire::KnownJobs, wire::ExportSavepoint>(packet);
}

bool is_for_leader(const Packet& packet) {
  return is_one_of<wire::WorkerUp, wire::ReadyToOpen, wire::TaskReady, wire::TaskFailed, wire::TaskFinished, wire::TaskStored, wire::StoringFailed,
                   wire::TaskPublished, wire::WorkerFailed, wire::WorkerReport, wire::Figures, wire::WorkerGone, wire::SavepointWritten>(packet);
}

bool is_for_store(const Packet& packet) {
  return is_one_of<wire::StoreParts, wire::ReadParts, wire::KeepParts, wire::RewindParts, wire::CloseParts, wire::ForgetJob,
                   wire::ExportSavepoint>(packet);
}

/// The jobs that a directory has stores of.
std::vector<JobId> stored_jobs(const std::filesystem::path& directory) {
  std::vector<JobId> jobs;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(directory, none)) {
    const std::string name = entry.path().filename();
    JobId job = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), job);
    if (error == std::errc{} && end == name.data() + name.size()) jobs.push_back(job);
  }
  return jobs;
}

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
        workers_(self, *options_.services, options_.self.node.address),
        fetches_(*options_.services, fetch_effects()),
        founders_(options_.self.node.address, options_.seeds),
        leader_(options_.self.node.address) {}

  void start() {
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
      if (drained_ && (workers_.empty() || !others_stay())) std::exchange(drained_, nullptr)->set_value();
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
    if (const auto node = nodes_by_process_.find(sender->node()); node != nodes_by_process_.end()) return from_node(node->second, packet, sender);
    const bool from_here = sender->node() == self_->node();  // a store's answer to the leader, which is this node
    if (from_here || workers_.sent_by_worker(packet, sender->node())) return from_worker(packet, sender);
  }

  void on_connected(const message::Connected& connected) {
    connecting_.erase(connecting_by_tag_[connected.tag]);
    connecting_by_tag_.erase(connected.tag);
    if (!connected.peer) return;
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
    const auto other = handles_.find(to.node);
    if (other != handles_.end()) self_->send(other->second, *to.packet);
  }

  void on_leads(const message::Leads& leads) {
    leader_.log_says(leads.address, leads.term, leads.self ? KnownLeader::Standing::Leads : KnownLeader::Standing::Follows);
    heartbeat();
  }

  void on_known_nodes(const message::KnownNodes& known) {
    for (const ClusterNode& node : known.nodes) {
      if (node.id != id()) addresses_.insert_or_assign(node.address, node.id);
    }
    connect();
  }

  /// The leader hears it with the next heartbeat, which is now: it moves what runs here, after a checkpoint.
  void on_drain(const message::Drain& drain) {
    drained_ = drain.drained;
    heartbeat();
  }

  /// Nobody has to wait until this node is taken for dead.
  void on_leave(const message::Leave&) {
    leaving_ = true;
    workers_.end_all();
    const wire::Leaving leaving{membership_.self().incarnation};
    for (const auto& [node, handle] : handles_) tell(handle, leaving);
  }

  void on_log_post(const message::LogPost& post) {
    const caf::actor* other = handle_at(post.address);
    if (other != nullptr) tell(*other, wire::LogMessage{post.bytes});
  }

  void on_ask(const message::Ask& ask) {
    if (leader_.here()) return self_->send(options_.coordinator, ask);
    const caf::actor* leader = handle_at(leader_.address());
    if (leader == nullptr) return ask.call->answer(503, R"({"error":"the cluster has no leader now; try again"})");
    const std::uint64_t number = ++last_request_;
    asked_.emplace(number, ask.call);
    tell(*leader, wire::AdminRequest{number, ask.call->method, ask.call->path, ask.call->body});
  }

  void on_down(const caf::down_msg& down) {
    if (const auto node = nodes_by_process_.find(down.source.node()); node != nodes_by_process_.end()) {
      const ClusterNodeId id = node->second;
      if (const ClusterMember* member = membership_.member(id)) membership_.connection_lost(id, member->node.incarnation, steady_now());
      forget_handle(id);
      connect();  // it may only have been the connection
    }
    workers_.on_down(down.source.node());
  }

  void tick() {
    membership_.tick(steady_now());
    if (++ticks_ % kTicksPerHeartbeat == 1) {
      heartbeat();
      connect();
    }
    self_->delayed_send(self_, options_.heartbeat / kTicksPerHeartbeat, NodeTick{});
  }

 private:
  static constexpr std::uint64_t kTicksPerHeartbeat = 4;
  static constexpr std::size_t kPieceBytes = 256 << 10;  // of a bundle

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

  void on_node_hello(const Packet& packet, const caf::actor& other) {
    if (leaving_) return;
    const auto hello = content<wire::NodeHello>(packet);
    if (!options_.cluster.empty() && !hello.cluster.empty() && hello.cluster != options_.cluster) {
      return tell(other, wire::Refused{"this is another cluster", 0});
    }
    if (auto joined = membership_.join(from_hello(hello), steady_now()); !joined) {
      options_.services->log(Level::Warning, joined.error().message);
      return tell(other, wire::Refused{joined.error().message, over(hello)});
    }
    if (options_.cluster.empty() && !hello.cluster.empty()) belong_to(hello.cluster);
    const auto known = handles_.find(hello.node);
    const bool is_new = known == handles_.end() || known->second != other;
    if (is_new || hello.answer) tell(other, to_hello(membership_.self(), options_.cluster));
    if (is_new) take_handle(hello.node, other);
    waits_for_call_.erase(hello.address);
    founders_.heard(hello.node, hello.address, hello.cluster);
    begin_if_due();
  }

  void take_handle(ClusterNodeId node, const caf::actor& other) {
    forget_handle(node);
    handles_[node] = other;
    nodes_by_process_[other.node()] = node;
    self_->monitor(other);
    heartbeat();  // to all, so that they come to know each other at once
    tell_stores();
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
    for (const auto& [node, handle] : handles_) tell(handle, to_hello(membership_.self(), cluster));
  }

  /// Another node does not take this one for a member: of what this incarnation ran, nothing counts any more.
  void on_refused(const Packet& packet) {
    if (leaving_) return;  // it said so itself
    const auto refused = content<wire::Refused>(packet);
    if (refused.over >= membership_.self().incarnation) {
      options_.services->log(Level::Warning, "taken for dead: ending all workers, and joining again");
      workers_.end_all();
      membership_.renew(std::max(refused.over + 1, static_cast<std::uint64_t>(SystemClock().now().ms)));
      for (const auto& [node, handle] : handles_) tell(handle, to_hello(membership_.self(), options_.cluster));
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

  /// Whether there is a node that does not leave, too.
  bool others_stay() const {
    const auto stays = [](const auto& member) { return member.second.intent == ClusterMember::Intent::Stay; };
    return std::any_of(membership_.members().begin(), membership_.members().end(), stays);
  }

  void heartbeat() {
    const wire::Heartbeat beat = make_heartbeat();
    for (const auto& [node, handle] : handles_) tell(handle, beat);
  }

  wire::Heartbeat make_heartbeat() const {
    wire::Heartbeat beat{membership_.self().incarnation, leader_.address(), leader_.term(), {{id(), options_.self.node.address}}, drained_ != nullptr};
    for (const auto& [node, member] : membership_.members()) beat.members.push_back({node, member.node.node.address});
    return beat;
  }

  void on_heartbeat(ClusterNodeId node, const wire::Heartbeat& beat) {
    if (auto heard = membership_.heartbeat(node, beat.incarnation, steady_now()); !heard) {
      return tell(handles_.at(node), wire::Refused{heard.error().message, membership_.newest_incarnation(node)});
    }
    if (beat.draining) membership_.drain(node, beat.incarnation);
    bool new_address = false;
    for (const wire::Member& member : beat.members) {
      if (member.node != id()) new_address |= addresses_.insert_or_assign(member.address, member.node).second;
    }
    if (new_address) connect();
    leader_.heard(beat.leader, beat.term);
  }

  /// Whether it is for this node to connect, and not for the other: of two connections at once each end drops another one, and both
  /// are lost. The node with the lower id calls; the other one now and then, since the first may not know of it.
  bool calls(const std::string& address) {
    const auto known = addresses_.find(address);
    if (known == addresses_.end() || id() < known->second) return true;
    const ProcessingTime now = steady_now();
    const auto [last, is_new] = waits_for_call_.try_emplace(address, now);
    if (now - last->second < options_.heartbeat * 5) return false;
    last->second = now;
    return true;
  }

  /// To every node that is known and not there.
  void connect() {
    if (leaving_) return;
    std::set<std::string> wanted(options_.seeds.begin(), options_.seeds.end());
    for (const auto& [address, node] : addresses_) wanted.insert(address);
    wanted.erase(options_.self.node.address);
    for (const auto& [node, member] : membership_.members()) {
      if (handles_.contains(node)) wanted.erase(member.node.node.address);
    }
    for (const std::string& address : wanted) {
      if (!calls(address) || !connecting_.insert(address).second) continue;
      connecting_by_tag_[++last_tag_] = address;
      options_.network->connect_in_background(caf::actor_cast<caf::actor>(self_), address, last_tag_);
    }
  }

  void forget_handle(ClusterNodeId node) {
    const auto known = handles_.find(node);
    if (known == handles_.end()) return;
    nodes_by_process_.erase(known->second.node());
    handles_.erase(known);
    founders_.lost(node);
    tell_stores();
    fetches_.on_gone(node);
  }

  void tell_changes() {
    auto events = membership_.take_events();
    if (events.empty()) return;
    for (const MembershipEvent& event : events) {
      if (const auto* dead = std::get_if<membership::NodeDead>(&event)) {
        options_.services->log(Level::Warning, dead->why);
        if (membership_.member(dead->id) == nullptr) forget_handle(dead->id);  // otherwise it is back as a newer incarnation
      } else if (const auto* up = std::get_if<membership::NodeUp>(&event)) {
        options_.services->log(Level::Info, "node '" + up->node.node.name + "' at " + up->node.node.address + " is up");
      }
    }
    std::vector<ClusterMember> members;
    for (const auto& [node, member] : membership_.members()) members.push_back(member);
    self_->send(options_.coordinator, message::MembersChanged{std::move(events), std::move(members)});
  }

  // ---- what comes in ----

  void from_node(ClusterNodeId node, const Packet& packet, const caf::strong_actor_ptr& sender) {
    if (node != id() && !membership_.member(node)) return;
    if (is_from_leader(packet) && !leads(node)) return;
    if (is_for_worker(packet)) return workers_.pass_on(packet);
    if (is_for_leader(packet)) return self_->send(options_.coordinator, message::FromNode{node, std::make_shared<Packet>(packet)});
    if (is_for_store(packet)) return to_store(packet, sender);
    if (packet.kind == name_of<wire::Heartbeat>()) return on_heartbeat(node, content<wire::Heartbeat>(packet));
    if (packet.kind == name_of<wire::StartWorker>()) return on_start_worker(packet);
    if (packet.kind == name_of<wire::KnownJobs>()) return on_known_jobs(content<wire::KnownJobs>(packet));
    if (packet.kind == name_of<wire::ReportWorker>()) return on_report_worker(packet);
    if (packet.kind == name_of<wire::LogMessage>()) return options_.log_message(content<wire::LogMessage>(packet).bytes);
    if (packet.kind == name_of<wire::KillWorker>()) return on_kill_worker(packet);
    if (packet.kind == name_of<wire::FetchBundle>()) return on_fetch(node, content<wire::FetchBundle>(packet));
    if (packet.kind == name_of<wire::BundlePiece>()) return fetches_.on_piece(node, content<wire::BundlePiece>(packet));
    if (packet.kind == name_of<wire::AdminRequest>()) return on_admin_request(node, content<wire::AdminRequest>(packet));
    if (packet.kind == name_of<wire::AdminReply>()) return on_admin_reply(content<wire::AdminReply>(packet));
    if (packet.kind == name_of<wire::Leaving>()) return membership_.leave(node, content<wire::Leaving>(packet).incarnation);
  }

  /// Whether a member is the leader, as far as this node knows.
  bool leads(ClusterNodeId node) const {
    if (node == id()) return leader_.here();
    const ClusterMember* member = membership_.member(node);
    return member != nullptr && member->node.node.address == leader_.address();
  }

  void from_worker(const Packet& packet, const caf::strong_actor_ptr& sender) {
    if (is_for_store(packet)) return to_store(packet, sender);
    if (is_for_leader(packet)) return to_leader(std::make_shared<Packet>(packet));
  }

  void to_leader(std::shared_ptr<Packet> packet) {
    if (leader_.here()) return self_->send(options_.coordinator, message::FromNode{id(), std::move(packet)});
    const caf::actor* leader = handle_at(leader_.address());
    if (leader != nullptr) self_->send(*leader, *packet);
  }

  /// Of a node that is connected; null when none is at that address.
  const caf::actor* handle_at(const std::string& address) const {
    for (const auto& [node, handle] : handles_) {
      const ClusterMember* member = membership_.member(node);
      if (member != nullptr && member->node.node.address == address) return &handle;
    }
    return nullptr;
  }

  void to_store(const Packet& packet, const caf::strong_actor_ptr& sender) {
    const bool closes = is_one_of<wire::CloseParts>(packet);
    if (closes && !stores_.contains(packet.job)) return;
    auto& store = stores_[packet.job];
    if (!store) {
      const auto directory = options_.data / "jobs" / std::to_string(packet.job);
      store = self_->spawn<caf::linked>(store_actor, StoreActorOptions{id(), packet.job, directory, options_.store_bytes, options_.disk, others()});
    }
    caf::send_as(caf::actor_cast<caf::actor>(sender), store, packet);
    if (closes || is_one_of<wire::ForgetJob>(packet)) stores_.erase(packet.job);
  }

  /// Jobs may have been forgotten while this node was away.
  void on_known_jobs(const wire::KnownJobs& known) {
    const std::set<JobId> jobs(known.jobs.begin(), known.jobs.end());
    for (const JobId job : stored_jobs(options_.data / "jobs")) {
      if (job < known.next && !jobs.contains(job)) to_store(message::make_packet(job, 0, wire::ForgetJob{"the job was forgotten"}), self_->ctrl());
    }
  }

  std::shared_ptr<const NodeActors> others() const { return std::make_shared<const NodeActors>(handles_); }

  void tell_stores() {
    const auto now_up = others();
    for (const auto& [job, store] : stores_) self_->send(store, message::OtherNodes{now_up});
  }

  // ---- workers and their bundles ----

  void on_start_worker(const Packet& packet) {
    BundleFetches::Start start{packet.job, packet.attempt, content<wire::StartWorker>(packet)};
    if (options_.services->has_bundle(start.worker.bundle)) return workers_.start(start.job, start.attempt, std::move(start.worker));
    fetches_.want(std::move(start));
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
    fetches_.forget(packet.job, packet.attempt);
    if (!workers_.kill(packet)) gone(packet);  // otherwise its end will be told
  }

  void on_fetch(ClusterNodeId node, const wire::FetchBundle& fetch) {
    auto piece = options_.services->read_bundle(fetch.sha256, fetch.offset, kPieceBytes);
    tell(handles_.at(node), piece ? wire::BundlePiece{fetch.sha256, fetch.offset, *piece, ""}
                                  : wire::BundlePiece{fetch.sha256, fetch.offset, "", piece.error().message});
  }

  BundleFetches::Effects fetch_effects() {
    return {
        .ask = [this](ClusterNodeId holder, const wire::FetchBundle& fetch) {
          const auto handle = handles_.find(holder);
          if (handle == handles_.end()) return BundleFetches::Asked::No;
          tell(handle->second, fetch);
          return BundleFetches::Asked::Yes;
        },
        .there = [this](BundleFetches::Start start) { workers_.start(start.job, start.attempt, std::move(start.worker)); },
        .nowhere = [this](const BundleFetches::Start& start, const std::string& why) {
          on_worker_ended({{.job = start.job, .attempt = start.attempt, .how = why}});
        },
    };
  }

  // ---- requests of people, passed to the leader ----

  void on_admin_request(ClusterNodeId node, const wire::AdminRequest& request) {
    auto call = std::make_shared<AdminCall>(AdminCall{request.method, request.path, request.body, {}});
    const caf::actor back = handles_.at(node);
    const auto self = caf::actor_cast<caf::actor>(self_);
    call->answer = [back, self, number = request.request](std::uint32_t status, std::string body) {
      caf::send_as(self, back, message::make_packet(0, 0, wire::AdminReply{number, status, std::move(body)}));
    };
    if (!leader_.here()) return call->answer(503, R"({"error":"the cluster's leader has just changed; try again"})");
    self_->send(options_.coordinator, message::Ask{std::move(call)});
  }

  void on_admin_reply(const wire::AdminReply& reply) {
    const auto asked = asked_.find(reply.request);
    if (asked == asked_.end()) return;
    asked->second->answer(reply.status, reply.body);
    asked_.erase(asked);
  }

  caf::event_based_actor* self_;
  NodeActorOptions options_;
  Membership membership_;
  NodeWorkers workers_;
  BundleFetches fetches_;
  Founders founders_;
  KnownLeader leader_;
  bool leaving_ = false;
  std::shared_ptr<std::promise<void>> drained_;  // while it drains
  std::uint64_t ticks_ = 0;
  NodeActors handles_;                                     // of nodes that are connected
  std::map<caf::node_id, ClusterNodeId> nodes_by_process_;
  std::map<std::string, ClusterNodeId> addresses_;         // that were heard of
  std::map<std::string, ProcessingTime> waits_for_call_;   // addresses of nodes that are to call: since when, or when last called
  std::set<std::string> connecting_;
  std::map<std::uint64_t, std::string> connecting_by_tag_;
  std::uint64_t last_tag_ = 0;
  std::string last_refusal_;
  std::map<JobId, caf::actor> stores_;
  std::map<std::uint64_t, std::shared_ptr<AdminCall>> asked_;
  std::uint64_t last_request_ = 0;
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
  node->start();
  return {
      handler(node, &Node::on_packet),  handler(node, &Node::on_connected), handler(node, &Node::on_worker_ended),
      handler(node, &Node::on_to_node), handler(node, &Node::on_leads),     handler(node, &Node::on_ask),
      handler(node, &Node::on_known_nodes), handler(node, &Node::on_log_post),
      handler(node, &Node::on_leave),   handler(node, &Node::on_drain),
      [node](const NodeTick&) { node->guarded([&] { node->tick(); }); },
  };
}

}  // namespace weir
