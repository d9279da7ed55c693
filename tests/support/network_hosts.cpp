#include "support/network_hosts.hpp"

#include <cstdlib>

#include <unistd.h>

namespace weir::testing {
namespace {

bool run(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()) == 0; }

}  // namespace

NetworkHosts::NetworkHosts(std::size_t count)
    : count_(count), id_(std::to_string(::getpid() % 100'000)), network_("10.231." + std::to_string(::getpid() % 250) + ".") {}

std::unique_ptr<NetworkHosts> NetworkHosts::make(std::size_t count) {
  std::unique_ptr<NetworkHosts> hosts(new NetworkHosts(count));
  return hosts->set_up() ? std::move(hosts) : nullptr;
}

bool NetworkHosts::set_up() {
  const std::string bridge = "wb" + id_;
  bool done = run("ip link add " + bridge + " type bridge") && run("ip address add " + network_ + "254/24 dev " + bridge) &&
              run("ip link set " + bridge + " up");
  for (std::size_t host = 0; host < count_ && done; ++host) {
    const std::string inside = "ip -n " + space(host) + " ";
    done = run("ip netns add " + space(host)) && run("ip link add " + cable(host) + " type veth peer name eth0 netns " + space(host)) &&
           run("ip link set " + cable(host) + " master " + bridge + " up") && run(inside + "address add " + address(host) + "/24 dev eth0") &&
           run(inside + "link set eth0 up") && run(inside + "link set lo up");
  }
  return done;
}

NetworkHosts::~NetworkHosts() {
  for (std::size_t host = 0; host < count_; ++host) {
    run("ip netns delete " + space(host));
    run("ip link delete " + cable(host));
  }
  run("ip link delete wb" + id_);
}

std::string NetworkHosts::space(std::size_t host) const { return "weir-" + id_ + "-" + std::to_string(host); }
std::string NetworkHosts::cable(std::size_t host) const { return "wv" + id_ + "-" + std::to_string(host); }
std::string NetworkHosts::address(std::size_t host) const { return network_ + std::to_string(host + 1); }

std::vector<std::string> NetworkHosts::launcher(std::size_t host) const { return {"/usr/bin/env", "ip", "netns", "exec", space(host)}; }

void NetworkHosts::cut(std::size_t host) { run("ip link set " + cable(host) + " down"); }
void NetworkHosts::heal(std::size_t host) { run("ip link set " + cable(host) + " up"); }

}  // namespace weir::testing
