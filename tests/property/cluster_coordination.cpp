// Invariants of what coordinates a cluster, under random histories; a failing seed is printed.
//
//   a job's attempts only go up, it ends once, and no checkpoint is committed for an attempt that is over (I7, I10)
//   a refused command changes nothing, and everyone who applies the same log has the same state
//   a node that joins takes its share of slots, one that leaves gives up its own, and nothing else moves
//   an incarnation that is over never comes back
//   what is encoded is read back the same, and no bytes harm the reader
#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include <weir/coordination/job_supervisor.hpp>
#include <weir/coordination/membership.hpp>
#include <weir/coordination/placement.hpp>
#include <weir/wire/cluster_state_codec.hpp>
#include <weir/wire/job_shape_codec.hpp>

#include "support/cluster_samples.hpp"

using namespace weir;
using weir::testing::any_cluster_state;
using weir::testing::ClusterSamples;

namespace cluster_coordination {

constexpr std::uint32_t kTasks = 3;

JobShape any_shape(ClusterSamples& samples) {
  JobShape shape;
  shape.job = samples.text();
  for (std::uint32_t vertex = 0; vertex <= samples.below(4); ++vertex) {
    const auto parallelism = 1 + static_cast<std::uint32_t>(samples.below(4));
    shape.vertices.push_back({{{vertex, samples.text(), static_cast<GraphNode::Kind>(samples.below(3))}}, parallelism});
    for (std::uint32_t index = 0; index < parallelism; ++index) shape.tasks.push_back({vertex, index});
    if (vertex > 0) shape.edges.push_back({vertex - 1, vertex, static_cast<Routing::Kind>(samples.below(8))});
  }
  return shape;
}

/// Drives a supervisor with whatever may come, and holds its effects against what it must never do.
class History {
 public:
  explicit History(std::uint64_t seed) : random_(seed), supervisor_(shape(), options(), "test") {}

  void run() {
    if (random_.one_in(4)) {
      attempt_ = 7;
      attempt_runs_ = true;
      newest_used_ = 5;
      supervisor_.adopt({.attempt = 7, .newest = 3, .newest_used = 5}, now_);
    } else {
      supervisor_.start(0, now_);
    }
    for (int step = 0; step < 400; ++step) {
      act();
      look();
    }
    supervisor_.quit();
    look();
    supervisor_.gone(now_);
    look();
    CHECK(supervisor_.phase() == JobSupervisor::Phase::Ended);
    CHECK(ended_ == 1);
    CHECK(!supervisor_.next_event());
  }

 private:
  static JobShape shape() {
    JobShape made;
    made.vertices = {{{{0, "in", GraphNode::Kind::Source}}, kTasks}};
    for (std::uint32_t task = 0; task < kTasks; ++task) made.tasks.push_back({0, task});
    return made;
  }
  static SupervisorOptions options() {
    SupervisorOptions made;
    made.checkpoint = {.interval = Duration(20), .timeout = Duration(200)};
    made.restart = {.attempts = 3, .in_vain = 1000, .first_delay = Duration(5), .longest_delay = Duration(20)};
    return made;
  }

  std::uint32_t task() { return static_cast<std::uint32_t>(random_.below(kTasks)); }
  /// A recent checkpoint.
  CheckpointId checkpoint() { return newest_used_ - std::min(newest_used_, random_.below(2)); }

  void act() {
    now_ = now_ + Duration(static_cast<std::int64_t>(random_.below(15)));
    switch (random_.below(40)) {
      case 0: return supervisor_.lost({"", "", "gone"}, now_);
      case 1: return supervisor_.failed({"op", std::to_string(random_.below(50)), "bad"}, now_);
      case 2: return random_.one_in(10) ? supervisor_.stop(now_) : void();
      case 3: return random_.one_in(40) ? supervisor_.quit() : void();
      case 4: return random_.one_in(40) ? supervisor_.fail("a bug") : void();
      case 5: return supervisor_.finished(task(), now_);
      case 6: return supervisor_.phase() == JobSupervisor::Phase::Running ? supervisor_.store_failed(checkpoint(), "full", now_) : void();
      case 7:
      case 8: return supervisor_.gone(now_);
      case 9: return supervisor_.restored(newest_used_);
      default: break;
    }
    switch (random_.below(5)) {
      case 0: return supervisor_.ready(task(), now_);
      case 1: return supervisor_.stored(task(), checkpoint(), {}, now_);
      case 2: return supervisor_.committed(checkpoint(), now_);
      case 3: return supervisor_.published(task(), checkpoint(), now_);
      default: return supervisor_.tick(now_);
    }
  }

  void look() {
    for (const JobEffect& one : supervisor_.take_effects()) {
      CHECK(ended_ == 0);
      std::visit([this](const auto& effect) { see(effect); }, one);
    }
  }

