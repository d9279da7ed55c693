#include <weir/actors/connecting.hpp>

#include <chrono>
#include <set>

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <caf/openssl/all.hpp>

namespace weir {
namespace {

constexpr std::chrono::seconds kLimit(15);

caf::io::middleman_actor middleman_of(caf::actor_system& system, Encryption encryption) {
  return encryption == Encryption::MutualTls ? system.openssl_manager().actor_handle() : system.middleman().actor_handle();
}

}  // namespace

void connect_in_background(caf::event_based_actor* asker, const std::string& address, std::uint64_t tag, Encryption encryption) {
  const auto tell = [asker, tag](caf::actor peer, const std::string& error) { asker->send(asker, message::Connected{tag, std::move(peer), error}); };
  const auto at = parse_address(address);
  if (!at) return tell(nullptr, at.error().message);
  asker->request(middleman_of(asker->system(), encryption), kLimit, caf::connect_atom::value, at->host, at->port)
      .then(
          [tell, address](const caf::node_id&, const caf::strong_actor_ptr& peer, const std::set<std::string>&) {
            if (peer) tell(caf::actor_cast<caf::actor>(peer), "");
            else tell(nullptr, "nobody listens at " + address);
          },
          [tell, asker, address](const caf::error& error) { tell(nullptr, "cannot connect to " + address + ": " + asker->system().render(error)); });
}

}  // namespace weir
