// What checkpoints cost: counts of 10^6 keys, without a store, and with one and a checkpoint every second. All keys change
// between two checkpoints, so every one of them writes everything.
//
// Runs take several seconds each, since less would hold no checkpoint: the records are read in rounds.
#include <filesystem>
#include <stdexcept>

#include "cases.hpp"
#include "engine.hpp"
#include "records.hpp"
#include "replay.hpp"
#include "support/temporary_directory.hpp"

namespace bench {
namespace {

constexpr std::uint64_t kKeys = 1'000'000;

struct Run {
  Cost cost;
  std::uint64_t checksum = 0;
  std::uint64_t checkpoints = 0;
  double longest_pause_ms = 0;
  double snapshot_s = 0;  // of the tasks' time
};

Run run(const Replay<FlatBid>& bids, weir::EmbeddedJobOptions options, std::unique_ptr<weir::CheckpointStore> store) {
  const auto fold = [](const auto& keyed) { return static_cast<std::uint64_t>(keyed.key) * static_cast<std::uint64_t>(keyed.value); };
  auto total = std::make_shared<std::atomic<std::uint64_t>>(0);
  weir::Pipeline pipeline("bench");
  pipeline.source("bids", bids).key_by(&FlatBid::auction).count("counts").sink("out", FoldInto<decltype(fold)>{fold, total});
  Run run;
  std::shared_ptr<weir::EmbeddedJob> job;
  run.cost = measure([&] { job = run_to_end(pipeline, std::move(options), std::move(store)); });
  run.checksum = total->load();
  run.checkpoints = job->board().checkpoints.load();
  for (std::size_t i = 0; i < job->board().task_count; ++i) {
    const weir::TaskCell& cell = job->board().tasks[i];
    run.longest_pause_ms = std::max(run.longest_pause_ms, static_cast<double>(cell.longest_pause_ns.load()) / 1e6);
    run.snapshot_s += static_cast<double>(cell.snapshot_ns.load()) / 1e9;
  }
  return run;
}

Run run_with_checkpoints(const Replay<FlatBid>& bids) {
  const weir::testing::TemporaryDirectory directory;
  auto store = weir::CheckpointStore::open(directory / "state", {.job = "bench", .weir_version = "bench"}).or_throw();
  weir::EmbeddedJobOptions options;
  options.checkpoint.interval = std::chrono::seconds(1);
  return run(bids, std::move(options), std::move(store));
}

void measure_cost(std::size_t records, int repetitions, benchmark::UserCounters& counters) {
  const Replay<FlatBid> bids = replay(flat_bids(4 * kKeys, kKeys), records / (4 * kKeys));
  std::vector<double> slowdown;
  std::vector<double> cpu;
  std::vector<double> pause;
  double plain_per_second = 0;
  double checkpoints = 0;
  double snapshot_share = 0;
  for (int repetition = 0; repetition < repetitions; ++repetition) {
    const Run plain = run(bids, {}, nullptr);
    const Run stored = run_with_checkpoints(bids);
    if (plain.checksum != stored.checksum) throw std::runtime_error("checkpoints changed the result");
    slowdown.push_back(100 * (1 - plain.cost.wall_s / stored.cost.wall_s));
    cpu.push_back(100 * (stored.cost.cpu_s / plain.cost.cpu_s - 1));
    pause.push_back(stored.longest_pause_ms);
    plain_per_second = static_cast<double>(bids.size()) / plain.cost.wall_s;
    checkpoints = static_cast<double>(stored.checkpoints);
    snapshot_share = 100 * stored.snapshot_s / stored.cost.wall_s;
  }
  counters["lost_throughput_percent"] = spread_of(slowdown).median;
  counters["lost_throughput_percent_max"] = spread_of(slowdown).max;
  counters["more_cpu_percent"] = spread_of(cpu).median;
  counters["longest_pause_ms"] = spread_of(pause).median;
  counters["longest_pause_ms_max"] = spread_of(pause).max;
  counters["checkpoints"] = checkpoints;
  counters["snapshot_share_percent"] = snapshot_share;
  counters["records_per_second_without"] = plain_per_second;
}

}  // namespace

void add_checkpoint_cases(const Settings& settings) {
  const std::size_t records = settings.scale == Scale::Full ? 160'000'000 : 80'000'000;
  const int repetitions = settings.scale == Scale::Full ? 3 : 2;
  add_figures("checkpoint/1s_1e6_keys", [=](benchmark::UserCounters& counters) { measure_cost(records, repetitions, counters); });
}

}  // namespace bench