  void see(const effect::Begin& begin) {
    CHECK(!attempt_runs_);
    CHECK(begin.attempt > attempt_);
    attempt_ = begin.attempt;
    attempt_runs_ = true;
    last_ = complete_last_ = published_only_ = 0;
    went_ = false;
  }
  void see(const effect::Go&) { went_ = true; }
  void see(const effect::Trigger& trigger) {
    CHECK(attempt_runs_);
    CHECK(complete_last_ == 0);  // the end is being published
    CHECK(trigger.barrier.checkpoint > newest_used_);
    newest_used_ = trigger.barrier.checkpoint;
    if (trigger.barrier.afterwards == Barrier::Afterwards::End) last_ = newest_used_;
  }
  void see(const effect::Commit& commit) {
    CHECK(attempt_runs_);
    CHECK(commit.manifest.attempt == attempt_);
    CHECK(commit.manifest.checkpoint == newest_used_);
    CHECK(committing_.insert(newest_used_).second);
  }
  void see(const effect::Complete& complete) {
    if (attempt_runs_ && attempt_ > 1 && !went_) {  // an attempt that publishes what it was restored from, and does nothing else
      published_only_ = complete.checkpoint;
      return;
    }
    if (complete.checkpoint > 3) CHECK(committing_.contains(complete.checkpoint));
    if (complete.checkpoint == last_) complete_last_ = last_;
  }
  void see(const effect::Kill&) {
    CHECK(attempt_runs_);
    attempt_runs_ = false;
  }
  void see(const effect::Ended& ended) {
    CHECK(!attempt_runs_);
    ++ended_;
    if (ended.outcome.state == JobOutcome::State::Finished) CHECK(complete_last_ != 0);
    CHECK(ended.outcome.ended_with == (ended.outcome.ended_with == 0 ? 0 : std::max(published_only_, complete_last_)));
    CHECK((published_only_ == 0 || complete_last_ == 0));
  }
  void see(const auto&) {}

  ClusterSamples random_;
  ProcessingTime now_{0};
  JobSupervisor supervisor_;
  std::uint64_t attempt_ = 0;
  bool attempt_runs_ = false;
  CheckpointId newest_used_ = 0;
  CheckpointId last_ = 0;           // that the attempt ends with
  CheckpointId complete_last_ = 0;  // the same once it is complete
  CheckpointId published_only_ = 0;  // what an attempt that never went on was restored from
  bool went_ = false;
  std::set<CheckpointId> committing_;
  int ended_ = 0;
};

/// Reads bytes as everything that is read from elsewhere; nothing may happen but an Error.
void read_all(const std::vector<std::byte>& bytes) {
  ClusterState state;
  if (const auto command = wire::decode_command(bytes)) (void)state.apply(*command);
  (void)wire::decode_cluster_state(bytes);
  (void)wire::decode_job_shape({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

void mutate(std::vector<std::byte>& bytes, ClusterSamples& samples) {
  for (std::uint64_t changes = 1 + samples.below(4); changes > 0; --changes) {
    std::byte& one = bytes[samples.below(bytes.size())];
    one = samples.one_in(2) ? std::byte(samples.below(256)) : one ^ std::byte(1 << samples.below(8));
  }
  if (samples.one_in(8)) bytes.resize(samples.below(bytes.size()) & ~std::size_t{7});
  if (samples.one_in(8)) bytes.resize(bytes.size() + 8 * samples.below(4));
}

std::vector<std::byte> bytes_of(const std::string& text) {
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

}  // namespace cluster_coordination

using namespace cluster_coordination;

TEST_CASE("a supervisor commits nothing for a dead attempt, ends once and takes attempts in order") {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    INFO("seed " << seed);
    History(seed).run();
  }
}

TEST_CASE("the same log gives the same state, and what is refused changes nothing") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    INFO("seed " << seed);
    ClusterSamples samples(seed);
    ClusterState one;
    ClusterState other;
    std::map<JobId, JobRecord> before;
    for (int step = 0; step < 100; ++step) {
      const ClusterCommand command = samples.command(one);
      const ClusterState copy = one;
      const auto applied = one.apply(command);
      if (!applied || applied->effect == Applied::Effect::Nothing) CHECK(one == copy);
      (void)other.apply(*wire::decode_command(wire::encode(command)));
      for (const auto& [id, job] : one.jobs()) {
        const JobRecord* was = copy.job(id);
        if (!was) continue;
        CHECK(job.attempt >= was->attempt);
        CHECK(job.checkpoints_used >= was->checkpoints_used);
        CHECK(job.newest_checkpoint() >= was->newest_checkpoint());
        if (was->ended()) CHECK(job == *was);
      }
    }
    CHECK(one == other);
    CHECK(ClusterState::of(one.content()).ok());
  }
}

TEST_CASE("a node that joins takes no more than its share, and nothing moves between the others") {
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    INFO("seed " << seed);
    ClusterSamples samples(seed);
    const bool alike = samples.one_in(2);
    std::vector<PlacementNode> nodes;
    for (std::uint64_t id = 1; id <= 1 + samples.below(6); ++id) {
      const auto slots = alike ? 40 : 1 + static_cast<std::uint32_t>(samples.below(30));
      nodes.push_back({id, "n", slots, alike ? 0 : static_cast<std::uint32_t>(samples.below(slots))});
    }
    PlacementRequest request{.job = 1 + samples.below(9), .name = "x", .slots = 1 + static_cast<std::uint32_t>(samples.below(40))};
    const auto before = place(request, nodes);
    if (!before) continue;
    request.former = *before;
    CHECK(*place(request, nodes) == *before);
    const PlacementNode joined{99, "new", alike ? 40 : 1 + static_cast<std::uint32_t>(samples.below(30)), 0};
    nodes.push_back(joined);
    const auto after = place(request, nodes);
    REQUIRE(after.ok());
    std::size_t moved = 0;
    for (std::uint32_t slot = 0; slot < request.slots; ++slot) {
      if ((*after)[slot] == (*before)[slot]) continue;
      CHECK((*after)[slot] == joined.id);
      ++moved;
    }
    if (alike) CHECK(moved <= (request.slots + nodes.size() - 1) / nodes.size());
    CHECK(moved <= joined.slots);

    request.former = *after;
    const std::size_t gone = samples.below(nodes.size());
    const ClusterNodeId gone_id = nodes[gone].id;
    nodes.erase(nodes.begin() + static_cast<std::ptrdiff_t>(gone));
    const auto fewer = place(request, nodes);
    if (!fewer) continue;
    std::map<ClusterNodeId, std::uint32_t> used;
    for (std::uint32_t slot = 0; slot < request.slots; ++slot) {
      ++used[(*fewer)[slot]];
      if ((*after)[slot] != gone_id) CHECK((*fewer)[slot] == (*after)[slot]);
    }
    for (const PlacementNode& node : nodes) CHECK(used[node.id] <= node.slots - node.taken);
  }
}

