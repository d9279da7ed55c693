// The ports at which nodes and workers hear each other are spoken to by strangers: whatever they send, daemon, worker and job go on,
// and memory stays bounded.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <random>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/daemons.hpp"
#include "support/loopback_port.hpp"
#include "support/nexmark_run.hpp"
#include "support/process_ports.hpp"
#include "support/temporary_directory.hpp"

using namespace weir::testing;

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::size_t kMostBytes = std::size_t{1} << 30;  // that a process may have; a sanitizer keeps what is freed, and notes on every access
#else
constexpr std::size_t kMostBytes = std::size_t{512} << 20;  // that a process may have
#endif

std::uint16_t port_of(const std::string& address) { return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))); }

int connect_to(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{5, 0};  // a peer that takes nothing must not hold the test up
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const timeval moment{0, 10'000};  // one that says nothing first, even less
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof moment);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return socket;
  ::close(socket);
  return -1;
}

void send_all(int socket, const std::string& bytes) { (void)::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL); }

std::string random_bytes(std::mt19937& random, std::size_t most) {
  std::string bytes(random() % (most + 1), '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

/// As CAF has it: what kind, flags, how long the payload is, a number, sender and receiver.
std::string header(std::mt19937& random, std::uint32_t length) {
  std::string bytes(32, '\0');
  bytes[0] = static_cast<char>(random() % 8);
  bytes[3] = static_cast<char>(random() % 4);
  for (int i = 0; i < 4; ++i) bytes[static_cast<std::size_t>(4 + i)] = static_cast<char>(length >> (24 - 8 * i));
  for (std::size_t i = 8; i < bytes.size(); ++i) bytes[i] = random() % 3 == 0 ? static_cast<char>(random()) : '\0';
  return bytes;
}

/// What the server says first, sent back to it with a few bytes changed.
std::string changed_echo(int socket, std::mt19937& random) {
  std::array<char, 4096> said{};
  const ssize_t count = ::recv(socket, said.data(), said.size(), 0);
  std::string bytes(said.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  if (!bytes.empty()) bytes[0] = '\x01';
  for (auto changes = random() % 5; changes > 0 && !bytes.empty(); --changes) bytes[random() % bytes.size()] = static_cast<char>(random());
  return bytes;
}

void speak(int socket, std::mt19937& random) {
  switch (random() % 5) {
    case 0: return;
    case 1: return send_all(socket, random_bytes(random, 4096));
    case 2: return send_all(socket, header(random, static_cast<std::uint32_t>(random())) + random_bytes(random, 4096));
    case 3: return send_all(socket, header(random, random() % 512) + random_bytes(random, 512) + header(random, static_cast<std::uint32_t>(random())));
    default: return send_all(socket, changed_echo(socket, random) + header(random, static_cast<std::uint32_t>(random())));
  }
}

/// So many connections, some of which stay half open until the end.
void attack(std::uint16_t port, int connections, std::mt19937& random) {
  std::vector<int> open;
  int refused = 0;
  for (int i = 0; i < connections; ++i) {
    const int socket = connect_to(port);
    if (socket < 0) {
      ++refused;
      continue;
    }
    speak(socket, random);
    if (open.size() < 200 && random() % 20 == 0) open.push_back(socket);
    else ::close(socket);
  }
  for (const int socket : open) ::close(socket);
  CHECK(refused == 0);
}

}  // namespace

TEST_CASE("strangers at the ports of nodes and workers do no harm") {
  const TemporaryDirectory directory;
  std::mt19937 random(nexmark::testing::seed());
  CAPTURE(nexmark::testing::seed());
  Daemons nodes(directory / "cluster", 2, {"--slots", "1"});
  const std::uint64_t job = nodes.submit("slow_count", {"--set", "count=100000000", "--set", "rate=20000", "--set", "output=" + (directory / "out.csv").string(),
                                                        "--parallelism", "2", "--checkpoint-interval", "100ms"});
  const JobStatus before = nodes.await_checkpoint(job, 1);
  const auto workers = processes_with({"worker", "--node", nodes.address(0)});
  const auto daemons = processes_with({"node", "--listen", nodes.address(0)});
  REQUIRE(workers.size() == 1);
  REQUIRE(daemons.size() == 1);
  const auto ports = listening_ports(workers[0]);
  REQUIRE(ports.size() == 1);
  attack(port_of(nodes.address(0)), 10'000, random);
  attack(ports[0], 10'000, random);
  CHECK(resident_bytes(daemons[0]) < kMostBytes);
  CHECK(resident_bytes(workers[0]) < kMostBytes);
  const JobStatus after = nodes.await_checkpoint(job, nodes.status(job).checkpoint + 3);
  CHECK(after.attempt == before.attempt);
  nodes.await_up(2);
}

TEST_CASE("a node that wants certificates hears neither plain bytes nor those of another authority") {
  const TemporaryDirectory directory;
  std::mt19937 random(nexmark::testing::seed());
  const auto keys = [&](const std::string& authority) {
    const auto place = directory / authority;
    const auto log = directory / "cert.log";
    const std::filesystem::path weir = std::filesystem::path(WEIR_BIN_DIR) / "weir";
    REQUIRE(Process(weir, {"cert", "ca", "--out", place.string()}, log).wait_for(std::chrono::minutes(1)) == 0);
    REQUIRE(Process(weir, {"cert", "node", "--ca", place.string(), "--name", "node", "--host", "127.0.0.1", "--out", place.string()}, log)
                .wait_for(std::chrono::minutes(1)) == 0);
    return std::vector<std::string>{"--tls-certificate", (place / "node.pem").string(), "--tls-key", (place / "node.key").string(), "--tls-ca",
                                    (place / "ca.pem").string()};
  };
  const auto token = directory / "token";
  std::ofstream(token) << "token-of-this-test-alone-0123456789\n";
  std::filesystem::permissions(token, std::filesystem::perms::owner_read);
  auto own = keys("own");
  own.insert(own.end(), {"--token-file", token.string()});
  const auto foreign = keys("foreign");
  const std::vector<std::string> client{"--ca", (directory / "own" / "ca.pem").string(), "--token-file", token.string()};
  Daemons nodes(directory / "cluster", {DaemonSetup{}}, own, client);
  const auto daemons = processes_with({"node", "--listen", nodes.address(0)});
  REQUIRE(daemons.size() == 1);
  attack(port_of(nodes.address(0)), 2'000, random);
  CHECK(resident_bytes(daemons[0]) < kMostBytes);

  std::vector<std::string> words{"node", "--listen", "127.0.0.1:" + std::to_string(free_port()), "--http", "127.0.0.1:" + std::to_string(free_port()),
                                 "--data", (directory / "stranger").string(), "--join", nodes.address(0)};
  words.insert(words.end(), foreign.begin(), foreign.end());
  Process stranger(std::filesystem::path(WEIR_BIN_DIR) / "weir", words, directory / "stranger.log");
  Process plain(std::filesystem::path(WEIR_BIN_DIR) / "weir",
                {"node", "--listen", "127.0.0.1:" + std::to_string(free_port()), "--http", "127.0.0.1:" + std::to_string(free_port()), "--data",
                 (directory / "plain").string(), "--join", nodes.address(0)},
                directory / "plain.log");
  // A third one, which has the right certificate, tries after them and comes in.
  nodes.add(DaemonSetup{});
  nodes.await_up(2);
  CHECK(!stranger.wait_for(std::chrono::milliseconds(0)));  // both still try
  CHECK(!plain.wait_for(std::chrono::milliseconds(0)));
}
