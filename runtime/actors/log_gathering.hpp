// What a job prints lies on the nodes where its workers ran, and whoever asks for it need not know which these are. So the node
// that is asked asks all others, and answers when each of them has, is gone, or has had its time: one that hangs costs its own
// lines, not those of the others.
//
// Plain; log_relay.hpp sends what is to be sent.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <weir/actors/log_call.hpp>
#include <weir/coordination/cluster_node.hpp>

namespace weir {

class LogGathering {
 public:
  using Names = std::map<ClusterNodeId, std::string>;

  /// Waits for these nodes; `silent` cannot be reached. The number that their answers are to bear.
  std::uint64_t begin(std::shared_ptr<LogCall> call, Names awaited, std::vector<std::string> silent);
  /// Ignored unless that node was asked that, and has not answered.
  void on_logs(ClusterNodeId from, wire::WorkerLogs logs);
  /// The node will not answer any more.
  void on_gone(ClusterNodeId node);
  /// Answers with what is there. Nothing when that has been done.
  void on_due(std::uint64_t request);

 private:
  struct Gathering {
    std::shared_ptr<LogCall> call;
    Names awaited;
    GatheredLogs found;
  };
  using UnderWay = std::map<std::uint64_t, Gathering>;

  static void answer(Gathering& gathering);

  UnderWay under_way_;
  std::uint64_t last_request_ = 0;
};

}  // namespace weir
