#include <support/fake_cluster_control.hpp>

#include <memory>

#include <weir/node/admin_api.hpp>

namespace weir::testing {
namespace {

Manifest manifest_of(CheckpointId checkpoint, const std::string& job) {
  Manifest manifest;
  manifest.checkpoint = checkpoint;
  manifest.job = job;
  manifest.attempt = 1;
  manifest.completed_ms = 978'307'100'000;
  manifest.operators.push_back({.name = "words", .operator_index = 0, .parallelism = 2, .parts = {}});
  for (const std::uint64_t bytes : {1000, 24}) {
    PartReference part;
    part.chunk = {checkpoint, 0, 0, static_cast<std::uint32_t>(bytes)};
    part.bytes = bytes;
    manifest.operators.front().parts.push_back(std::move(part));
  }
  return manifest;
}

}  // namespace

JobId FakeClusterControl::running_job(const std::string& name) {
  JobSpec spec;
  spec.name = name;
  spec.bundle = std::string(64, 'b');
  spec.options = {{"input", "/data/in"}};
  spec.parallelism = 2;
  const JobId job = apply(command::Submit{spec, "", 978'307'000'000});
  apply(command::BeginAttempt{job, 1, {self_.node.id, self_.node.id}, 0});
  apply(command::CommitCheckpoint{job, manifest_of(1, name), Barrier::Afterwards::GoOn});
  apply(command::CommitCheckpoint{job, manifest_of(2, name), Barrier::Afterwards::GoOn});

  LiveJob& live = live_job(job);
  live.phase = "running";
  live.slots = {self_.node.id, self_.node.id};
  live.checkpoint_took_ms = 250;
  live.shape = JobShape{.job = name,
                        .key_groups = 128,
                        .vertices = {{.operators = {{0, "lines", GraphNode::Kind::Source}, {1, "words", GraphNode::Kind::Operator}}, .parallelism = 2},
                                     {.operators = {{2, "out", GraphNode::Kind::Sink}}, .parallelism = 1}},
                        .edges = {{.from = 0, .to = 1, .routing = Routing::Kind::Key}},
                        .tasks = {{0, 0}, {0, 1}, {1, 0}}};
  live.node_of_task = {self_.node.id, self_.node.id, 0xb};
  for (const std::uint32_t task : {0U, 1U, 2U}) {
    wire::TaskFigures figures;
    figures.task = task;
    figures.records_in = task == 2 ? 70 : 0;
    figures.records_read = task == 2 ? 0 : 40;
    figures.records_written = task == 2 ? 65 : 0;
    figures.busy_ns = 1'500'000'000;
    figures.longest_pause_ns = 2'500'000;
    figures.state_bytes = 4096;
    figures.watermark_ms = task == 1 ? EventTime::min().ms : 978'307'190'000;
    figures.blocked = task == 0;
    live.figures[task] = figures;
  }
  return job;
}

AdminAnswer ask(ClusterControl& control, const std::string& method, const std::string& path, const std::string& body) {
  // Owned by the call, which a held command keeps.
  const auto answer = std::make_shared<AdminAnswer>();
  const auto call = std::make_shared<AdminCall>(AdminCall{method, path, body, [answer](std::uint32_t status, std::string text) {
                                                            *answer = {status, std::move(text)};
                                                          }});
  answer_admin_call_at(call, control, {978'307'200'000});
  return *answer;
}

}  // namespace weir::testing
