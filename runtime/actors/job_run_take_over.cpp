#include <weir/actors/job_run.hpp>

#include <weir/wire/job_shape_codec.hpp>

namespace weir {

void JobRun::take_over(ProcessingTime deadline) {
  const JobRecord& job = record();
  show("taking over");
  attempt_ = job.attempt;
  live_.slots = job.slots;
  workers_ = AttemptWorkers(live_.slots);
  taking_over_ = TakingOver{deadline, {}, {}, {}, 0};
  ask_workers();
}

/// Those whose nodes are up by now, and were not asked yet.
void JobRun::ask_workers() {
  const std::set<ClusterNodeId> up = environment_.nodes_up();
  for (const AttemptWorker& worker : workers_) {
    if (!up.contains(worker.node) || !taking_over_->asked.insert(worker.node).second) continue;
    environment_.send(worker.node, message::make_packet(job_, attempt_, wire::ReportWorker{}));
  }
}

void JobRun::take_while_taking_over(ClusterNodeId from, const message::Packet& packet) {
  message::on<wire::TaskFinished>(packet, [&](const wire::TaskFinished& m) { taking_over_->finished.insert(m.task); });
  message::on<wire::TaskFailed>(packet, [&](const wire::TaskFailed& m) {
    const TaskFailure failure{m.operator_name, m.position, m.message};
    begin_next("while the lead changed the worker on " + node_named(from) + " said: " + describe(failure) + away());
  });
  message::on<wire::WorkerGone>(packet, [&](const wire::WorkerGone& m) {
    on_gone_before_next(from);
    tell_last_lines(m);
    begin_next("the worker on " + node_named(from) + " ended: " + m.how);
  });
  message::on<wire::WorkerFailed>(packet, [&](const wire::WorkerFailed& m) {
    begin_next("while the lead changed the worker on " + node_named(from) + " said: " + m.message + away());
  });
  message::on<wire::WorkerReport>(packet, [&](const wire::WorkerReport& m) { on_report(from, m); });
}

std::string JobRun::node_named(ClusterNodeId node) const {
  const auto& known = environment_.state().nodes();
  const auto found = known.find(node);
  return found == known.end() ? "a node that was forgotten" : "node '" + found->second.name + "'";
}

/// Nodes of the attempt that are not up: a worker that lost its link to one of theirs does not know that its node is gone.
std::string JobRun::away() const {
  const std::set<ClusterNodeId> up = environment_.nodes_up();
  std::string names;
  for (const AttemptWorker& worker : workers_) {
    if (!up.contains(worker.node)) names += (names.empty() ? "" : ", ") + node_named(worker.node);
  }
  return names.empty() ? "" : "; not there: " + names;
}

void JobRun::on_report(ClusterNodeId from, const wire::WorkerReport& report) {
  if (!report.running) return begin_next("the worker on " + node_named(from) + " was not running yet when the lead changed");
  auto shape = wire::decode_job_shape(report.shape).or_throw();
  WEIR_CHECK(!live_.shape || *live_.shape == shape, "the workers of an attempt have different plans", from);
  live_.shape = shape;
  taking_over_->running.insert(from);
  taking_over_->finished.insert(report.finished.begin(), report.finished.end());
  taking_over_->newest_used = std::max(taking_over_->newest_used, report.newest_checkpoint);
  if (taking_over_->running.size() < workers_.size()) return;
  for (const std::uint32_t task : taking_over_->finished) {
    WEIR_CHECK(task < shape.tasks.size(), "a worker names a task that its job lacks", task);
  }
  const TakingOver taken = std::move(*taking_over_);
  taking_over_.reset();
  const JobRecord& job = record();
  supervisor_.take_shape(std::move(shape));
  live_.node_of_task = nodes_of_tasks(*live_.shape, live_.slots);
  environment_.inform(job_, "attempt " + std::to_string(attempt_) + " goes on under this leader");
  const bool ends = job.ending != 0;
  supervisor_.adopt({attempt_, job.newest_checkpoint(), std::max(job.checkpoints_used, taken.newest_used),
                     ends ? Barrier::Afterwards::End : Barrier::Afterwards::GoOn, job.wish != JobWish::Run},
                    environment_.now());
  for (const std::uint32_t task : taken.finished) supervisor_.finished(task, environment_.now());
  show("running");
  prepare_to_move();
  if (job.wish != JobWish::Run) on_wish(job.wish);
}

/// Gives up the attempt that was to be taken over. The next one begins when its workers are gone; one that cannot say so opens nothing any
/// more once the lease is over.
void JobRun::begin_next(const std::string& why) {
  taking_over_.reset();
  live_.shape.reset();
  environment_.warn(job_, "attempt " + std::to_string(attempt_) + " is over: " + why);
  show("restarting", why);
  tell_nodes(wire::KillWorker{});
  begin_at_ = environment_.now() + environment_.lease();
  begin_if_gone();
}

void JobRun::begin_if_gone() {
  if (!workers_.all_gone() && environment_.now() < *begin_at_) return;
  begin_at_.reset();
  workers_ = {};
  start();
}

void JobRun::on_gone_before_next(ClusterNodeId node) {
  if (AttemptWorker* worker = workers_.on(node)) worker->gone = true;
  if (begin_at_) begin_if_gone();
}

}  // namespace weir
