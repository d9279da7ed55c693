// How a process of the cluster is reached and reaches others: by plain connections, on loopback only, or by mutual TLS.
//
// CAF trusts whoever it hears: a stranger's few bytes can make it take 4 GiB, or end it; and it connects without a time limit. With
// TLS nobody speaks who has no certificate. Plain connections are opened and watched here:
//
//   connection := secret BASP        the secret of this machine's user (machine_secret.hpp), from who connects; CAF sees what follows
//
// Whoever does not know it is hung up on, and a message that is too long ends its connection.
//
// A resource, used from any thread; the actor system outlives it. Connections are made one after the other, on a thread of its own.
#pragma once

#include <cstdint>
#include <mutex>
#include <set>
#include <string>

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/io/middleman_actor.hpp>

#include <weir/actors/actor_process_options.hpp>
#include <weir/base/address.hpp>
#include <weir/base/machine_secret.hpp>
#include <weir/base/result.hpp>
#include <weir/base/serial_thread.hpp>

namespace weir {

namespace message {

/// Who listens at the address; null, and why, when nobody can be reached.
struct Connected {
  std::uint64_t tag;
  caf::actor peer;
  std::string error;
};

}  // namespace message

class ActorNetwork {
 public:
  /// Throws Failure when there is no secret to be had.
  ActorNetwork(caf::actor_system& system, Encryption encryption);
  ~ActorNetwork() { stop(); }
  ActorNetwork(const ActorNetwork&) = delete;
  ActorNetwork& operator=(const ActorNetwork&) = delete;

  /// Lets other processes reach the actor; port 0 takes a free one. Returns the port.
  Result<std::uint16_t> listen(const caf::actor& actor, const Address& address);
  /// Who listens at HOST:PORT. Blocks, for some seconds at the most.
  Result<caf::actor> connect(const std::string& address);
  /// Sends `asker` a message::Connected with this tag.
  void connect_in_background(caf::actor asker, const std::string& address, std::uint64_t tag);
  /// Nothing is connected any more. May be called again.
  void stop();

 private:
  bool calls_again(const std::string& address);

  caf::actor_system& system_;
  Encryption encryption_;
  caf::io::middleman_actor middleman_;
  std::mutex mutex_;               // guards called_
  std::set<std::string> called_;   // addresses, before
  SerialThread dialling_;
};

}  // namespace weir

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Connected)
