#include <weir/actors/actor_process.hpp>

#include <algorithm>
#include <chrono>
#include <thread>

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <caf/openssl/all.hpp>

#include <weir/actors/remote_messages.hpp>

namespace weir {

ActorProcessConfig::ActorProcessConfig(const ActorProcessOptions& options) {
  const std::uint32_t threads = options.threads > 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
  set("scheduler.max-threads", static_cast<std::size_t>(threads));
  set("scheduler.max-throughput", std::size_t{32});  // messages before another actor gets its turn
  set("scheduler.policy", caf::atom("sharing"));     // beats stealing on few cores
  set("middleman.enable-automatic-connections", false);
  // Both are needed, on both sides, for a peer that hangs to be noticed.
  set("middleman.heartbeat-interval", std::chrono::duration_cast<caf::timespan>(options.heartbeat));
  set("middleman.connection-timeout", std::chrono::duration_cast<caf::timespan>(options.connection_timeout));
  add_message_type<message::Packet>("weir_packet");
  add_message_type<message::Frame>("weir_frame");
  add_message_type<message::FrameTaken>("weir_frame_taken");
  load<caf::io::middleman>();
  if (options.encryption() == Encryption::MutualTls) {
    load<caf::openssl::manager>();
    openssl_certificate = options.certificate;
    openssl_key = options.key;
    openssl_cafile = options.ca;
  }
}

Result<std::uint16_t> listen_at(caf::actor_system& system, const caf::actor& actor, const Address& address, Encryption encryption) {
  auto port = encryption == Encryption::MutualTls ? caf::openssl::publish(actor, address.port, address.host.c_str(), true)
                                                  : system.middleman().publish(actor, address.port, address.host.c_str(), true);
  if (!port) return Error{"cannot listen at " + to_text(address) + ": " + system.render(port.error())};
  return *port;
}

Result<caf::actor> connect_to(caf::actor_system& system, const std::string& address, Encryption encryption) {
  const auto at = parse_address(address);
  if (!at) return at.error();
  auto peer = encryption == Encryption::MutualTls ? caf::openssl::remote_actor(system, at->host, at->port)
                                                  : system.middleman().remote_actor(at->host, at->port);
  if (!peer) return Error{"cannot connect to " + address + ": " + system.render(peer.error())};
  return std::move(*peer);
}

}  // namespace weir
