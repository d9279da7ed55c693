// Where the other nodes were last reached, kept for the next start: when all nodes are started again at other addresses, those that a
// node was once told to join may all be stale.
//
//   <data>/peers     "<id> <address>" on each line
//
// Part of the node's actor, whose thread it uses; the disk's thread writes. A file that cannot be written is gone without.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <weir/base/serial_thread.hpp>
#include <weir/coordination/cluster_node.hpp>

namespace weir {

class PeerBook {
 public:
  /// With what the process before noted. The disk's thread outlives this.
  PeerBook(std::filesystem::path data, SerialThread& disk);

  std::vector<std::string> addresses() const;
  /// The node was reached there.
  void note(ClusterNodeId node, const std::string& address);

 private:
  std::filesystem::path file_;
  SerialThread& disk_;
  std::map<ClusterNodeId, std::string> known_;
};

}  // namespace weir
