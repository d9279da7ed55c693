#include "support/log_cluster.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace weir::testing {
namespace {

Bytes bytes_of(std::string_view text) {
  const auto bytes = as_span(text);
  return Bytes(bytes.begin(), bytes.end());
}

}  // namespace

struct LogCluster::Transport final : LogTransport {
  LogCluster& cluster;
  std::size_t node;
  Transport(LogCluster& of, std::size_t at) : cluster(of), node(at) {}
  void send(const Voter& to, std::vector<std::byte> message) override { cluster.sent(node, to, std::move(message)); }
};

struct LogCluster::Observer final : LogObserver {
  LogCluster& cluster;
  std::size_t node;
  Observer(LogCluster& of, std::size_t at) : cluster(of), node(at) {}

  void apply(std::uint64_t index, std::span<const std::byte> command) override {
    cluster.applied(node, index, std::string(as_text(command)));
  }
  std::vector<std::byte> snapshot() override {
    std::string text;
    for (const auto& [index, command] : cluster[node].applied) text += std::to_string(index) + ' ' + command + '\n';
    return bytes_of(text);
  }
  void restore(std::span<const std::byte> state) override {
    std::string_view text = as_text(state);
    cluster[node].restored.push_back(std::to_string(text.size()));
    cluster[node].applied.clear();
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      const std::string line(text.substr(0, end));
      const std::size_t blank = line.find(' ');
      cluster.applied(node, std::stoull(line.substr(0, blank)), line.substr(blank + 1));
      text.remove_prefix(end + 1);
    }
  }
  void leadership(const Leadership& now) override { cluster.led(node, now); }
  void failed(const std::string& why) override { cluster.wrong("node " + std::to_string(node) + " failed: " + why); }
};

LogCluster::LogCluster(std::uint64_t seed, Network network) : seed_(seed), random_(seed), network_(network) {
  options.election_timeout = Duration(100);
  options.heartbeat = Duration(10);
  options.catch_up = Duration(2000);
  nodes_.reserve(64);  // observers and tests keep references
}

std::string LogCluster::describe() const {
  std::string text;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const Node& node = nodes_[i];
    text += "\n  node " + std::to_string(i) + " id " + std::to_string(node.id) + (node.server ? "" : " down") + " group " +
            std::to_string(node.group) + " applied " + std::to_string(node.applied.empty() ? 0 : node.applied.rbegin()->first) + " term " +
            std::to_string(node.leadership.term) + " standing " + std::to_string(static_cast<int>(node.leadership.standing)) +
            " follows " + std::to_string(node.leadership.leader ? node.leadership.leader->id : 0) + " voters";
    if (!node.server) continue;
    for (const Voter& voter : node.server->voters()) text += " " + std::to_string(voter.id);
  }
  return text;
}

void LogCluster::wrong(const std::string& what) const {
  throw std::runtime_error(what + " (at " + std::to_string(now_ms_) + " ms; WEIR_SEED=" + std::to_string(seed_) + ")" + describe());
}

std::size_t LogCluster::add_node() {
  const std::size_t node = nodes_.size();
  Node made;
  made.directory = directory_ / ("node" + std::to_string(node));
  made.transport = std::make_unique<Transport>(*this, node);
  made.observer = std::make_unique<Observer>(*this, node);
  nodes_.push_back(std::move(made));
  open(node);
  return node;
}

void LogCluster::open(std::size_t node) {
  LogOptions own = options;
  own.directory = nodes_[node].directory;
  own.address = "node" + std::to_string(node);
  nodes_[node].server = RaftServer::open(own, *nodes_[node].transport, *nodes_[node].observer, random_()).or_throw();
  nodes_[node].id = nodes_[node].server->identity().self;
  nodes_[node].applied.clear();
  nodes_[node].leadership = {};
}

void LogCluster::start(std::size_t node) { nodes_[node].server->start(now_ms_).or_throw(); }

void LogCluster::bootstrap(std::size_t node) {
  nodes_[node].server->bootstrap().or_throw();
  cluster_ = nodes_[node].server->identity().cluster;
  start(node);
}

void LogCluster::join(std::size_t node) {
  nodes_[node].server->join(cluster_).or_throw();
  start(node);
}

void LogCluster::make(std::size_t nodes) {
  for (std::size_t i = 0; i < nodes; ++i) {
    const std::size_t node = add_node();
    if (i == 0) {
      bootstrap(node);
      continue;
    }
    join(node);
    const auto outcome = add_voter(await_leader(), node);
    if (!run_until([&] { return outcome->has_value(); }) || !(*outcome)->applied())
      wrong("cannot add node " + std::to_string(node) + ": " + (outcome->has_value() ? (*outcome)->why : "no answer"));
  }
}

void LogCluster::kill(std::size_t node) { nodes_[node].server.reset(); }

void LogCluster::restart(std::size_t node) {
  open(node);
  start(node);
}

void LogCluster::wipe(std::size_t node) {
  std::filesystem::remove_all(nodes_[node].directory);
  open(node);
}

void LogCluster::sent(std::size_t from, const Voter& to, Bytes message) {
  const auto found = std::ranges::find_if(nodes_, [&](const Node& node) {
    return "node" + std::to_string(&node - nodes_.data()) == to.address;
  });
  if (found == nodes_.end()) return;
  const auto receiver = static_cast<std::size_t>(found - nodes_.begin());
  if (nodes_[from].group != found->group || chance() < network_.drop) return;
  const int copies = chance() < network_.duplicate ? 2 : 1;
  for (int i = 0; i < copies; ++i) {
    const auto delay = std::uniform_int_distribution<std::uint64_t>(0, static_cast<std::uint64_t>(network_.longest_delay_ms))(random_);
    letters_.emplace(now_ms_ + delay, Letter{receiver, message});
  }
}

