#include <weir/actors/node_bundles.hpp>

#include <utility>

#include <caf/all.hpp>

#include <weir/actors/remote_messages.hpp>
#include <weir/base/exception_text.hpp>

namespace weir {
namespace {

constexpr std::size_t kPieceBytes = 256 << 10;

}  // namespace

NodeBundles::NodeBundles(caf::event_based_actor* node, NodeBundlesOptions options)
    : node_(node), options_(std::move(options)), fetches_(effects()) {}

void NodeBundles::want(BundleFetches::Start start) {
  if (options_.services->has_bundle(start.worker.bundle)) return options_.there(std::move(start));
  fetches_.want(std::move(start));
}

void NodeBundles::copy(const wire::KeepBundle& wanted) {
  if (!options_.services->has_bundle(wanted.sha256)) fetches_.copy(wanted);
}

void NodeBundles::forget_others(const wire::KnownJobs& known) {
  options_.services->forget_bundles({known.bundles.begin(), known.bundles.end()});
}

void NodeBundles::on_fetch(ClusterNodeId node, const wire::FetchBundle& fetch) {
  auto piece = options_.services->read_bundle(fetch.sha256, fetch.offset, kPieceBytes);
  const wire::BundlePiece answer = piece ? wire::BundlePiece{fetch.sha256, fetch.offset, std::move(*piece), ""}
                                         : wire::BundlePiece{fetch.sha256, fetch.offset, "", piece.error().message};
  node_->send(*options_.peers->find(node), message::make_packet(0, 0, answer));
}

void NodeBundles::on_kept(const message::BundleKept& kept) {
  if (!kept.error.empty()) options_.services->log(NodeServices::Level::Warning, kept.error);
  fetches_.on_kept(kept.bundle, kept.error.empty());
}

BundleFetches::Effects NodeBundles::effects() {
  return {
      .ask = [this](ClusterNodeId holder, const wire::FetchBundle& fetch) { return ask(holder, fetch); },
      .keep = [this](const std::string& bundle, std::string bytes) { keep(bundle, std::move(bytes)); },
      .there = options_.there,
      .nowhere = options_.nowhere,
  };
}

BundleFetches::Asked NodeBundles::ask(ClusterNodeId holder, const wire::FetchBundle& fetch) {
  const caf::actor* other = options_.peers->find(holder);
  if (other == nullptr) return BundleFetches::Asked::No;
  node_->send(*other, message::make_packet(0, 0, fetch));
  return BundleFetches::Asked::Yes;
}

void NodeBundles::keep(const std::string& bundle, std::string bytes) {
  options_.disk->run([services = options_.services, node = caf::actor_cast<caf::actor>(node_), bundle, bytes = std::move(bytes)] {
    message::BundleKept told{bundle, {}};
    try {
      if (const auto kept = services->keep_bundle(bundle, bytes); !kept) told.error = kept.error().message;
    } catch (...) {
      told.error = current_exception_text();
    }
    caf::anon_send(node, std::move(told));
  });
}

}  // namespace weir
