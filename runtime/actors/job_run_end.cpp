#include <weir/actors/job_run.hpp>

namespace weir {

void JobRun::carry_out(const effect::Ended& ended) {
  outcome_ = ended.outcome;
  if (record().wish == JobWish::Savepoint && outcome_.state != JobOutcome::State::Failed) return export_savepoint();
  show("ending");
  log_end();
}

bool JobRun::has_savepoint() const { return !record().manifests.empty() && record().manifests.front().kind == ManifestKind::Savepoint; }

/// The leader's node writes it, from all nodes' parts. A leader that comes meanwhile does it again.
void JobRun::export_savepoint() {
  const JobRecord& job = record();
  if (!has_savepoint()) {
    const bool by_itself = outcome_.state == JobOutcome::State::Finished;
    const std::string why = by_itself ? "came to its end first" : "failed while it was to stop; its last checkpoint is kept";
    outcome_.message = "no savepoint was written: the job " + why;
    return log_end();
  }
  show("writing the savepoint");
  exporting_ = true;
  environment_.send(environment_.self().node.id,
                    message::make_packet(job_, attempt_, wire::ExportSavepoint{newest_manifest(), job.savepoint}));
}

void JobRun::on_savepoint(ClusterNodeId from, const message::Packet& packet) {
  if (from != environment_.self().node.id || !std::exchange(exporting_, false)) return;  // who led before may have asked for it
  const auto written = wire::decode<wire::SavepointWritten>(packet.bytes).or_throw();
  if (!written.error.empty()) outcome_.message = "no savepoint was written: " + written.error + "; the job's last checkpoint is kept";
  log_end();
}

void JobRun::log_end() {
  constexpr Duration kRetry{1000};
  end_again_.reset();
  const command::EndJob end{job_, record().attempt, outcome_, environment_.wall_clock_ms(), live_.totals()};
  log(end, [this](const Logged& applied) {
    if (applied || record().ended()) return;  // whoever applied it deletes this run
    environment_.warn(job_, "its end cannot be logged: " + applied.error().message);
    end_again_ = environment_.now() + kRetry;
  });
}

}  // namespace weir
