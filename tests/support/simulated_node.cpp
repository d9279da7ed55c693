#include "support/simulated_node.hpp"

#include <algorithm>

#include <weir/wire/routes.hpp>

namespace weir::testing {
namespace {

constexpr Duration kTick{250};

template <NamedRecord... M>
bool is_one_of(const message::Packet& packet) {
  return ((packet.kind == name_of<M>()) || ...);
}

}  // namespace

SimulatedNode::SimulatedNode(SimulatedTime& time, SimulatedNetwork& network, NodeAnnouncement self, Ledger& ledger, Copies& copies)
    : time_(time), network_(network), membership_(self, {}, time.now()), coordinator_(time, self, *this), ledger_(ledger), copies_(copies),
      leader_(self.node.address) {}

void SimulatedNode::after(Duration delay, std::function<void()> what) {
  time_.after(delay, [this, alive = std::weak_ptr(alive_), what = std::move(what)] {
    if (!alive.expired()) what();
  });
}

// ---- other nodes ----

void SimulatedNode::tick() {
  membership_.tick(time_.now());
  if (++ticks_ % 4 == 1) {
    heartbeat();
    connect();
  }
  tell_changes();
  leave_if_drained();
  after(kTick, [this] { tick(); });
}

void SimulatedNode::heartbeat() {
  const Heartbeat beat{membership_.self().incarnation, leader_.address(), leader_.term(), draining_};
  for (const auto& [node, life] : handles_) {
    network_.post(id(), node, [from = id(), beat](SimulatedNode& other) { other.on_heartbeat(from, beat); });
  }
}

/// The node with the lower id calls; the other one now and then.
bool SimulatedNode::calls(ClusterNodeId other) {
  if (id() < other) return true;
  const auto [last, is_new] = waits_for_call_.try_emplace(other, time_.now());
  if (time_.now() - last->second < kTick * 20) return false;
  last->second = time_.now();
  return true;
}

void SimulatedNode::connect() {
  if (leaving_) return;
  for (const ClusterNodeId other : network_.others(id())) {
    if (membership_.member(other) && handles_.contains(other)) continue;
    if (calls(other)) network_.connect(id(), other);
  }
}

void SimulatedNode::say_hello(ClusterNodeId to, bool answer) {
  network_.post(id(), to, [hello = membership_.self(), answer, life = network_.life_of(id())](SimulatedNode& other) {
    other.on_hello(hello, answer, life);
  });
}

void SimulatedNode::on_hello(const NodeAnnouncement& hello, bool answer, std::uint64_t life) {
  if (leaving_) return;
  const ClusterNodeId from = hello.node.id;
  if (auto joined = membership_.join(hello, time_.now()); !joined) {
    const std::uint64_t newest = membership_.newest_incarnation(from);
    network_.post(id(), from, [over = hello.incarnation <= newest ? newest : 0](SimulatedNode& other) { other.on_refused(over); });
    return tell_changes();
  }
  const auto known = handles_.find(from);
  const bool is_new = known == handles_.end() || known->second != life;
  if (is_new || answer) say_hello(from, false);
  if (is_new) {
    handles_[from] = life;
    heartbeat();
  }
  waits_for_call_.erase(from);
  tell_changes();
}

void SimulatedNode::on_refused(std::uint64_t over) {
  if (leaving_ || over < membership_.self().incarnation) return;
  end_all_workers();
  membership_.renew(over + 1);
  may_leave_ = false;
  for (const auto& [node, life] : handles_) say_hello(node, false);
  tell_changes();
}

void SimulatedNode::on_heartbeat(ClusterNodeId from, const Heartbeat& beat) {
  if (!handles_.contains(from) || !membership_.member(from)) return;
  if (!membership_.heartbeat(from, beat.incarnation, time_.now())) {
    const std::uint64_t over = membership_.newest_incarnation(from);
    return network_.post(id(), from, [over](SimulatedNode& other) { other.on_refused(over); });
  }
  if (beat.draining) membership_.drain(from, beat.incarnation);
  leader_.heard(beat.leader, beat.term);
  tell_changes();
}

void SimulatedNode::on_leaving(ClusterNodeId from, std::uint64_t incarnation) {
  if (!handles_.contains(from) || !membership_.member(from)) return;
  membership_.leave(from, incarnation);
  tell_changes();
}

void SimulatedNode::on_down(ClusterNodeId other, std::uint64_t life) {
  const auto known = handles_.find(other);
  if (known == handles_.end() || known->second != life) return;
  if (const ClusterMember* member = membership_.member(other)) membership_.connection_lost(other, member->node.incarnation, time_.now());
  forget_handle(other);
  connect();
  tell_changes();
}

void SimulatedNode::take_for_dead(ClusterNodeId other) {
  const ClusterMember* member = membership_.member(other);
  if (member == nullptr) return;
  membership_.connection_lost(other, member->node.incarnation, ProcessingTime{time_.now().ms - MembershipOptions{}.grace.count()});
  membership_.tick(time_.now());
  tell_changes();
}

void SimulatedNode::forget_handle(ClusterNodeId node) { handles_.erase(node); }

void SimulatedNode::tell_changes() {
  auto events = membership_.take_events();
  if (events.empty()) return;
  for (const MembershipEvent& event : events) {
    const auto* dead = std::get_if<membership::NodeDead>(&event);
    if (dead && membership_.member(dead->id) == nullptr) forget_handle(dead->id);
  }
  std::vector<ClusterMember> members;
  for (const auto& [node, member] : membership_.members()) members.push_back(member);
  after(Duration(0), [this, events = std::move(events), members = std::move(members)] { coordinator_.on_members(events, members); });
}

void SimulatedNode::on_leads(const std::string& leader, std::uint64_t term) {
  const bool here = leader == address();
  leader_.log_says(leader, term, here ? KnownLeader::Standing::Leads : KnownLeader::Standing::Follows);
  heartbeat();
  after(Duration(0), [this, here] { coordinator_.on_leads(here); });
}

/// Its heartbeats say so from now on.
void SimulatedNode::drain() {
  draining_ = true;
  heartbeat();
}

void SimulatedNode::leave_if_drained() {
  if (!draining_ || leaving_) return;
  const auto stays = [](const auto& member) { return member.second.intent == ClusterMember::Intent::Stay; };
  const bool others_stay = std::any_of(membership_.members().begin(), membership_.members().end(), stays);
  const bool with_leave = workers_.empty() && may_leave_ && !leader_.here();
  if (with_leave || !others_stay) network_.drained(id(), with_leave);
}

/// Nobody has to wait until this node is taken for dead.
void SimulatedNode::leave() {
  leaving_ = true;
  end_all_workers();
  for (const auto& [node, life] : handles_) {
    network_.post(id(), node, [from = id(), incarnation = membership_.self().incarnation](SimulatedNode& other) { other.on_leaving(from, incarnation); });
  }
}

// ---- what comes in ----

void SimulatedNode::to_node(ClusterNodeId node, message::Packet packet) {
  after(Duration(0), [this, node, packet = std::move(packet)] {
    if (node == id()) return from_node(node, packet);
    if (!handles_.contains(node)) return;
    network_.post(id(), node, [from = id(), packet](SimulatedNode& other) { other.on_packet(from, packet); });
  });
}

void SimulatedNode::on_packet(ClusterNodeId from, const message::Packet& packet) {
  if (handles_.contains(from)) from_node(from, packet);
}

bool SimulatedNode::leads(ClusterNodeId node) const {
  if (node == id()) return leader_.here();
  const ClusterMember* member = membership_.member(node);
  return member != nullptr && member->node.node.address == leader_.address();
}

void SimulatedNode::from_node(ClusterNodeId from, const message::Packet& packet) {
  if (from != id() && !membership_.member(from)) return;
  if (wire::is_from_leader(packet.kind) && !leads(from)) return;
  if (wire::is_for_worker(packet.kind)) return pass_on(packet);
  if (wire::is_for_leader(packet.kind)) return after(Duration(0), [this, from, packet] { coordinator_.on_packet(from, packet); });
  if (is_one_of<wire::StartWorker>(packet)) return start_worker(packet);
  message::on<wire::MayLeave>(packet, [&](const auto& m) {
    may_leave_ = may_leave_ || m.incarnation == membership_.self().incarnation;
    leave_if_drained();
  });
  message::on<wire::KeepBundle>(packet, [&](const auto& m) { bundles_.insert(m.sha256); });
  if (is_one_of<wire::ReportWorker>(packet)) return workers_.contains({packet.job, packet.attempt}) ? pass_on(packet) : not_there(packet);
  if (is_one_of<wire::KillWorker>(packet)) {
    end_workers(packet.job, packet.attempt);
    if (!workers_.contains({packet.job, packet.attempt})) not_there(packet);
  }
  if (is_one_of<wire::ExportSavepoint>(packet)) {
    after(time_.between(1, 300), [this, packet] {
      to_leader(message::make_packet(packet.job, packet.attempt, wire::SavepointWritten{network_.disk_fails(id()) ? "the disk is full" : ""}));
    });
  }
}

void SimulatedNode::to_leader(message::Packet packet) {
  if (leader_.here()) return after(Duration(0), [this, packet = std::move(packet)] { coordinator_.on_packet(id(), packet); });
  for (const auto& [node, life] : handles_) {
    if (!leads(node)) continue;
    return network_.post(id(), node, [from = id(), packet = std::move(packet)](SimulatedNode& other) { other.on_packet(from, packet); });
  }
}

// ---- workers ----

void SimulatedNode::start_worker(const message::Packet& packet) {
  OneWorker made;
  made.start = wire::decode<wire::StartWorker>(packet.bytes).or_throw();
  bundles_.insert(made.start.bundle);
  if (!workers_.try_emplace({packet.job, packet.attempt}, std::move(made)).second) return;
  end_workers(packet.job, packet.attempt - 1);
  start_those_due(packet.job);
}

void SimulatedNode::start_those_due(JobId job) {
  const auto first = workers_.lower_bound({job, 0});
  if (first == workers_.end() || first->first.first != job || first->second.process) return;
  const Key key = first->first;
  WorkerSurroundings surroundings;
  surroundings.tell_node = [this, key](message::Packet packet) {
    after(Duration(1), [this, key, packet = std::move(packet)] {
      if (workers_.contains(key)) to_leader(packet);
    });
  };
  surroundings.reaches = [this](const std::string& address) { return network_.worker_at(address) != nullptr; };
  surroundings.disk_fails = [this] { return network_.disk_fails(id()); };
  surroundings.ledger = &ledger_;
  surroundings.copies = &copies_;
  first->second.process = std::make_shared<SimulatedWorker>(time_, key.first, key.second, id(), std::move(surroundings));
  after(time_.between(1, 80), [this, key, process = std::weak_ptr(first->second.process)] {
    const auto alive = process.lock();
    if (!alive) return;
    workers_.at(key).said_hello = true;
    alive->start(workers_.at(key).start);
  });
}

void SimulatedNode::end_workers(JobId job, std::uint64_t up_to) {
  for (auto worker = workers_.lower_bound({job, 0}); worker != workers_.end() && worker->first.first == job && worker->first.second <= up_to;) {
    worker->second.to_end = true;
    if (worker->second.process) end_process((worker++)->first, "killed", false);
    else worker = workers_.erase(worker);
  }
}

void SimulatedNode::end_all_workers() {
  std::set<Key> all;
  for (const auto& [key, worker] : workers_) all.insert(key);
  for (const auto& [job, attempt] : all) end_workers(job, attempt);
}

/// The process takes a while to die, and its node to notice.
void SimulatedNode::end_process(Key key, const std::string& how, bool by_itself) {
  OneWorker& worker = workers_.at(key);
  if (std::exchange(worker.ending, true)) return;
  after(time_.between(1, 40), [this, key, how, by_itself] {
    const auto found = workers_.find(key);
    const std::string address = found->second.process->address();
    const wire::WorkerGone gone{how, {}, found->second.to_end, by_itself};
    workers_.erase(found);
    start_those_due(key.first);
    to_leader(message::make_packet(key.first, key.second, gone));
    network_.worker_ended(address);
    leave_if_drained();
  });
}

void SimulatedNode::pass_on(const message::Packet& packet) {
  const auto found = workers_.find({packet.job, packet.attempt});
  if (found == workers_.end() || !found->second.said_hello) return;
  after(Duration(1), [process = std::weak_ptr(found->second.process), packet] {
    if (const auto alive = process.lock()) alive->on_packet(packet);
  });
}

void SimulatedNode::not_there(const message::Packet& packet) {
  to_leader(message::make_packet(packet.job, packet.attempt, wire::WorkerGone{"it was not there", {}, true, false}));
}

std::string SimulatedNode::workers() const {
  std::string all;
  for (const auto& [key, worker] : workers_) {
    const bool deployed = worker.process && worker.process->deployed();
    all += " node " + std::to_string(id()) + " job " + std::to_string(key.first) + " attempt " + std::to_string(key.second) + (deployed ? " deployed" : "") + ";";
  }
  return all;
}

SimulatedWorker* SimulatedNode::worker_at(const std::string& address) {
  for (const auto& [key, worker] : workers_) {
    if (worker.process && worker.process->address() == address) return worker.process.get();
  }
  return nullptr;
}

void SimulatedNode::on_link_lost(const std::string& address) {
  for (const auto& [key, worker] : workers_) {
    if (worker.process) worker.process->on_link_lost(address);
  }
}

void SimulatedNode::crash_worker(JobId job, const std::string& how, bool by_itself) {
  const auto first = workers_.lower_bound({job, 0});
  if (first != workers_.end() && first->first.first == job && first->second.process) end_process(first->first, how, by_itself);
}

void SimulatedNode::fail_task(JobId job, const std::string& why) {
  for (const auto& [key, worker] : workers_) {
    if (key.first == job && worker.process) worker.process->fail_task(why);
  }
}

}  // namespace weir::testing
