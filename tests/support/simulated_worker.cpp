#include "support/simulated_worker.hpp"

#include <algorithm>

#include <weir/base/bytes.hpp>
#include <weir/wire/job_shape_codec.hpp>

namespace weir::testing {

JobShape SimulatedWorker::shape_of(std::uint32_t parallelism) {
  JobShape shape;
  shape.job = "rows";
  shape.vertices = {{{{0, "read", GraphNode::Kind::Source}}, parallelism}, {{{1, "write", GraphNode::Kind::Sink}}, parallelism}};
  shape.edges = {{0, 1, Routing::Kind::Forward}};
  for (std::uint32_t vertex = 0; vertex < 2; ++vertex) {
    for (std::uint32_t index = 0; index < parallelism; ++index) shape.tasks.push_back({vertex, index});
  }
  return shape;
}

std::map<std::uint32_t, std::uint32_t> rows_read(const Manifest& manifest) {
  std::map<std::uint32_t, std::uint32_t> rows;
  for (const OperatorParts& op : manifest.operators) {
    for (const PartReference& part : op.parts) rows[part.chunk.operator_index * op.parallelism + part.chunk.task] = part.rows;
  }
  return rows;
}

void SimulatedWorker::after(Duration delay, std::function<void(SimulatedWorker&)> what) {
  time_.after(delay, [self = weak_from_this(), what = std::move(what)] {
    if (const auto alive = self.lock()) what(*alive);
  });
}

void SimulatedWorker::start(const wire::StartWorker& assigned) {
  after(time_.between(1, 60), [assigned](SimulatedWorker& self) {
    self.shape_ = shape_of(assigned.parallelism);
    self.rows_ = static_cast<std::uint32_t>(std::stoul(assigned.options.at("rows")));
    self.planned_ = true;
    self.tell(wire::WorkerUp{self.address(), wire::encode(self.shape_)});
  });
}

void SimulatedWorker::on_packet(const message::Packet& packet) {
  message::on<wire::Deploy>(packet, [&](const auto& m) { on_deploy(m); });
  message::on<wire::Open>(packet, [&](const auto&) {
    if (!deployed_ || open_) return;
    open_ = true;
    for (const Task& one : tasks_) after(time_.between(1, 30), [number = one.number](SimulatedWorker& self) { self.tell(wire::TaskReady{number, self.restored_from_}); });
  });
  message::on<wire::Go>(packet, [&](const auto& m) { on_go(m); });
  message::on<wire::Trigger>(packet, [&](const auto& m) { on_trigger(m); });
  message::on<wire::Complete>(packet, [&](const auto& m) { complete(m.checkpoint); });
  message::on<wire::GiveUp>(packet, [&](const auto& m) { given_up_ = std::max(given_up_, m.checkpoint); });
  message::on<wire::ReportWorker>(packet, [&](const auto&) {
    std::vector<std::uint32_t> finished;
    for (const Task& one : tasks_) {
      if (one.finished) finished.push_back(one.number);
    }
    tell(wire::WorkerReport{went_.has_value(), planned_ ? wire::encode(shape_) : "", finished, triggered_});
    if (failure_) surroundings_.tell_node(*failure_);
  });
}

void SimulatedWorker::on_deploy(const wire::Deploy& deploy) {
  if (!planned_ || deployed_) return tell_failure(wire::WorkerFailed{"told to deploy out of turn", false});
  deployed_ = true;
  std::map<std::uint32_t, std::uint32_t> restored;
  if (!deploy.manifest.empty()) {
    const Manifest manifest = decode_manifest(as_span(deploy.manifest)).or_throw();
    restored_from_ = manifest.checkpoint;
    restored = rows_read(manifest);
  } else if (!deploy.savepoint.empty()) {
    restored_from_ = kSavepoint;
    for (std::uint32_t number = 0; number < deploy.worker_of_task.size(); ++number) restored[number] = kSavepointRows;
  }
  triggered_ = restored_from_;
  for (std::uint32_t number = 0; number < deploy.worker_of_task.size(); ++number) {
    if (deploy.worker_of_task[number] == deploy.self) tasks_.push_back({number, restored[number], {}, false});
  }
  for (Task& one : tasks_) one.frozen[restored_from_] = one.from;
  peers_ = deploy.workers;
  after(time_.between(1, 40), [](SimulatedWorker& self) {
    for (const std::string& peer : self.peers_) {
      if (!self.surroundings_.reaches(peer)) return self.tell_failure(wire::WorkerFailed{"worker " + peer + " cannot be reached", false});
    }
    self.tell(wire::ReadyToOpen{});
  });
  figures();
}

void SimulatedWorker::figures() {
  wire::Figures told;
  for (const Task& one : tasks_) {
    told.tasks.emplace_back();
    told.tasks.back().task = one.number;
  }
  tell(told);
  after(Duration(500), [](SimulatedWorker& self) { self.figures(); });
}

void SimulatedWorker::on_go(const wire::Go& go) {
  went_ = time_.now();
  if (go.restored_from != 0) {
    complete(go.restored_from);
  }
  for (const Task& one : tasks_) {
    if (rows_ == 0) continue;
    after(Duration(rows_ - one.from) + time_.between(1, 20), [number = one.number](SimulatedWorker& self) {
      self.task(number).finished = true;
      self.tell(wire::TaskFinished{number});
    });
  }
}

std::uint32_t SimulatedWorker::rows_of(const Task& task) const {
  const std::uint32_t read = task.from + static_cast<std::uint32_t>((time_.now() - *went_).count());
  return rows_ == 0 ? read : std::min(rows_, read);
}

SimulatedWorker::Task& SimulatedWorker::task(std::uint32_t number) {
  return *std::find_if(tasks_.begin(), tasks_.end(), [&](const Task& one) { return one.number == number; });
}

void SimulatedWorker::on_trigger(const wire::Trigger& trigger) {
  if (!went_) return;
  triggered_ = std::max(triggered_, trigger.checkpoint);
  for (const Task& one : tasks_) {
    after(time_.between(1, 50), [number = one.number, trigger](SimulatedWorker& self) { self.store(number, trigger); });
  }
}

void SimulatedWorker::store(std::uint32_t number, const wire::Trigger& trigger) {
  const CheckpointId checkpoint = trigger.checkpoint;
  if (given_up_ >= checkpoint) return;
  if (surroundings_.disk_fails()) return tell(wire::StoringFailed{checkpoint, "the disk is full", node_});
  Task& one = task(number);
  one.frozen[checkpoint] = rows_of(one);
  const ShapeTask& where = shape_.tasks[number];
  (*surroundings_.copies)[{job_, {checkpoint, where.vertex, where.index, 0}}] = {trigger.keepers.begin(), trigger.keepers.end()};
  tell(wire::TaskStored{number, checkpoint, trigger.parent == 0,
                        {{checkpoint, where.vertex, where.index, 0, "rows", static_cast<std::uint8_t>(ChunkKind::Entries), "", one.frozen[checkpoint], 8, 0, 1}}});
}

/// Publishes what the tasks had when they froze for it.
void SimulatedWorker::complete(std::uint64_t checkpoint) {
  if (!open_) return;
  for (Task& one : tasks_) {
    const auto frozen = one.frozen.find(checkpoint);
    if (frozen != one.frozen.end()) {
      std::uint32_t& published = (*surroundings_.ledger)[{job_, one.number}];
      published = std::max(published, frozen->second);
    }
    after(time_.between(1, 30), [number = one.number, checkpoint](SimulatedWorker& self) { self.tell(wire::TaskPublished{number, checkpoint}); });
  }
}

void SimulatedWorker::on_link_lost(const std::string& address) {
  if (!deployed_ || std::find(peers_.begin(), peers_.end(), address) == peers_.end()) return;
  after(Duration(500), [address](SimulatedWorker& self) { self.tell_failure(wire::WorkerFailed{"the link to worker " + address + " failed", false}); });
}

void SimulatedWorker::fail_task(const std::string& why) {
  if (!open_ || tasks_.empty()) return;
  tell_failure(wire::TaskFailed{tasks_.front().number, "read", "", why, false});
}

}  // namespace weir::testing
