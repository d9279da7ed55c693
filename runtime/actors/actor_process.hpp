// How a process of the cluster sets up CAF, listens and connects: the one place that knows its options, most of which are
// here because their defaults stall or crash (threads, fairness, heartbeats), and the one that decides between plain
// connections, on loopback only, and mutual TLS.
#pragma once

#include <cstdint>
#include <string>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <weir/actors/actor_process_options.hpp>
#include <weir/base/address.hpp>
#include <weir/base/result.hpp>

namespace weir {

/// The configuration of an actor system that talks to other processes, which alone may send what remote_messages.hpp names.
class ActorProcessConfig final : public caf::actor_system_config {
 public:
  explicit ActorProcessConfig(const ActorProcessOptions& options);
};

/// Lets other processes reach the actor; port 0 takes a free one. Returns the port.
Result<std::uint16_t> listen_at(caf::actor_system& system, const caf::actor& actor, const Address& address, Encryption encryption);

/// Who listens at host:port. Blocks.
Result<caf::actor> connect_to(caf::actor_system& system, const std::string& address, Encryption encryption);

}  // namespace weir
