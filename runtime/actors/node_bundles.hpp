// A node's bundles: fetched from other nodes for workers that are to be started, and as copies; given to other nodes that want them;
// and removed when no job has them any more.
//
// Part of the node's actor, whose thread it uses. Hashing and writing take long, and that actor has heartbeats to send: they are done
// on the thread for disks, which sends the actor a message::BundleKept.
#pragma once

#include <functional>
#include <string>

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/event_based_actor.hpp>

#include <weir/actors/bundle_fetches.hpp>
#include <weir/actors/node_peers.hpp>
#include <weir/actors/node_services.hpp>
#include <weir/base/serial_thread.hpp>
#include <weir/wire/cluster_messages.hpp>

namespace weir {

namespace message {

/// From the disk's thread: a bundle was kept, or why not.
struct BundleKept {
  std::string bundle;
  std::string error;
};

}  // namespace message

struct NodeBundlesOptions {
  NodeServices* services = nullptr;  // these outlive the bundles
  SerialThread* disk = nullptr;
  const NodePeers* peers = nullptr;
  /// The bundle of a worker that is to be started is here; or cannot be had.
  std::function<void(BundleFetches::Start)> there;
  std::function<void(const BundleFetches::Start&, const std::string& why)> nowhere;
};

class NodeBundles {
 public:
  NodeBundles(caf::event_based_actor* node, NodeBundlesOptions options);
  NodeBundles(const NodeBundles&) = delete;
  NodeBundles& operator=(const NodeBundles&) = delete;

  /// A worker is to be started once its bundle is here, which may be at once.
  void want(BundleFetches::Start start);
  /// Workers of the job up to this attempt wait no more.
  void forget(JobId job, std::uint64_t up_to) { fetches_.forget(job, up_to); }
  void copy(const wire::KeepBundle& wanted);
  /// Those that no job has any more go.
  void forget_others(const wire::KnownJobs& known);

  /// Another node wants a piece.
  void on_fetch(ClusterNodeId node, const wire::FetchBundle& fetch);
  void on_piece(ClusterNodeId node, const wire::BundlePiece& piece) { fetches_.on_piece(node, piece); }
  void on_kept(const message::BundleKept& kept);
  /// The node will not answer any more.
  void on_gone(ClusterNodeId node) { fetches_.on_gone(node); }

 private:
  BundleFetches::Effects effects();
  BundleFetches::Asked ask(ClusterNodeId holder, const wire::FetchBundle& fetch);
  void keep(const std::string& bundle, std::string bytes);

  caf::event_based_actor* node_;
  NodeBundlesOptions options_;
  BundleFetches fetches_;
};

}  // namespace weir

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::BundleKept)