TEST_CASE("an incarnation that is over never comes back") {
  using namespace membership;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    INFO("seed " << seed);
    ClusterSamples samples(seed);
    ProcessingTime now{0};
    Membership members({{100, "self", "self:1", ""}, 1, 1, "v"}, {}, now);
    std::map<ClusterNodeId, std::uint64_t> over;  // the highest of each
    std::map<ClusterNodeId, std::uint64_t> up;
    for (int step = 0; step < 300; ++step) {
      const ClusterNodeId id = 1 + samples.below(4);
      const std::uint64_t incarnation = over[id] + samples.below(3);
      now = now + Duration(static_cast<std::int64_t>(samples.one_in(30) ? 20'000 : samples.below(900)));
      switch (samples.below(7)) {
        case 0: (void)members.join({{id, "n", "n:" + std::to_string(samples.below(6)), ""}, incarnation, 1, "v"}, now); break;
        case 1: members.connection_lost(id, incarnation, now); break;
        case 2: samples.one_in(4) ? members.leave(id, incarnation) : members.drain(id, incarnation); break;
        case 3: members.tick(now); break;
        default: CHECK(members.heartbeat(id, incarnation, now).ok() == (up.contains(id) && up[id] == incarnation)); break;
      }
      for (const MembershipEvent& event : members.take_events()) {
        if (const auto* one = std::get_if<NodeUp>(&event)) {
          CHECK(!up.contains(one->node.node.id));
          CHECK(one->node.incarnation > over[one->node.node.id]);
          up[one->node.node.id] = one->node.incarnation;
        }
        const auto ends = [&](ClusterNodeId who, std::uint64_t which) {
          CHECK(up.at(who) == which);
          up.erase(who);
          over[who] = which;
        };
        if (const auto* one = std::get_if<NodeDead>(&event)) ends(one->id, one->incarnation);
        if (const auto* one = std::get_if<NodeLeft>(&event)) ends(one->node.id, one->incarnation);
      }
      CHECK(members.members().size() == up.size());
    }
  }
}

TEST_CASE("commands, states and shapes are read back as they were") {
  ClusterSamples samples(3);
  for (int i = 0; i < 300; ++i) {
    const ClusterState state = any_cluster_state(samples, 30);
    CHECK(*wire::decode_cluster_state(wire::encode(state)) == state);
    const ClusterCommand command = samples.command(state);
    CHECK(*wire::decode_command(wire::encode(command)) == command);
    const JobShape shape = any_shape(samples);
    CHECK(*wire::decode_job_shape(wire::encode(shape)) == shape);
  }
}

TEST_CASE("no bytes harm whoever reads them") {
  ClusterSamples samples(4);
  for (int i = 0; i < 10'000; ++i) {
    std::vector<std::byte> bytes;
    switch (samples.below(4)) {
      case 0: bytes = wire::encode(any_cluster_state(samples, 20)); break;
      case 1: bytes = wire::encode(samples.command(ClusterState())); break;
      case 2: bytes = bytes_of(wire::encode(any_shape(samples))); break;
      default:
        bytes.resize(8 * (1 + samples.below(40)));
        for (std::byte& one : bytes) one = std::byte(samples.below(256));
    }
    mutate(bytes, samples);
    read_all(bytes);
  }
}
