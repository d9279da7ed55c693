// Jobs of a simulated cluster (support/simulated_cluster.hpp) under everything that happens to its machines, connections, disks and
// leaders, and what people want meanwhile. Then the trouble ends, and every job must come to its end, or take checkpoints again and
// stop when it is told to: none may hang. WEIR_SEED=n repeats one run, WEIR_SEEDS=n makes more of them, from WEIR_FIRST_SEED on;
// WEIR_SIM_LOG=1 tells what happens.
#include <doctest/doctest.h>

#include <iostream>
#include <random>
#include <string>
#include <vector>

#include "support/seeds.hpp"
#include "support/simulated_cluster.hpp"

using namespace weir;
using weir::testing::Seeds;
using weir::testing::SimulatedCluster;
using weir::testing::SimulatedNode;

namespace {

/// What all runs together went through: what is not exercised is not tested.
struct Exercised {
  std::uint64_t finished = 0;
  std::uint64_t stopped = 0;
  std::uint64_t failed = 0;
  std::uint64_t attempts = 0;
  std::uint64_t troubles = 0;
  std::uint64_t spared = 0;  // nodes that drained and left because no job needed them
};

class Story {
 public:
  Story(std::uint64_t seed, Exercised& exercised)
      : exercised_(exercised),
        random_(seed * 7919),
        nodes_(2 + static_cast<std::uint32_t>(below(4))),
        cluster_({.seed = seed, .nodes = nodes_, .slots = 2 + static_cast<std::uint32_t>(below(3))}) {}

