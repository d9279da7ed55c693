// Workers wait here until their bundle is on this node: it is fetched once, whatever number of them wants it, a piece at a time,
// from one of the nodes that have it and then from the next. Nodes also fetch what none of their workers wants, as copies. Plain; the
// node's actor drives it.
//
//   want, copy -> FetchBundle{0} -> BundlePiece -> FetchBundle{n} ... -> an empty piece: all is there -> keep -> on_kept
//                                 \ an error, or another hash: the next holder; none left: nowhere
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include <weir/coordination/cluster_node.hpp>
#include <weir/coordination/cluster_state.hpp>
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
    std::function<void(const std::string& bundle, std::string bytes)> keep;  // answered by on_kept(), which may be at once
    std::function<void(Start)> there;
    std::function<void(const Start&, const std::string& why)> nowhere;
  };

  static constexpr std::size_t kMostBytes = std::size_t{1} << 30;  // of a bundle

  explicit BundleFetches(Effects effects) : effects_(std::move(effects)) {}

  void want(Start start);
  void copy(const wire::KeepBundle& wanted);
  /// Workers of the job up to this attempt wait no more.
  void forget(JobId job, std::uint64_t up_to);
  void on_piece(ClusterNodeId from, const wire::BundlePiece& piece);
  /// Under its hash and on disk, or not: what came was something else, or there is no room.
  void on_kept(const std::string& bundle, bool kept);
  /// The node will not answer any more.
  void on_gone(ClusterNodeId holder);

 private:
  struct Fetch {
    std::vector<std::uint64_t> holders;  // that were not asked yet
    ClusterNodeId asked = 0;             // 0: nobody, it is being kept
    std::string bytes;                   // so far
    std::vector<Start> waiting;
  };

  void ask_next(const std::string& bundle);

  Effects effects_;
  std::map<std::string, Fetch> fetches_;  // by the bundle's hash
};

}  // namespace weir
