// The CAF messages that cross from process to process. There are three, all of them numbers and opaque bytes: what they
// mean is decided, and every byte of them checked, by the actor that receives them and not by the middleman's thread.
// Who sent one is CAF's current_sender().
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <caf/error.hpp>
#include <caf/fwd.hpp>
#include <caf/meta/type_name.hpp>

#include <weir/wire/message.hpp>

namespace weir::message {

/// A control message (wire/control.hpp) and what it is about; job 0: none.
struct Packet {
  std::uint64_t job = 0;
  std::uint64_t attempt = 0;
  std::string kind;
  std::string bytes;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, Packet& packet) {
  return f(caf::meta::type_name("weir_packet"), packet.job, packet.attempt, packet.kind, packet.bytes);
}

template <NamedRecord M>
Packet make_packet(std::uint64_t job, std::uint64_t attempt, const M& content) {
  return {job, attempt, std::string(name_of<M>()), wire::encode(content)};
}

/// Calls act(content) if the packet is an M. Throws Failure when its bytes are none.
template <NamedRecord M, class Act>
void on(const Packet& packet, Act&& act) {
  if (packet.kind == name_of<M>()) act(wire::decode<M>(packet.bytes).or_throw());
}

/// Elements and grants between two workers (wire/frame.hpp). It goes out in pieces, so that nobody need join them, and comes as one.
struct Frame {
  std::vector<std::vector<std::byte>> pieces;

  std::size_t size_bytes() const {
    std::size_t size = 0;
    for (const auto& piece : pieces) size += piece.size();
    return size;
  }
};

caf::error inspect(caf::serializer& sink, Frame& frame);
caf::error inspect(caf::deserializer& source, Frame& frame);

/// The receiver has dealt out a frame of so many bytes: as many more may come.
struct FrameTaken {
  std::uint64_t bytes = 0;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, FrameTaken& taken) {
  return f(caf::meta::type_name("weir_frame_taken"), taken.bytes);
}

}  // namespace weir::message
