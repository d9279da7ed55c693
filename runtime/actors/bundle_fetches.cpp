#include <weir/actors/bundle_fetches.hpp>

#include <utility>

namespace weir {

void BundleFetches::want(Start start) {
  const std::string bundle = start.worker.bundle;
  const auto [entry, is_new] = fetches_.try_emplace(bundle);
  if (is_new) entry->second.holders = start.worker.holders;
  entry->second.waiting.push_back(std::move(start));
  if (is_new) ask_next(bundle);
}

void BundleFetches::copy(const wire::KeepBundle& wanted) {
  const auto [entry, is_new] = fetches_.try_emplace(wanted.sha256);
  if (!is_new) return;
  entry->second.holders = wanted.holders;
  ask_next(wanted.sha256);
}

void BundleFetches::forget(JobId job, std::uint64_t up_to) {
  for (auto& [bundle, fetch] : fetches_) {
    std::erase_if(fetch.waiting, [&](const Start& start) { return start.job == job && start.attempt <= up_to; });
  }
}

void BundleFetches::ask_next(const std::string& bundle) {
  Fetch& fetch = fetches_.at(bundle);
  fetch.bytes.clear();
  while (!fetch.holders.empty()) {
    const ClusterNodeId holder = fetch.holders.back();
    fetch.holders.pop_back();
    fetch.asked = holder;
    if (effects_.ask(holder, {bundle, 0}) == Asked::Yes) return;
  }
  const std::vector<Start> waiting = std::move(fetch.waiting);
  fetches_.erase(bundle);
  for (const Start& start : waiting) effects_.nowhere(start, "its bundle " + bundle + " is on no node that is up");
}

void BundleFetches::on_gone(ClusterNodeId holder) {
  std::vector<std::string> asked;
  for (const auto& [bundle, fetch] : fetches_) {
    if (fetch.asked == holder) asked.push_back(bundle);
  }
  for (const std::string& bundle : asked) ask_next(bundle);
}

void BundleFetches::on_piece(ClusterNodeId from, const wire::BundlePiece& piece) {
  const auto found = fetches_.find(piece.sha256);
  if (found == fetches_.end() || found->second.asked != from || piece.offset != found->second.bytes.size()) return;
  Fetch& fetch = found->second;
  if (!piece.error.empty() || fetch.bytes.size() + piece.bytes.size() > kMostBytes) return ask_next(piece.sha256);
  fetch.bytes += piece.bytes;
  if (piece.bytes.empty()) {
    fetch.asked = 0;
    effects_.keep(piece.sha256, std::exchange(fetch.bytes, {}));
  } else if (effects_.ask(from, {piece.sha256, fetch.bytes.size()}) == Asked::No) {
    ask_next(piece.sha256);
  }
}

void BundleFetches::on_kept(const std::string& bundle, bool kept) {
  const auto found = fetches_.find(bundle);
  if (found == fetches_.end()) return;
  if (!kept) return ask_next(bundle);
  std::vector<Start> waiting = std::move(found->second.waiting);
  fetches_.erase(found);
  for (Start& start : waiting) effects_.there(std::move(start));
}

}  // namespace weir
