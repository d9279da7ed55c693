#include <weir/actors/connector_actor.hpp>

#include <caf/all.hpp>

namespace weir {

void connect_in_background(caf::event_based_actor* asker, const std::string& address, std::uint64_t tag, Encryption encryption) {
  const auto whom = caf::actor_cast<caf::actor>(asker);
  asker->spawn<caf::detached>([whom, address, tag, encryption](caf::event_based_actor* self) {
    auto peer = connect_to(self->system(), address, encryption);
    if (peer) self->send(whom, message::Connected{tag, std::move(*peer), ""});
    else self->send(whom, message::Connected{tag, nullptr, peer.error().message});
  });
}

}  // namespace weir
