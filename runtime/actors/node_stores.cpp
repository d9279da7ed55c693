#include <weir/actors/node_stores.hpp>

#include <charconv>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <caf/all.hpp>

#include <weir/wire/control.hpp>

namespace weir {
namespace {

std::set<JobId> stored_jobs(const std::filesystem::path& directory) {
  std::set<JobId> jobs;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(directory, none)) {
    const std::string name = entry.path().filename();
    JobId job = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), job);
    if (error == std::errc{} && end == name.data() + name.size()) jobs.insert(job);
  }
  return jobs;
}

void remove_exports(const std::filesystem::path& directory) {
  std::error_code none;
  std::vector<std::filesystem::path> exports;
  for (const auto& entry : std::filesystem::directory_iterator(directory, none)) {
    if (entry.path().extension() == kExportExtension) exports.push_back(entry.path());
  }
  for (const auto& one : exports) std::filesystem::remove_all(one, none);
}

}  // namespace

NodeStores::NodeStores(caf::event_based_actor* node, NodeStoresOptions options) : node_(node), options_(std::move(options)) {
  options_.disk->run([directory = options_.directory] { remove_exports(directory); });
}

void NodeStores::pass_on(const message::Packet& packet, const caf::strong_actor_ptr& sender) {
  const bool closes = packet.kind == name_of<wire::CloseParts>();
  if (closes && !stores_.contains(packet.job)) return;
  caf::send_as(caf::actor_cast<caf::actor>(sender), store_of(packet.job), packet);
}

const caf::actor& NodeStores::store_of(JobId job) {
  auto& store = stores_[job];
  if (!store) {
    const auto directory = options_.directory / std::to_string(job);
    StoreActorOptions options{options_.self, job, directory, options_.limit_bytes, options_.disk, others_};
    store = node_->spawn<caf::linked>(store_actor, std::move(options));
  }
  return store;
}

void NodeStores::forget_others(const wire::KnownJobs& known) {
  const std::set<JobId> wanted(known.jobs.begin(), known.jobs.end());
  std::set<JobId> here = stored_jobs(options_.directory);
  for (const auto& [job, store] : stores_) here.insert(job);  // what it was told to write may not be there yet
  for (const JobId job : here) {
    if (job >= known.next || wanted.contains(job)) continue;
    node_->send(store_of(job), message::ForgetParts{});
    stores_.erase(job);
  }
}

void NodeStores::meet(const NodeActors& others) {
  others_ = std::make_shared<const NodeActors>(others);
  for (const auto& [job, store] : stores_) node_->send(store, message::OtherNodes{others_});
}

}  // namespace weir
