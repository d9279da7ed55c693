// Kills workers, nodes and leaders of a cluster at random moments, one at a time and two at once, and has them back; nodes are asked to
// end, too, also when another was just lost.
#pragma once

#include <csignal>
#include <cstdint>
#include <random>

#include "support/daemons.hpp"

namespace weir::testing {

/// Between two kills a checkpoint completes. How often it killed; the job may end before all were done.
inline int kill_at_random(Daemons& nodes, std::uint64_t job, int kills, std::mt19937& random) {
  std::uint64_t checkpoint = 0;
  for (int kill = 0; kill < kills; ++kill) {
    const JobStatus before = nodes.await_checkpoint(job, checkpoint);
    if (before.ended()) return kill;
    checkpoint = before.checkpoint;
    const std::size_t victim = random() % nodes.size();
    const std::size_t other = (victim + 1 + random() % (nodes.size() - 1)) % nodes.size();
    switch (random() % 7) {
      case 0: nodes.kill_worker(victim); break;
      case 1: nodes.kill(victim); break;
      case 2: nodes.kill(nodes.leader()); break;
      case 3:
        nodes.kill_worker(victim);
        nodes.kill(other);
        break;
      case 4: nodes.terminate(victim); break;
      case 5:
        nodes.kill(other);
        nodes.terminate(victim);
        break;
      default:  // taken for dead, and back as if nothing had been
        nodes.signal(victim, SIGSTOP);
        nodes.hide(victim);
        nodes.await_up(nodes.size() - 1);
        nodes.signal(victim, SIGCONT);
        nodes.show(victim);
    }
    for (std::size_t node = 0; node < nodes.size(); ++node) nodes.start(node);
    nodes.await_up(nodes.size());
  }
  return kills;
}

}  // namespace weir::testing
