#include <weir/actors/actor_network.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <set>

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman_actor_impl.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/doorman_impl.hpp>
#include <caf/io/network/stream_impl.hpp>
#include <caf/openssl/all.hpp>

#include <weir/actors/bounded_stream.hpp>

namespace weir {
namespace {

namespace network = caf::io::network;

constexpr std::chrono::milliseconds kConnecting(3000);   // for the connection
constexpr std::chrono::milliseconds kGreeting(5000);     // and for the other process to say who it is

/// TCP whose bytes are watched as they come in. The side that was called wants the secret first.
class BoundedTcp : public caf::policy::tcp {
 public:
  explicit BoundedTcp(std::optional<MachineSecret> wanted) : wanted_(wanted) {}

  network::rw_state read_some(std::size_t& result, network::native_socket socket, void* bytes, std::size_t most) {
    if (wanted_ && known_ < wanted_->size()) {
      result = 0;
      return read_secret(socket);
    }
    const network::rw_state state = caf::policy::tcp::read_some(result, socket, bytes, most);
    if (state != network::rw_state::success) return state;
    return stream_.take(static_cast<const unsigned char*>(bytes), result) ? state : network::rw_state::failure;
  }

 private:
  network::rw_state read_secret(network::native_socket socket) {
    MachineSecret said{};
    std::size_t count = 0;
    const network::rw_state state = caf::policy::tcp::read_some(count, socket, said.data(), wanted_->size() - known_);
    if (state != network::rw_state::success) return state;
    if (!std::equal(said.begin(), said.begin() + static_cast<std::ptrdiff_t>(count), wanted_->begin() + static_cast<std::ptrdiff_t>(known_))) {
      return network::rw_state::failure;
    }
    known_ += count;
    return state;
  }

  std::optional<MachineSecret> wanted_;
  std::size_t known_ = 0;  // bytes of it that were right
  BoundedStream stream_;
};

class BoundedScribe final : public caf::io::scribe {
 public:
  BoundedScribe(network::default_multiplexer& multiplexer, network::native_socket socket, std::optional<MachineSecret> wanted)
      : scribe(network::conn_hdl_from_socket(socket)), stream_(multiplexer, socket, wanted) {}

  void configure_read(caf::io::receive_policy::config config) override {
    stream_.configure_read(config);
    if (!std::exchange(launched_, true)) stream_.start(this);
  }
  void ack_writes(bool enable) override { stream_.ack_writes(enable); }
  std::vector<char>& wr_buf() override { return stream_.wr_buf(); }
  std::vector<char>& rd_buf() override { return stream_.rd_buf(); }
  void graceful_shutdown() override {
    stream_.graceful_shutdown();
    detach(&stream_.backend(), false);
  }
  void flush() override { stream_.flush(this); }
  std::string addr() const override {
    const auto address = network::remote_addr_of_fd(stream_.fd());
    return address ? *address : "";
  }
  std::uint16_t port() const override {
    const auto port = network::remote_port_of_fd(stream_.fd());
    return port ? *port : 0;
  }
  void add_to_loop() override { stream_.activate(this); }
  void remove_from_loop() override { stream_.passivate(); }

 private:
  bool launched_ = false;
  network::stream_impl<BoundedTcp> stream_;
};

class BoundedDoorman final : public network::doorman_impl {
 public:
  BoundedDoorman(network::default_multiplexer& multiplexer, network::native_socket socket, const MachineSecret& secret)
      : doorman_impl(multiplexer, socket), secret_(secret) {}

  bool new_connection() override {
    if (detached()) return false;
    auto& multiplexer = acceptor_.backend();
    const auto scribe = caf::make_counted<BoundedScribe>(multiplexer, acceptor_.accepted_socket(), secret_);
    const auto handle = scribe->hdl();
    parent()->add_scribe(scribe);
    return doorman::new_connection(&multiplexer, handle);
  }

 private:
  MachineSecret secret_;
};

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Result<Addresses> look_up(const std::string& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) return Error{error == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(error)};
  return Addresses(found, &::freeaddrinfo);
}

/// -1 when there is no connection in time.
int connected_socket(const std::string& host, std::uint16_t port) {
  const auto addresses = look_up(host, port, 0);
  if (!addresses) return -1;
  for (const addrinfo* address = addresses->get(); address != nullptr; address = address->ai_next) {
    const int socket = ::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (socket < 0) continue;
    int error = ::connect(socket, address->ai_addr, address->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
      pollfd writable{socket, POLLOUT, 0};
      socklen_t size = sizeof error;
      const bool answered = ::poll(&writable, 1, static_cast<int>(kConnecting.count())) > 0;
      if (!answered || ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = ETIMEDOUT;
    }
    if (error == 0) return socket;
    ::close(socket);
  }
  return -1;
}

/// The Error is why the last of the host's addresses cannot be had.
Result<int> listening_socket(const char* host, std::uint16_t port) {
  const auto addresses = look_up(host, port, AI_PASSIVE);
  if (!addresses) return addresses.error();
  int error = EADDRNOTAVAIL;
  for (const addrinfo* address = addresses->get(); address != nullptr; address = address->ai_next) {
    const int socket = ::socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (socket < 0) {
      error = errno;
      continue;
    }
    const int on = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(socket, address->ai_addr, address->ai_addrlen) == 0 && ::listen(socket, SOMAXCONN) == 0) return socket;
    error = errno;
    ::close(socket);
  }
  return Error{std::strerror(error)};
}

/// The middleman's actor for plain connections, which are watched.
class PlainMiddleman final : public caf::io::middleman_actor_impl {
 public:
  PlainMiddleman(caf::actor_config& config, caf::actor broker, const MachineSecret& secret)
      : middleman_actor_impl(config, std::move(broker)), secret_(secret) {}

