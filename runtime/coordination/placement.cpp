#include <weir/coordination/placement.hpp>

#include <algorithm>
#include <optional>
#include <tuple>

#include <weir/base/hash.hpp>
#include <weir/base/text.hpp>

namespace weir {
namespace {

constexpr std::size_t kNodesInMessage = 8;

/// A node while slots of one job are dealt out.
struct Seat {
  const PlacementNode* node = nullptr;
  std::set<std::uint32_t> mine;  // slots of the job

  std::uint64_t load() const { return node->taken + mine.size(); }
  bool full() const { return load() >= node->slots; }
};

/// Whether a node with one slot more is relatively less loaded than another: exact, without division.
bool less_loaded(std::uint64_t load, const Seat& one, std::uint64_t other_load, const Seat& other) {
  return load * other.node->slots < other_load * one.node->slots;
}

class Dealer {
 public:
  Dealer(const PlacementRequest& request, const std::vector<PlacementNode>& nodes) : request_(request) {
    for (const PlacementNode& node : nodes) seats_.push_back({&node, {}});
    std::sort(seats_.begin(), seats_.end(), [](const Seat& a, const Seat& b) { return a.node->id < b.node->id; });
  }

  std::vector<ClusterNodeId> deal() {
    keep_former();
    while (!homeless_.empty()) {
      Seat& seat = *std::min_element(seats_.begin(), seats_.end(), [&](const Seat& a, const Seat& b) { return sooner(a, b); });
      move(best_of(homeless_, seat), homeless_, seat.mine);
    }
    while (even_out()) {}
    std::vector<ClusterNodeId> placed(request_.slots);
    for (const Seat& seat : seats_) {
      for (const std::uint32_t slot : seat.mine) placed[slot] = seat.node->id;
    }
    return placed;
  }

 private:
  using Slots = std::set<std::uint32_t>;

  static void move(std::uint32_t slot, Slots& from, Slots& to) {
    from.erase(slot);
    to.insert(slot);
  }

  void keep_former() {
    for (std::uint32_t slot = 0; slot < request_.slots; ++slot) {
      const auto stays = [&](const Seat& seat) { return slot < request_.former.size() && seat.node->id == request_.former[slot]; };
      const auto seat = std::find_if(seats_.begin(), seats_.end(), stays);
      (seat != seats_.end() && !seat->full() ? seat->mine : homeless_).insert(slot);
    }
  }

  /// Whether `a` gets the next slot rather than `b`.
  bool sooner(const Seat& a, const Seat& b) const {
    if (a.full() != b.full()) return b.full();
    if (less_loaded(a.load() + 1, a, b.load() + 1, b)) return true;
    if (less_loaded(b.load() + 1, b, a.load() + 1, a)) return false;
    const auto rank = [&](const Seat& seat) { return std::tuple(held(homeless_, seat), hash_join(request_.job, seat.node->id), seat.node->id); };
    return rank(a) > rank(b);
  }

  /// Moves one slot from the node that is relatively most loaded with this job to the one that is least, if it then is still less
  /// loaded than that one is now.
  bool even_out() {
    Seat* to = nullptr;
    for (Seat& seat : seats_) {
      if (!seat.full() && (!to || sooner(seat, *to))) to = &seat;
    }
    Seat* from = nullptr;
    for (Seat& seat : seats_) {
      if (!seat.mine.empty() && (!from || less_loaded(from->load(), *from, seat.load(), seat))) from = &seat;
    }
    if (!to || !from || !less_loaded(to->load() + 1, *to, from->load(), *from)) return false;
    move(best_of(from->mine, *to), from->mine, to->mine);
    return true;
  }

  bool holds(std::uint32_t slot, const Seat& seat) const {
    return slot < request_.holders.size() && request_.holders[slot].contains(seat.node->id);
  }
  std::size_t held(const Slots& slots, const Seat& seat) const {
    return static_cast<std::size_t>(std::count_if(slots.begin(), slots.end(), [&](std::uint32_t slot) { return holds(slot, seat); }));
  }

