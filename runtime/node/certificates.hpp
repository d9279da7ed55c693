// Nodes that can be reached from other machines prove to each other who they are. A cluster has an authority of its own, which is
// a key in a file: whoever has it can make nodes, so it belongs on no node. Certificates are made by `weir cert`.
//
//   DIR/ca.pem    the authority's certificate, which every node and client gets
//   DIR/ca.key    its key, to be kept away
//   DIR/NAME.pem  a node's certificate, DIR/NAME.key its key
//
// Keys are EC P-256, files of keys are for their owner alone. Nothing is ever overwritten.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <weir/base/result.hpp>

namespace weir {

struct Validity {
  std::uint32_t days = 0;
  std::chrono::system_clock::time_point from = std::chrono::system_clock::now();
};

struct AuthorityOptions {
  std::filesystem::path directory;
  Validity validity{.days = 3650};
};

/// Makes an authority and returns the files, the key's last.
Result<std::vector<std::filesystem::path>> make_authority(const AuthorityOptions& options);

struct NodeCertificateOptions {
  std::filesystem::path authority;   // its directory
  std::string name;
  std::vector<std::string> hosts = {};  // names and addresses that the node is reached by; this machine's own are added
  std::filesystem::path directory;
  Validity validity{.days = 825};
};

/// Makes a node's certificate and key, and puts the authority's certificate beside them. Returns the files, the key's last.
Result<std::vector<std::filesystem::path>> make_node_certificate(const NodeCertificateOptions& options);

}  // namespace weir
