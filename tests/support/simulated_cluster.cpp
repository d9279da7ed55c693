#include "support/simulated_cluster.hpp"

#include <algorithm>
#include <cstdlib>
#include <iostream>

namespace weir::testing {
namespace {

NodeAnnouncement announcement(ClusterNodeId id, std::uint64_t incarnation, std::uint32_t slots) {
  const std::string name = "node" + std::to_string(id);
  return {{id, name, name + ":7070", name + ":7071"}, incarnation, slots, "test"};
}

}  // namespace

SimulatedCluster::SimulatedCluster(SimulatedClusterOptions options) : options_(options), time_(options.seed) {
  for (ClusterNodeId id = 1; id <= options_.nodes; ++id) machines_[id];
  for (ClusterNodeId id = 1; id <= options_.nodes; ++id) open(id);
  run_for(Duration(3000));
  elect(1);
  run_for(Duration(3000));
}

void SimulatedCluster::run_for(Duration span) {
  for (const ProcessingTime end = time_.now() + span; time_.step(end);) {}
}

bool SimulatedCluster::run_until(const std::function<bool()>& condition, Duration within) {
  const ProcessingTime end = time_.now() + within;
  while (!condition()) {
    if (!time_.step(end)) return condition();
  }
  return true;
}

// ---- people ----

JobSpec SimulatedCluster::spec(std::uint32_t parallelism, std::uint32_t rows) {
  JobSpec made;
  made.name = "rows";
  made.bundle = std::string(64, 'a');
  made.options = {{"rows", std::to_string(rows)}};
  made.parallelism = parallelism;
  made.checkpoint_interval = Duration(200);
  made.restart.longest_delay = Duration(1000);
  return made;
}

JobId SimulatedCluster::submit(const JobSpec& spec) {
  const JobId job = logged_.content().next_job;
  const bool there = run_until([&] {
    if (leader_ != 0 && node(leader_)->coordinator().leads() && waiting_.empty() && logged_.job(job) == nullptr) {
      propose(command::Submit{spec, "job" + std::to_string(job), time_.now().ms});
    }
    return logged_.job(job) != nullptr;
  });
  if (!there) wrong("a job cannot be submitted");
  return job;
}

void SimulatedCluster::wish(JobId job, JobWish wish) {
  propose(command::Wish{job, wish, wish == JobWish::Savepoint ? "/savepoint" : ""});
}

void SimulatedCluster::propose(ClusterCommand command) {
  if (leader_ != 0) node(leader_)->coordinator().submit(std::move(command));
}

std::string SimulatedCluster::phase(JobId job) {
  const LiveJob* live = leader_ != 0 ? node(leader_)->coordinator().live(job) : nullptr;
  return live ? live->phase : "";
}

std::string SimulatedCluster::why(JobId job) {
  const LiveJob* live = leader_ != 0 ? node(leader_)->coordinator().live(job) : nullptr;
  return live ? live->why : "";
}

// ---- machines and connections ----

void SimulatedCluster::open(ClusterNodeId id) {
  Machine& machine = machines_.at(id);
  ++machine.life;
  machine.incarnation = std::max<std::uint64_t>(machine.incarnation + 1, static_cast<std::uint64_t>(time_.now().ms));
  SimulatedNetwork& network = *this;
  machine.node = std::make_unique<SimulatedNode>(time_, network, announcement(id, machine.incarnation, options_.slots), ledger_, copies_);
  machine.applied = 0;
  while (machine.applied < entries_.size()) apply_one(id);
  machine.node->start();
}

std::size_t SimulatedCluster::nodes_running() const {
  return static_cast<std::size_t>(std::count_if(machines_.begin(), machines_.end(), [](const auto& machine) { return machine.second.node != nullptr; }));
}

void SimulatedCluster::kill(ClusterNodeId id, Noticed noticed) {
  Machine& machine = machines_.at(id);
  if (!machine.node) return;
  if (leader_ == id) depose();
  const std::unique_ptr<SimulatedNode> dead = std::move(machine.node);
  for (const ClusterNodeId other : others(id)) down(id, other, noticed);
}

void SimulatedCluster::restart(ClusterNodeId id) {
  if (!machines_.at(id).node) open(id);
}

void SimulatedCluster::leave(ClusterNodeId id) {
  if (!node(id) || node(id)->leaving()) return;
  node(id)->leave();
  time_.after(time_.between(50, 1000), [this, id, life = life_of(id)] {
    if (life_of(id) == life) kill(id);
  });
}

void SimulatedCluster::drain(ClusterNodeId id) {
  constexpr Duration kLimit{20'000};
  if (!node(id) || node(id)->draining() || node(id)->leaving()) return;
  node(id)->drain();
  hand_over(id, life_of(id), time_.now() + kLimit);
}

/// It may be elected meanwhile.
void SimulatedCluster::hand_over(ClusterNodeId id, std::uint64_t life, ProcessingTime end) {
  constexpr Duration kLook{100};
  if (!node(id) || life_of(id) != life) return;
  if (time_.now() >= end) return leave(id);
  if (leader_ == id && successor(id) != 0) elect(successor(id));
  time_.after(kLook, [this, id, life, end] { hand_over(id, life, end); });
}

ClusterNodeId SimulatedCluster::successor(ClusterNodeId of) const {
  ClusterNodeId any = 0;
  for (const auto& [id, machine] : machines_) {
    if (id == of || !machine.node || machine.node->leaving()) continue;
    if (!machine.node->draining()) return id;
    any = id;
  }
  return any;
}

/// It must not take a copy along that counts as one of a checkpoint's.
void SimulatedCluster::drained(ClusterNodeId id, bool with_leave) {
  spared_ += with_leave;
  for (const auto& [job, record] : logged_.jobs()) {
    if (!with_leave || record.ended() || record.manifests.empty()) continue;
    for (const OperatorParts& op : record.manifests.front().operators) {
      for (const PartReference& part : op.parts) {
        if (!copies_[{job, part.chunk}].contains(id)) continue;
        wrong("node " + std::to_string(id) + " leaves with a copy of chunk " + to_text(part.chunk));
      }
    }
  }
  leave(id);
}

void SimulatedCluster::cut(ClusterNodeId one, ClusterNodeId other) {
  connection(one, other).cut = true;
  break_connection(one, other);
}

void SimulatedCluster::mend() {
  for (auto& [ends, connection] : connections_) connection.cut = false;
}

void SimulatedCluster::break_connection(ClusterNodeId one, ClusterNodeId other) {
  if (connection(one, other).up) down(one, other, Noticed::AtOnce);
}

void SimulatedCluster::down(ClusterNodeId one, ClusterNodeId other, Noticed noticed) {
  Connection& broken = connection(one, other);
  if (!broken.up) return;
  broken.up = false;
  const std::uint64_t epoch = ++broken.epoch;
  broken.unnoticed = 0;
  if (noticed == Noticed::BySilence) return;
  for (const auto& [node, peer] : {std::pair(one, other), std::pair(other, one)}) {
    if (!machines_.at(node).node) continue;
    ++broken.unnoticed;
    time_.after(time_.between(1, 100), [this, node = node, peer = peer, epoch, life = life_of(node), peers = life_of(peer)] {
      Connection& known = connection(node, peer);
      if (known.epoch == epoch) --known.unnoticed;
      if (machines_.at(node).node && life_of(node) == life) machines_.at(node).node->on_down(peer, peers);
    });
  }
  // Links between their workers go the same way.
  for (const auto& [node, peer] : {std::pair(one, other), std::pair(other, one)}) {
    if (!machines_.at(node).node) continue;
    time_.after(time_.between(1, 100), [this, node = node, peer = std::to_string(peer) + ":", life = life_of(node)] {
      if (!machines_.at(node).node || life_of(node) != life) return;
      for (const auto& [job, record] : logged_.jobs()) {
        machines_.at(node).node->on_link_lost(peer + std::to_string(job) + ":" + std::to_string(record.attempt));
      }
    });
  }
}

void SimulatedCluster::connect(ClusterNodeId from, ClusterNodeId to) {
  time_.after(time_.between(1, 30), [this, from, to, life = life_of(from)] {
    Connection& between = connection(from, to);
    if (!machines_.at(from).node || life_of(from) != life || !machines_.at(to).node || between.cut || between.unnoticed > 0) return;
    if (!between.up) {
      between.up = true;
      ++between.epoch;
    }
    machines_.at(from).node->say_hello(to, true);
  });
}

void SimulatedCluster::post(ClusterNodeId from, ClusterNodeId to, std::function<void(SimulatedNode&)> what) {
  Connection& between = connection(from, to);
  if (!between.up) return;
  ProcessingTime& last = between.last[from < to ? 0 : 1];
  last = std::max(last, time_.now() + time_.between(1, 20));
  time_.at(last, [this, from, to, epoch = between.epoch, what = std::move(what)] {
    if (connection(from, to).epoch == epoch && machines_.at(to).node) what(*machines_.at(to).node);
  });
}

std::vector<ClusterNodeId> SimulatedCluster::others(ClusterNodeId of) const {
  std::vector<ClusterNodeId> others;
  for (const auto& [id, machine] : machines_) {
    if (id != of) others.push_back(id);
  }
  return others;
}

SimulatedWorker* SimulatedCluster::worker_at(const std::string& address) {
  const auto& machine = machines_.at(std::stoull(address));
  return machine.node ? machine.node->worker_at(address) : nullptr;
}

void SimulatedCluster::worker_ended(const std::string& address) {
  for (auto& [id, machine] : machines_) {
    if (machine.node) machine.node->on_link_lost(address);
  }
}

// ---- the log ----

void SimulatedCluster::later(ClusterNodeId id, Duration delay, std::function<void(SimulatedNode&)> what) {
  time_.after(delay, [this, id, life = life_of(id), what = std::move(what)] {
    if (machines_.at(id).node && life_of(id) == life) what(*machines_.at(id).node);
  });
}

void SimulatedCluster::not_logged(const SimulatedEntry& entry, const std::string& why) {
  if (life_of(entry.proposer) != entry.life) return;
  later(entry.proposer, Duration(1), [number = entry.number, why](SimulatedNode& node) { node.coordinator().on_not_logged(number, why); });
}

void SimulatedCluster::propose(ClusterNodeId id, std::uint64_t number, ClusterCommand command) {
  SimulatedEntry entry{id, life_of(id), number, std::move(command)};
  if (id != leader_) return not_logged(entry, "this member does not lead");
  if (const auto lost = loses ? loses(entry.command) : std::nullopt) return not_logged(entry, *lost);
  waiting_.push_back(std::move(entry));
  commit_next();
}

/// A majority may be slow now and then.
void SimulatedCluster::commit_next() {
  if (held_ || committing_ || waiting_.empty()) return;
  committing_ = true;
  time_.after(time_.one_in(20) ? time_.between(500, 3000) : time_.between(1, 20), [this, term = term_] {
    if (term != term_) return;
    committing_ = false;
    if (held_ || waiting_.empty()) return;
    SimulatedEntry entry = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    log(std::move(entry));
    while (machines_.at(leader_).applied < entries_.size()) apply_one(leader_);
    commit_next();
  });
}

void SimulatedCluster::hold_log(bool held) {
  held_ = held;
  committing_ = false;
  ++term_;
  commit_next();
}

void SimulatedCluster::log(SimulatedEntry entry) {
  const ClusterState before = logged_;
  const auto applied = logged_.apply(entry.command);
  entries_.push_back(std::move(entry));
  for (const auto& [job, record] : before.jobs()) {
    const JobRecord* now = logged_.job(job);
    const std::string name = "job " + std::to_string(job);
    if (now == nullptr) {
      if (!record.ended()) wrong(name + " was forgotten before it ended");
      continue;
    }
    if (record.ended() && record != *now) wrong(name + " changed after it had ended");
    if (now->newest_checkpoint() < record.newest_checkpoint()) wrong(name + " lost checkpoint " + std::to_string(record.newest_checkpoint()));
    if (record.ended() || !now->ended()) continue;
    const bool finished = now->outcome->state == JobOutcome::State::Finished;
    const auto rows = static_cast<std::uint32_t>(std::stoul(now->spec.options.at("rows")));
    for (std::uint32_t task = 0; finished && task < 2 * now->spec.parallelism; ++task) {
      if (ledger_[{job, task}] != rows) wrong(name + " finished with " + std::to_string(ledger_[{job, task}]) + " rows of task " + std::to_string(task));
    }
    const bool stopped = now->outcome->state == JobOutcome::State::Stopped && now->wish != JobWish::Cancel;
    if (!stopped) continue;
    if (now->manifests.empty()) {  // all that a savepoint covers, or nothing
      for (std::uint32_t task = 1; task < 2 * now->spec.parallelism; ++task) {
        if (ledger_[{job, task}] != ledger_[{job, 0}]) wrong(name + " stopped with a part of what its savepoint covers");
      }
      continue;
    }
    for (const auto& [task, read] : rows_read(now->manifests.front())) {
      if (ledger_[{job, task}] == read) continue;
      wrong(name + " stopped with " + std::to_string(ledger_[{job, task}]) + " of " + std::to_string(read) + " rows of task " + std::to_string(task) + " published");
    }
  }
  for (auto& [id, machine] : machines_) {
    if (!machine.node || id == leader_) continue;
    machine.applies_at = std::max(machine.applies_at, time_.now() + time_.between(1, 100));
    time_.at(machine.applies_at, [this, id = id, life = machine.life] {
      if (machines_.at(id).node && life_of(id) == life) apply_one(id);
    });
  }
}

void SimulatedCluster::apply_one(ClusterNodeId id) {
  Machine& machine = machines_.at(id);
  if (machine.applied == entries_.size()) return;
  const SimulatedEntry& entry = entries_[machine.applied++];
  const bool own = entry.proposer == id && entry.life == machine.life;
  machine.node->coordinator().on_apply(ClusterCommand(entry.command), own ? std::optional(entry.number) : std::nullopt);
}

/// Of what waits some is with a majority already.
void SimulatedCluster::depose() {
  const ClusterNodeId former = std::exchange(leader_, 0);
  ++term_;
  committing_ = false;
  std::vector<SimulatedEntry> waiting = std::exchange(waiting_, {});
  const std::size_t kept = waiting.empty() || held_ ? 0 : time_.below(waiting.size() + 1);
  for (std::size_t i = 0; i < kept; ++i) log(waiting[i]);
  if (former == 0 || !machines_.at(former).node) return;
  const Duration delay = time_.between(1, 1500);
  later(former, delay, [this, former](SimulatedNode& node) {
    if (leader_ != former) node.on_leads(address_of_leader(), term_);
  });
  for (const SimulatedEntry& entry : waiting) {
    time_.after(delay, [this, entry] { not_logged(entry, "the leader changed"); });
  }
}

std::string SimulatedCluster::address_of_leader() const {
  return leader_ != 0 ? machines_.at(leader_).node->address() : "";
}

void SimulatedCluster::elect(ClusterNodeId next) {
  depose();
  time_.after(time_.between(1, 1000), [this, next, term = term_] {
    if (term == term_) appoint(next);
  });
}

void SimulatedCluster::appoint(ClusterNodeId next) {
  if (!machines_.at(next).node) return;
  SimulatedNode& node = *machines_.at(next).node;
  ++term_;
  if (node.coordinator().leads()) node.on_leads("", term_);
  while (machines_.at(next).applied < entries_.size()) apply_one(next);
  leader_ = next;
  node.on_leads(address_of_leader(), term_);
  for (const ClusterNodeId other : others(next)) {
    later(other, time_.between(1, 300), [this, other](SimulatedNode& follower) {
      if (leader_ != 0 && leader_ != other) follower.on_leads(address_of_leader(), term_);
    });
  }
  commit_next();
}

void SimulatedCluster::wrong(const std::string& what) {
  faults_.push_back("at " + std::to_string(time_.now().ms) + ": " + what);
  if (std::getenv("WEIR_SIM_LOG")) std::cerr << faults_.back() << "\n";
}

}  // namespace weir::testing