 protected:
  caf::expected<caf::io::scribe_ptr> connect(const std::string& host, std::uint16_t port) override {
    const int socket = connected_socket(host, port);
    if (socket < 0) return caf::make_error(caf::sec::cannot_connect_to_node, "nobody answers", host, port);
    // The buffer of a new connection has room for it.
    if (::send(socket, secret_.data(), secret_.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(secret_.size())) {
      ::close(socket);
      return caf::make_error(caf::sec::cannot_connect_to_node, "hung up at once", host, port);
    }
    return caf::io::scribe_ptr(caf::make_counted<BoundedScribe>(multiplexer(), socket, std::nullopt));
  }
  caf::expected<caf::io::doorman_ptr> open(std::uint16_t port, const char* address, bool) override {
    const auto socket = listening_socket(address, port);
    if (!socket) return caf::make_error(caf::sec::cannot_open_port, socket.error().message);
    return caf::io::doorman_ptr(caf::make_counted<BoundedDoorman>(multiplexer(), *socket, secret_));
  }

 private:
  network::default_multiplexer& multiplexer() { return static_cast<network::default_multiplexer&>(system().middleman().backend()); }

  MachineSecret secret_;
};

caf::io::middleman_actor middleman_for(caf::actor_system& system, Encryption encryption) {
  if (encryption == Encryption::MutualTls) return system.openssl_manager().actor_handle();
  auto broker = system.middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"));
  return caf::actor_cast<caf::io::middleman_actor>(system.spawn<PlainMiddleman, caf::detached + caf::hidden>(std::move(broker), machine_secret().or_throw()));
}

}  // namespace

ActorNetwork::ActorNetwork(caf::actor_system& system, Encryption encryption)
    : system_(system), encryption_(encryption), middleman_(middleman_for(system, encryption)) {}

void ActorNetwork::stop() {
  dialling_.stop();
  if (middleman_ && encryption_ == Encryption::Off) caf::anon_send_exit(middleman_, caf::exit_reason::user_shutdown);
  middleman_ = nullptr;
}

Result<std::uint16_t> ActorNetwork::listen(const caf::actor& actor, const Address& address) {
  Result<std::uint16_t> listening = Error{"cannot listen at " + to_text(address)};
  const caf::scoped_actor self(system_);
  self->request(middleman_, caf::infinite, caf::publish_atom::value, address.port, caf::actor_cast<caf::strong_actor_ptr>(actor), std::set<std::string>(),
                address.host, true)
      .receive([&](std::uint16_t port) { listening = port; },
               [&](const caf::error& error) { listening = Error{"cannot listen at " + to_text(address) + ": " + system_.render(error)}; });
  return listening;
}

bool ActorNetwork::calls_again(const std::string& address) {
  const std::lock_guard lock(mutex_);
  return !called_.insert(address).second;
}

Result<caf::actor> ActorNetwork::connect(const std::string& address) {
  const auto at = parse_address(address);
  if (!at) return at.error();
  // CAF's TLS waits for as long as the system lets it, and nobody else is called meanwhile: so where a connection was lost it is first
  // tried whether anybody is there. Not otherwise, since CAF takes a call that ends at once badly.
  if (encryption_ == Encryption::MutualTls && calls_again(address)) {
    const int reachable = connected_socket(at->host, at->port);
    if (reachable < 0) return Error{"cannot connect to " + address + ": nobody answers"};
    ::close(reachable);
  }
  Result<caf::actor> connected = Error{"cannot connect to " + address};
  const caf::scoped_actor self(system_);
  self->request(middleman_, kConnecting + kGreeting, caf::connect_atom::value, at->host, at->port)
      .receive(
          [&](const caf::node_id&, const caf::strong_actor_ptr& peer, const std::set<std::string>&) {
            if (peer) connected = caf::actor_cast<caf::actor>(peer);
          },
          [&](const caf::error& error) { connected = Error{"cannot connect to " + address + ": " + system_.render(error)}; });
  return connected;
}

void ActorNetwork::connect_in_background(caf::actor asker, const std::string& address, std::uint64_t tag) {
  dialling_.run([this, asker = std::move(asker), address, tag] {
    auto peer = connect(address);
    if (peer) caf::anon_send(asker, message::Connected{tag, std::move(*peer), ""});
    else caf::anon_send(asker, message::Connected{tag, nullptr, peer.error().message});
  });
}

}  // namespace weir
