// How a process of the cluster sets up CAF: the one place that knows its options, most of which are here because their defaults
// stall or crash (threads, fairness, heartbeats). How it listens and connects: actor_network.hpp.
#pragma once

#include <caf/actor_system_config.hpp>

#include <weir/actors/actor_process_options.hpp>

namespace weir {

/// The configuration of an actor system that talks to other processes, which alone may send what remote_messages.hpp names.
class ActorProcessConfig final : public caf::actor_system_config {
 public:
  explicit ActorProcessConfig(const ActorProcessOptions& options);
};

}  // namespace weir