  /// The slot that suits a node best: that whose state it has and few others do; otherwise one that few have.
  std::uint32_t best_of(const Slots& slots, const Seat& seat) const {
    const auto rank = [&](std::uint32_t slot) {
      const std::size_t holders = slot < request_.holders.size() ? request_.holders[slot].size() : 0;
      return std::tuple(holds(slot, seat), -static_cast<std::int64_t>(holders), hash_join(hash_join(request_.job, slot), seat.node->id), slot);
    };
    return *std::max_element(slots.begin(), slots.end(), [&](std::uint32_t a, std::uint32_t b) { return rank(a) < rank(b); });
  }

  const PlacementRequest& request_;
  std::vector<Seat> seats_;
  Slots homeless_;
};

std::string free_text(const std::vector<PlacementNode>& nodes) {
  std::vector<std::string> texts;
  for (const PlacementNode& node : nodes) {
    if (texts.size() == kNodesInMessage) {
      texts.push_back("…");
      break;
    }
    const std::uint32_t free = node.slots - std::min(node.slots, node.taken);
    texts.push_back(node.name + " " + std::to_string(free) + " of " + std::to_string(node.slots));
  }
  return joined(texts, ", ");
}

std::string plural(std::uint64_t count, const std::string& word) { return std::to_string(count) + " " + word + (count == 1 ? "" : "s"); }

}  // namespace

Result<std::vector<ClusterNodeId>> place(const PlacementRequest& request, const std::vector<PlacementNode>& nodes) {
  std::uint64_t free = 0;
  for (const PlacementNode& node : nodes) free += node.slots - std::min(node.slots, node.taken);
  const std::string who = "job '" + request.name + "' needs " + plural(request.slots, "slot");
  if (nodes.empty()) return Error{who + " and the cluster has no node that takes tasks"};
  if (free < request.slots) {
    return Error{who + " and the cluster has " + std::to_string(free) + " free on " + plural(nodes.size(), "node") +
                 ": start another node, or run with less parallelism: " + free_text(nodes)};
  }
  return Dealer(request, nodes).deal();
}

std::vector<ClusterNodeId> nodes_of_tasks(const JobShape& shape, const std::vector<ClusterNodeId>& slots) {
  WEIR_CHECK(!slots.empty(), "a placed job has slots");
  std::vector<ClusterNodeId> nodes;
  for (const ShapeTask& task : shape.tasks) nodes.push_back(slots[task.index % slots.size()]);
  return nodes;
}

std::vector<ClusterNodeId> replicas(JobId job, ClusterNodeId node, const std::set<ClusterNodeId>& alive, std::uint32_t copies) {
  const auto place_of = [&](ClusterNodeId one) { return std::pair(hash_join(job, one), one); };
  std::vector<ClusterNodeId> ring;
  for (const ClusterNodeId one : alive) {
    if (one != node) ring.push_back(one);
  }
  std::sort(ring.begin(), ring.end(), [&](ClusterNodeId a, ClusterNodeId b) { return place_of(a) < place_of(b); });
  const auto next = std::find_if(ring.begin(), ring.end(), [&](ClusterNodeId one) { return place_of(one) > place_of(node); });
  std::rotate(ring.begin(), next, ring.end());
  if (copies == 0) return {};
  ring.resize(std::min<std::size_t>(ring.size(), copies - 1));
  return ring;
}

std::vector<ClusterNodeId> keepers(JobId job, ClusterNodeId node, const std::set<ClusterNodeId>& usable, std::uint32_t copies) {
  const bool here = usable.contains(node);
  std::set<ClusterNodeId> ring = usable;
  ring.insert(node);
  std::vector<ClusterNodeId> all = replicas(job, node, ring, here ? copies : copies + 1);
  if (here) all.insert(all.begin(), node);
  return all;
}

}  // namespace weir
