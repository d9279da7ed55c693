// Connecting to another process takes as long as the system lets a connection hang. The middleman does it in a thread of its own,
// one connection after the other; this asks it to, and an answer comes as a message, at the latest after a time limit.
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
