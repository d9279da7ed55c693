#include <weir/node/cluster_metrics.hpp>

#include <doctest/doctest.h>

#include <support/fake_cluster_control.hpp>
#include <support/prometheus_parser.hpp>

namespace weir {
namespace {

using testing::FakeClusterControl;
using testing::MetricFamily;

constexpr ProcessingTime kNow{978'307'200'000};

using Families = std::map<std::string, MetricFamily>;
using Labels = std::map<std::string, std::string>;

Families metrics_of(const ClusterControl& control) { return testing::parse_metrics(cluster_metrics(control, kNow)); }

/// The one sample that has these labels.
double value_of(const Families& families, const std::string& name, const Labels& labels) {
  CAPTURE(name);
  REQUIRE(families.contains(name));
  std::vector<double> found;
  for (const auto& sample : families.at(name).samples) {
    bool fits = true;
    for (const auto& [label, value] : labels) fits = fits && sample.labels.contains(label) && sample.labels.at(label) == value;
    if (fits) found.push_back(sample.value);
  }
  REQUIRE(found.size() == 1);
  return found.front();
}

TEST_CASE("an idle cluster has its nodes, and jobs of no status") {
  FakeClusterControl control;
  control.apply(command::AdmitNode{{.id = 0xc, .name = "gone", .address = "c:1", .http = "", .role = ClusterNode::Role::WorkerOnly}});
  ClusterMember member;
  member.node.node = {.id = 0xb, .name = "b", .address = "b:1", .http = "b:2", .role = ClusterNode::Role::Eligible};
  member.node.slots = 8;
  member.status = ClusterMember::Status::Suspect;
  control.add_member(member);

  const Families families = metrics_of(control);
  CHECK(value_of(families, "weir_nodes", {{"status", "up"}}) == 1);
  CHECK(value_of(families, "weir_nodes", {{"status", "suspect"}}) == 1);
  CHECK(value_of(families, "weir_nodes", {{"status", "away"}}) == 1);
  CHECK(value_of(families, "weir_node_up", {{"node_name", "a"}}) == 1);
  CHECK(value_of(families, "weir_node_up", {{"node_name", "b"}}) == 0);
  CHECK(value_of(families, "weir_node_leader", {{"node", "000000000000000a"}}) == 1);
  CHECK(value_of(families, "weir_node_slots", {{"node_name", "b"}}) == 8);
  CHECK(value_of(families, "weir_jobs", {{"status", "running"}}) == 0);
  CHECK(value_of(families, "weir_build_info", {{"version", "0.1.0"}}) == 1);
  CHECK_FALSE(families.contains("weir_task_records_in_total"));
}

TEST_CASE("a running job has its tasks' figures in seconds, bytes and records") {
  FakeClusterControl control;
  const JobId job = control.running_job("counts \"words\"\n");
  const Families families = metrics_of(control);
  CHECK(value_of(families, "weir_jobs", {{"status", "running"}}) == 1);
  CHECK(value_of(families, "weir_node_slots_used", {{"node_name", "a"}}) == 2);

  const Labels named{{"job", std::to_string(job)}, {"job_name", "counts \"words\"\n"}};
  CHECK(value_of(families, "weir_job_restarts_total", named) == 0);
  CHECK(value_of(families, "weir_job_attempt", named) == 1);
  CHECK(value_of(families, "weir_job_checkpoints_retained", named) == 2);
  CHECK(value_of(families, "weir_job_checkpoint_number", named) == 2);
  CHECK(value_of(families, "weir_job_checkpoint_bytes", named) == 1024);
  CHECK(value_of(families, "weir_job_checkpoint_duration_seconds", named) == 0.25);
  CHECK(value_of(families, "weir_job_checkpoint_timestamp_seconds", named) == 978'307'100);

  const Labels source{{"task", "0"}, {"vertex", "lines -> words"}, {"index", "0"}};
  CHECK(value_of(families, "weir_task_records_read_total", source) == 40);
  CHECK(value_of(families, "weir_task_busy_seconds_total", source) == 1.5);
  CHECK(value_of(families, "weir_task_longest_pause_seconds", source) == 0.0025);
  CHECK(value_of(families, "weir_task_blocked", source) == 1);
  CHECK(value_of(families, "weir_task_state_bytes", source) == 4096);
  CHECK(value_of(families, "weir_task_watermark_lag_seconds", source) == 10);
  CHECK(value_of(families, "weir_task_records_in_total", {{"vertex", "out"}}) == 70);
  CHECK(value_of(families, "weir_task_records_written_total", {{"vertex", "out"}}) == 65);
}

TEST_CASE("a task without a watermark has no lag") {
  FakeClusterControl control;
  control.running_job("wc");
  const Families families = metrics_of(control);
  CHECK(families.at("weir_task_watermark_lag_seconds").samples.size() == 2);
  CHECK(families.at("weir_task_blocked").samples.size() == 3);
}

TEST_CASE("figures of a task that the plan lacks are left out") {
  FakeClusterControl control;
  const JobId job = control.running_job("wc");
  control.live_job(job).figures[99] = {};
  CHECK(metrics_of(control).at("weir_task_blocked").samples.size() == 3);
}

TEST_CASE("a job that has ended is counted and nothing more") {
  FakeClusterControl control;
  const JobId job = control.running_job("wc");
  control.apply(command::EndJob{job, 1, {.state = JobOutcome::State::Failed, .message = "no"}, 5});
  const Families families = metrics_of(control);
  CHECK(value_of(families, "weir_jobs", {{"status", "failed"}}) == 1);
  CHECK_FALSE(families.contains("weir_job_attempt"));
  CHECK_FALSE(families.contains("weir_task_blocked"));
}

}  // namespace
}  // namespace weir
