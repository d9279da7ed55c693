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

}  // namespace weir