  /// What went wrong, empty if nothing did.
  std::vector<std::string> run() {
    for (std::uint64_t count = 1 + below(2); count > 0; --count) submit();
    for (int i = 0; i < 40; ++i) {
      cluster_.run_for(Duration(static_cast<std::int64_t>(below(one_in(3) ? 1500 : 150))));
      ++exercised_.troubles;
      trouble();
      if (cluster_.leader() == 0 && one_in(2)) elect();
    }
    heal();
    for (JobId job = 1; job < cluster_.logged().content().next_job; ++job) bring_to_its_end(job);
    if (faults_.empty() && !cluster_.run_until([&] { return left_over().empty(); }, Duration(60'000))) faults_.push_back("workers are left over: " + left_over());
    exercised_.spared += cluster_.spared();
    faults_.insert(faults_.end(), cluster_.faults().begin(), cluster_.faults().end());
    return faults_;
  }

 private:
  static constexpr Duration kPatience{120'000};

  std::uint64_t below(std::uint64_t end) { return random_() % end; }
  bool one_in(std::uint64_t count) { return below(count) == 0; }
  ClusterNodeId any_node() { return 1 + below(nodes_); }
  JobId any_job() { return 1 + below(cluster_.logged().content().next_job); }

  void submit() {
    if (cluster_.leader() == 0) return;
    JobSpec spec = SimulatedCluster::spec(1 + static_cast<std::uint32_t>(below(3)), one_in(2) ? 0 : 500 + static_cast<std::uint32_t>(below(8000)));
    spec.restart.attempts = 1000;  // what people do to its processes must not fail it
    spec.restart.in_vain = 1000;
    if (one_in(4)) spec.from_savepoint = "/savepoint";
    cluster_.propose(command::Submit{spec, "", 0});
  }

  void elect() {
    if (cluster_.nodes_running() == 0) return;
    ClusterNodeId next = any_node();
    while (!cluster_.node(next)) next = any_node();
    cluster_.elect(next);
  }

  void trouble() {
    const ClusterNodeId node = any_node();
    const ClusterNodeId other = any_node();
    const bool spare = cluster_.nodes_running() > 1;
    switch (below(15)) {
      case 0: return spare ? cluster_.kill(node) : void();
      case 1: return spare ? cluster_.kill(node, SimulatedCluster::Noticed::BySilence) : void();
      case 2: return spare ? cluster_.leave(node) : void();
      case 3:
      case 4: return cluster_.restart(node);
      case 5: return node != other ? cluster_.break_connection(node, other) : void();
      case 6: return node != other && one_in(2) ? cluster_.cut(node, other) : cluster_.mend();
      case 7: return one_in(2) ? elect() : void();
      case 8:
      case 9: return crash(node, one_in(2));
      case 10: return cluster_.node(node) ? cluster_.node(node)->fail_task(any_job(), "failure " + std::to_string(below(1000))) : void();
      case 11: return cluster_.set_failing_disk(one_in(2) ? node : 0);
      case 12: return cluster_.drain(node);
      case 13: return one_in(6) ? cluster_.wish(any_job(), static_cast<JobWish>(1 + below(3))) : void();
      default: return one_in(3) ? submit() : void();
    }
  }

  void crash(ClusterNodeId node, bool by_itself) {
    if (cluster_.node(node)) cluster_.node(node)->crash_worker(any_job(), "killed by signal " + std::to_string(below(30)), by_itself);
  }

  void heal() {
    cluster_.mend();
    cluster_.set_failing_disk(0);
    cluster_.run_for(Duration(2000));  // who was told to end does so
    const auto nobody_ends = [&] {
      for (ClusterNodeId node = 1; node <= nodes_; ++node) {
        if (cluster_.node(node) && (cluster_.node(node)->draining() || cluster_.node(node)->leaving())) return false;
      }
      return true;
    };
    if (!cluster_.run_until(nobody_ends, Duration(30'000))) faults_.push_back("a node does not end");
    for (ClusterNodeId node = 1; node <= nodes_; ++node) cluster_.restart(node);
    if (cluster_.leader() == 0) elect();
    cluster_.run_for(Duration(1000));
  }

  void bring_to_its_end(JobId job) {
    const auto ended = [&] { return cluster_.job(job).ended(); };
    const CheckpointId then = cluster_.job(job).checkpoints_used;
    const bool endless = cluster_.job(job).spec.options.at("rows") == "0";
    if (endless && cluster_.job(job).wish == JobWish::Run) {
      const auto goes_on = [&] { return ended() || cluster_.phase(job) == "waiting for slots" || newer(job, then); };
      if (!cluster_.run_until(goes_on, kPatience)) return hangs(job, "takes no checkpoints");
      cluster_.wish(job, static_cast<JobWish>(1 + below(3)));
    }
    if (!cluster_.run_until([&] { return ended() || cluster_.phase(job) == "waiting for slots"; }, kPatience)) return hangs(job, "does not end");
    if (!ended()) {
      cluster_.wish(job, JobWish::Cancel);
      if (!cluster_.run_until(ended, kPatience)) return hangs(job, "cannot be cancelled");
    }
    if (!cluster_.run_until([&] { return cluster_.phase(job).empty(); }, kPatience)) hangs(job, "still runs after its end");
    count(job);
  }

  bool newer(JobId job, CheckpointId than) const {
    const auto& manifests = cluster_.job(job).manifests;
    return manifests.size() == 2 && manifests.back().checkpoint > than;
  }

  /// Workers on nodes, as text.
  std::string left_over() {
    std::string all;
    for (ClusterNodeId node = 1; node <= nodes_; ++node) {
      if (cluster_.node(node)) all += cluster_.node(node)->workers();
    }
    return all;
  }

  void hangs(JobId job, const std::string& how) {
    const std::string why = cluster_.why(job);
    faults_.push_back("job " + std::to_string(job) + " " + how + ": attempt " + std::to_string(cluster_.job(job).attempt) + " is " + cluster_.phase(job) +
                      (why.empty() ? "" : ", " + why) + "; leader: " + std::to_string(cluster_.leader()));
  }

  void count(JobId job) {
    const JobRecord& record = cluster_.job(job);
    if (!record.ended()) return;
    exercised_.attempts += record.attempt;
    switch (record.outcome->state) {
      case JobOutcome::State::Finished: ++exercised_.finished; break;
      case JobOutcome::State::Stopped: ++exercised_.stopped; break;
      case JobOutcome::State::Failed: ++exercised_.failed; break;
    }
  }

  Exercised& exercised_;
  std::mt19937_64 random_;
  std::uint32_t nodes_;
  SimulatedCluster cluster_;
  std::vector<std::string> faults_;
};

}  // namespace

TEST_CASE("no job hangs, whatever happens to nodes, workers, connections, disks and leaders") {
  const Seeds seeds(300);
  Exercised exercised;
  for (std::uint64_t seed = seeds.first; seed < seeds.end(); ++seed) {
    for (const std::string& fault : Story(seed, exercised).run()) FAIL_CHECK("WEIR_SEED=" << seed << ": " << fault);
  }
  std::cout << seeds.count << " seeds: " << exercised.troubles << " troubles, " << exercised.attempts << " attempts, " << exercised.finished
            << " jobs finished, " << exercised.stopped << " stopped, " << exercised.failed << " failed, "
            << exercised.spared << " nodes spared\n";
  if (seeds.replay) return;
  CHECK(exercised.finished > seeds.count / 4);
  CHECK(exercised.stopped > seeds.count / 4);
  CHECK(exercised.attempts > seeds.count * 3);
  CHECK(exercised.spared > seeds.count / 4);
}
