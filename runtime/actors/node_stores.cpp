#include <weir/actors/node_stores.hpp>

#include <charconv>
#include <set>
#include <string>
#include <vector>

#include <caf/all.hpp>

#include <weir/wire/control.hpp>

namespace weir {
namespace {

std::vector<JobId> stored_jobs(const std::filesystem::path& directory) {
  std::vector<JobId> jobs;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(directory, none)) {
    const std::string name = entry.path().filename();
    JobId job = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), job);
    if (error == std::errc{} && end == name.data() + name.size()) jobs.push_back(job);
  }
  return jobs;
}

}  // namespace

void NodeStores::pass_on(const message::Packet& packet, const caf::strong_actor_ptr& sender) {
  const bool closes = packet.kind == name_of<wire::CloseParts>();
  if (closes && !stores_.contains(packet.job)) return;
  auto& store = stores_[packet.job];
  if (!store) {
    const auto directory = options_.directory / std::to_string(packet.job);
    store = node_->spawn<caf::linked>(store_actor, StoreActorOptions{options_.self, packet.job, directory, options_.limit_bytes, options_.disk, others_});
  }
  caf::send_as(caf::actor_cast<caf::actor>(sender), store, packet);
  if (closes || packet.kind == name_of<wire::ForgetJob>()) stores_.erase(packet.job);
}

void NodeStores::forget_others(const wire::KnownJobs& known) {
  const std::set<JobId> jobs(known.jobs.begin(), known.jobs.end());
  for (const JobId job : stored_jobs(options_.directory)) {
    if (job >= known.next || jobs.contains(job)) continue;
    pass_on(message::make_packet(job, 0, wire::ForgetJob{"the job was forgotten"}), node_->ctrl());
  }
}

void NodeStores::meet(const NodeActors& others) {
  others_ = std::make_shared<const NodeActors>(others);
  for (const auto& [job, store] : stores_) node_->send(store, message::OtherNodes{others_});
}

}  // namespace weir
