// Two workers of an attempt have one link: all channels between their tasks share it. Each end is an actor. It sends what the
// tasks here give it for tasks there in frames, and deals out the frames that come.
//
//   window    no more than window_bytes of frames are under way: the receiver says when it has dealt one out, which it does at
//             once, whatever its tasks do. So a blocked channel holds back no other (I4), and CAF's write buffer is bounded. What
//             waits here is bounded by the channels' credit
//   frames    with nothing under way an item is sent at once; otherwise items gather to frames of at least 128 KiB
//   greeting  one end calls the other's worker with LinkHello, which hands it to its own end; that answers with LinkHello.
//             So each knows the other's actor
//   order     frames are counted. One of another attempt, or out of turn because a connection broke and came back, ends the
//             attempt (I10)
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/event_based_actor.hpp>

#include <weir/wire/frame.hpp>

namespace weir {

constexpr std::size_t kLeastFrame = 128 << 10;  // bytes, while another is under way: each wakes three threads

struct LinkOptions {
  std::uint64_t job = 0;
  std::uint64_t attempt = 0;
  std::uint32_t self = 0;         // which worker is at this end
  std::shared_ptr<const std::vector<caf::actor>> tasks;  // of the plan; null where they are not here. Shared with the worker
  caf::actor worker;              // hears Linked and LinkLost
  std::uint32_t peer = 0;         // which worker is at the other end
  std::size_t window_bytes = 4 << 20;
};

namespace message {

/// To a link: something for the other end.
struct Outgoing {
  std::shared_ptr<std::vector<wire::EncodedItem>> items;  // for the receiver alone to move from
};
/// To a link that is to call: the other end's worker.
struct Call {
  caf::actor worker;
};
/// To a link that was called: the actor at the other end.
struct Called {
  caf::actor peer;
};
/// From a link to its worker: both ends know each other.
struct Linked {
  std::uint32_t peer;
};
struct LinkLost {
  std::uint32_t peer;
  std::string why;
};
/// From a link to a task: an element, still packed.
struct Arrived {
  wire::FrameItem item;
  std::shared_ptr<const std::vector<std::byte>> frame;  // shared by the elements of the frame
  std::span<const std::byte> blob;                      // the item's, in the frame
};

}  // namespace message

caf::behavior link_actor(caf::event_based_actor* self, LinkOptions options);

}  // namespace weir

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Outgoing)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Call)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Called)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Linked)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::LinkLost)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Arrived)