void LogCluster::applied(std::size_t node, std::uint64_t index, std::string command) {
  auto& own = nodes_[node].applied;
  if (!own.empty() && own.rbegin()->first >= index) wrong("an index came twice: " + std::to_string(index));
  const auto [first, fresh] = history_.emplace(index, command);
  if (!fresh && first->second != command)
    wrong("two commands at index " + std::to_string(index) + ": " + first->second + " and, on node " + std::to_string(node) + ", " + command);
  own.emplace(index, std::move(command));
}

void LogCluster::led(std::size_t node, const Leadership& leadership) {
  nodes_[node].leadership = leadership;
  if (leadership.leader) {
    const auto [named, news] = named_.emplace(std::pair(nodes_[node].server->identity().cluster, leadership.term), leadership.leader->id);
    if (!news && named->second != leadership.leader->id) wrong("two leaders are named in term " + std::to_string(leadership.term));
  }
  if (leadership.standing == Standing::Follower) return;
  const auto [first, fresh] = leaders_.emplace(std::pair(nodes_[node].server->identity().cluster, leadership.term), nodes_[node].id);
  if (!fresh && first->second != nodes_[node].id) wrong("two leaders in term " + std::to_string(leadership.term));
}

void LogCluster::step() {
  ++now_ms_;
  while (!letters_.empty() && letters_.begin()->first <= now_ms_) {
    // Of those that are due at the same time any may be first.
    const auto due = letters_.count(letters_.begin()->first);
    auto next = letters_.begin();
    std::advance(next, std::uniform_int_distribution<std::size_t>(0, due - 1)(random_));
    const Letter letter = std::move(letters_.extract(next).mapped());
    if (nodes_[letter.to].server) nodes_[letter.to].server->receive(now_ms_, letter.message);
  }
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (nodes_[i].server && (now_ms_ + i) % 5 == 0 && nodes_[i].server->running()) nodes_[i].server->tick(now_ms_);
  }
}

void LogCluster::run_for(std::uint64_t ms) {
  for (std::uint64_t i = 0; i < ms; ++i) step();
}

bool LogCluster::run_until(const std::function<bool()>& condition, std::uint64_t within_ms) {
  for (std::uint64_t i = 0; i < within_ms; ++i) {
    if (condition()) return true;
    step();
  }
  return condition();
}

std::optional<std::size_t> LogCluster::leader() const {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    if (!nodes_[i].server || nodes_[i].leadership.standing != Standing::Leader) continue;
    if (!found || nodes_[i].leadership.term > nodes_[*found].leadership.term) found = i;
  }
  return found;
}

std::size_t LogCluster::await_leader() {
  if (!run_until([&] { return leader().has_value(); })) wrong("nobody leads");
  return *leader();
}

bool LogCluster::run_until_even(std::uint64_t within_ms) {
  return run_until(
      [&] {
        const Node* first = nullptr;
        for (const Node& node : nodes_) {
          if (!node.server) continue;
          if (first == nullptr) first = &node;
          if (node.applied != first->applied) return false;
        }
        return first != nullptr && first->applied == history_;
      },
      within_ms);
}

LogCluster::Proposed& LogCluster::propose(std::size_t node, std::string command) {
  proposals_.push_back(std::make_unique<Proposed>(Proposed{std::move(command), {}}));
  Proposed* proposed = proposals_.back().get();
  std::vector<Proposal> proposals;
  proposals.push_back({bytes_of(proposed->command), [proposed, this](Outcome outcome) {
                         if (proposed->outcome) wrong("answered twice: " + proposed->command);
                         proposed->outcome = std::move(outcome);
                       }});
  nodes_[node].server->propose(now_ms_, std::move(proposals));
  return *proposed;
}

std::shared_ptr<std::optional<Outcome>> LogCluster::add_voter(std::size_t leader, std::size_t node) {
  auto answer = std::make_shared<std::optional<Outcome>>();
  nodes_[leader].server->change(now_ms_, {.kind = VoterChange::Kind::Add,
                                          .voter = {nodes_[node].id, "node" + std::to_string(node)},
                                          .done = [answer](Outcome outcome) { *answer = std::move(outcome); }});
  return answer;
}

std::shared_ptr<std::optional<Outcome>> LogCluster::remove_voter(std::size_t leader, std::uint64_t id) {
  auto answer = std::make_shared<std::optional<Outcome>>();
  nodes_[leader].server->change(now_ms_, {.kind = VoterChange::Kind::Remove,
                                          .voter = {id, ""},
                                          .done = [answer](Outcome outcome) { *answer = std::move(outcome); }});
  return answer;
}

std::vector<LogCluster::Proposed*> LogCluster::proposals() {
  std::vector<Proposed*> all;
  for (const auto& proposed : proposals_) all.push_back(proposed.get());
  return all;
}

std::uint64_t LogCluster::dropped_messages() const {
  std::uint64_t dropped = 0;
  for (const Node& node : nodes_) dropped += node.server ? node.server->dropped_messages() : 0;
  return dropped;
}

void LogCluster::check_proposals() const {
  std::map<std::string, int> times;
  for (const auto& [index, command] : history_) ++times[command];
  for (const auto& proposed : proposals_) {
    const int count = times[proposed->command];
    if (count > 1) wrong("applied " + std::to_string(count) + " times: " + proposed->command);
    if (!proposed->outcome) continue;  // proposed to a node that was killed
    if (proposed->outcome->fate == Fate::Applied && count == 0) wrong("lost: " + proposed->command);
    if (proposed->outcome->fate == Fate::Refused && count != 0) wrong("refused, yet applied: " + proposed->command);
  }
}

}  // namespace weir::testing
