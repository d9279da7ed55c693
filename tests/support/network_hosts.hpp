// Hosts with addresses of their own on this machine: network namespaces, linked by a bridge, of which single ones can be cut off and
// come back as when a cable is pulled. Needs the rights of root and iproute2.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace weir::testing {

class NetworkHosts {
 public:
  /// Null when this user may not make any.
  static std::unique_ptr<NetworkHosts> make(std::size_t count);
  ~NetworkHosts();
  NetworkHosts(const NetworkHosts&) = delete;
  NetworkHosts& operator=(const NetworkHosts&) = delete;

  /// Reached by the others and by this process.
  std::string address(std::size_t host) const;
  /// Words in front of a command that is to run there.
  std::vector<std::string> launcher(std::size_t host) const;
  /// What is sent from and to it is lost.
  void cut(std::size_t host);
  void heal(std::size_t host);

 private:
  explicit NetworkHosts(std::size_t count);
  bool set_up();
  std::string space(std::size_t host) const;
  std::string cable(std::size_t host) const;

  std::size_t count_;
  std::string id_;
  std::string network_;
};

}  // namespace weir::testing
