#include <weir/node/cluster_metrics.hpp>

#include <map>
#include <optional>
#include <vector>

#include <weir/base/version.hpp>
#include <weir/node/job_view.hpp>
#include <weir/node/metrics_text.hpp>

namespace weir {
namespace {

using Type = MetricsText::Type;

constexpr double kPerSecond = 1e3;         // milliseconds
constexpr double kNanosPerSecond = 1e9;

struct RunningJob {
  std::string id;
  const JobRecord& record;
  const LiveJob* live;
};

struct TaskView {
  const RunningJob& job;
  std::string id;
  std::string vertex;
  std::string index;
  const wire::TaskFigures& figures;
};

std::vector<RunningJob> running_jobs(const ClusterControl& control) {
  std::vector<RunningJob> jobs;
  for (const auto& [id, record] : control.state().jobs()) {
    if (!record.ended()) jobs.push_back({std::to_string(id), record, control.live(id)});
  }
  return jobs;
}

std::vector<TaskView> tasks_of(const std::vector<RunningJob>& jobs) {
  std::vector<TaskView> tasks;
  for (const RunningJob& job : jobs) {
    if (job.live == nullptr || !job.live->shape) continue;
    const JobShape& shape = *job.live->shape;
    for (const auto& [task, figures] : job.live->figures) {
      if (task >= shape.tasks.size()) continue;
      const ShapeTask& place = shape.tasks[task];
      tasks.push_back({job, std::to_string(task), shape.vertex_name(place.vertex), std::to_string(place.index), figures});
    }
  }
  return tasks;
}

void write_nodes(MetricsText& text, const ClusterControl& control) {
  const std::vector<api::NodeInfo> nodes = node_list(control).nodes;
  text.family("weir_nodes", Type::Gauge, "Nodes of the cluster by status.");
  for (const std::string_view status : {"up", "suspect", "draining", "left", "away"}) {
    double count = 0;
    for (const api::NodeInfo& node : nodes) count += node.status == status ? 1 : 0;
    text.sample({{"status", status}}, count);
  }
  const auto each = [&](std::string_view name, std::string_view help, auto value) {
    text.family(name, Type::Gauge, help);
    for (const api::NodeInfo& node : nodes) text.sample({{"node", node.id}, {"node_name", node.name}}, value(node));
  };
  each("weir_node_up", "Whether the node is a member that answers.", [](const api::NodeInfo& node) { return node.status == "up" || node.status == "draining"; });
  each("weir_node_leader", "Whether the node leads the cluster.", [](const api::NodeInfo& node) { return node.leader; });
  each("weir_node_slots", "Slots that the node offers, 0 while it is away.", [](const api::NodeInfo& node) { return node.slots; });
  each("weir_node_slots_used", "Slots of the node that jobs use.", [](const api::NodeInfo& node) { return node.slots_used; });
}

void write_job_counts(MetricsText& text, const ClusterControl& control) {
  std::map<std::string, double> counts;
  for (const auto& [id, record] : control.state().jobs()) ++counts[status_of(record, control.live(id))];
  text.family("weir_jobs", Type::Gauge, "Jobs that the cluster remembers, by status.");
  for (const char* status : {"waiting", "starting", "running", "restarting", "stopping", "finished", "stopped", "cancelled", "failed"}) {
    text.sample({{"status", status}}, counts[status]);
  }
}

void write_jobs(MetricsText& text, const std::vector<RunningJob>& jobs) {
  const auto each = [&](std::string_view name, Type type, std::string_view help, auto value) {
    text.family(name, type, help);
    for (const RunningJob& job : jobs) {
      const std::optional<double> found = value(job);
      if (found) text.sample({{"job", job.id}, {"job_name", job.record.spec.name}}, *found);
    }
  };
  const auto of_newest = [](auto value) {
    return [value](const RunningJob& job) -> std::optional<double> {
      const api::CheckpointList list = checkpoint_list(job.record, job.live);
      if (list.checkpoints.empty()) return {};
      return value(list.checkpoints.front());
    };
  };
  each("weir_job_attempt", Type::Gauge, "Number of the job's attempt.", [](const RunningJob& job) { return static_cast<double>(job.record.attempt); });
  each("weir_job_restarts_total", Type::Counter, "Attempts of the job after its first.",
       [](const RunningJob& job) { return static_cast<double>(job.record.restarts()); });
  each("weir_job_checkpoints_retained", Type::Gauge, "Complete checkpoints of the job that are kept.",
       [](const RunningJob& job) { return static_cast<double>(job.record.manifests.size()); });
  each("weir_job_checkpoint_number", Type::Gauge, "Number of the newest complete checkpoint.",
       of_newest([](const api::CheckpointInfo& newest) { return static_cast<double>(newest.id); }));
  each("weir_job_checkpoint_bytes", Type::Gauge, "Size of the newest complete checkpoint, with what older ones wrote of it.",
       of_newest([](const api::CheckpointInfo& newest) { return static_cast<double>(newest.bytes); }));
  each("weir_job_checkpoint_timestamp_seconds", Type::Gauge, "When the newest checkpoint was complete, in seconds since 1970.",
       of_newest([](const api::CheckpointInfo& newest) { return static_cast<double>(newest.completed_ms) / kPerSecond; }));
  each("weir_job_checkpoint_duration_seconds", Type::Gauge, "How long the newest checkpoint took.",
       of_newest([](const api::CheckpointInfo& newest) -> std::optional<double> {
         if (!newest.duration_ms) return {};
         return static_cast<double>(*newest.duration_ms) / kPerSecond;
       }));
}

void write_tasks(MetricsText& text, const std::vector<TaskView>& tasks, ProcessingTime now) {
  const auto each = [&](std::string_view name, Type type, std::string_view help, auto value) {
    text.family(name, type, help);
    for (const TaskView& task : tasks) {
      const std::optional<double> found = value(task.figures);
      if (!found) continue;
      text.sample({{"job", task.job.id}, {"job_name", task.job.record.spec.name}, {"task", task.id}, {"vertex", task.vertex}, {"index", task.index}}, *found);
    }
  };
  using Figures = wire::TaskFigures;
  const auto counter = [&](std::string_view name, std::string_view help, std::uint64_t Figures::* member) {
    each(name, Type::Counter, help, [member](const Figures& figures) { return static_cast<double>(figures.*member); });
  };
  counter("weir_task_records_in_total", "Records that the task received from others.", &Figures::records_in);
  counter("weir_task_records_out_total", "Records that the task sent to others.", &Figures::records_out);
  counter("weir_task_records_read_total", "Records that the task's source read.", &Figures::records_read);
  counter("weir_task_records_written_total", "Records that the task's sinks wrote.", &Figures::records_written);
  counter("weir_task_records_dropped_total", "Records that the task dropped, such as late ones that nobody reads.", &Figures::records_dropped);
  each("weir_task_busy_seconds_total", Type::Counter, "Time that the task spent at work.",
       [](const Figures& figures) { return static_cast<double>(figures.busy_ns) / kNanosPerSecond; });
  each("weir_task_longest_pause_seconds", Type::Gauge, "The longest single step of a snapshot, in this attempt.",
       [](const Figures& figures) { return static_cast<double>(figures.longest_pause_ns) / kNanosPerSecond; });
  each("weir_task_blocked", Type::Gauge, "Whether the task waits for a slower one.", [](const Figures& figures) { return figures.blocked ? 1.0 : 0.0; });
  each("weir_task_state_bytes", Type::Gauge, "Size of the task's state.", [](const Figures& figures) { return static_cast<double>(figures.state_bytes); });
  each("weir_task_watermark_lag_seconds", Type::Gauge, "How far the task's watermark is behind the clock; absent while it has none and after the end.",
       [now](const Figures& figures) -> std::optional<double> {
         if (figures.watermark_ms == EventTime::min().ms || figures.watermark_ms == EventTime::max().ms) return {};
         return (static_cast<double>(now.ms) - static_cast<double>(figures.watermark_ms)) / kPerSecond;
       });
}

}  // namespace

std::string cluster_metrics(const ClusterControl& control, ProcessingTime now) {
  MetricsText text;
  text.family("weir_build_info", Type::Gauge, "The leader's version of Weir; always 1.");
  text.sample({{"version", kVersion}}, 1);
  const std::vector<RunningJob> jobs = running_jobs(control);
  const std::vector<TaskView> tasks = tasks_of(jobs);
  write_nodes(text, control);
  write_job_counts(text, control);
  write_jobs(text, jobs);
  write_tasks(text, tasks, now);
  return text.take();
}

}  // namespace weir
