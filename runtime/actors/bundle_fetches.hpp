// Workers wait here until their bundle is on this node: it is fetched once, whatever number of them wants it, a piece at a time,
// from one of the nodes that have it and then from the next. Plain; the node's actor drives it.
//
//   want -> FetchBundle{0} -> BundlePiece -> FetchBundle{n} ... -> an empty piece: all is there, kept under its hash
//                                 \ an error, or another hash: the next holder; none left: nowhere
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include <weir/actors/node_services.hpp>
#include <weir/wire/control.hpp>

namespace weir {

class BundleFetches {
 public:
  /// A worker that is to be started.
  struct Start {
    JobId job = 0;
    std::uint64_t attempt = 0;
    wire::StartWorker worker;
  };
  enum class Asked : std::uint8_t { Yes, No };
  struct Effects {
    std::function<Asked(ClusterNodeId holder, const wire::FetchBundle&)> ask;  // No: the node is not connected
    std::function<void(Start)> there;
    std::function<void(const Start&, const std::string& why)> nowhere;
  };

  /// Services outlive this.
  BundleFetches(NodeServices& services, Effects effects) : services_(services), effects_(std::move(effects)) {}

  void want(Start start);
  /// Workers of the job up to this attempt wait no more.
  void forget(JobId job, std::uint64_t up_to);
  void on_piece(ClusterNodeId from, const wire::BundlePiece& piece);
  /// The node will not answer any more.
  void on_gone(ClusterNodeId holder);

 private:
  struct Fetch {
    std::vector<std::uint64_t> holders;  // that were not asked yet
    ClusterNodeId asked = 0;
    std::string bytes;                   // so far
    std::vector<Start> waiting;
  };

  void ask_next(const std::string& bundle);

  NodeServices& services_;
  Effects effects_;
  std::map<std::string, Fetch> fetches_;  // by the bundle's hash
};

}  // namespace weir
