// Connecting to another process blocks, for as long as the system lets a connection hang. So an actor with a thread of its own
// does it, and is gone when it has answered.
#pragma once

#include <cstdint>
#include <string>

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/event_based_actor.hpp>

#include <weir/actors/actor_process.hpp>

namespace weir {

namespace message {

/// Who listens at the address; null, and why, when nobody can be reached.
struct Connected {
  std::uint64_t tag;
  caf::actor peer;
  std::string error;
};

}  // namespace message

/// Sends `asker` a message::Connected with this tag.
void connect_in_background(caf::event_based_actor* asker, const std::string& address, std::uint64_t tag, Encryption encryption);

}  // namespace weir

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Connected)
