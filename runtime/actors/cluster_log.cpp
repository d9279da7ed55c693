#include <weir/actors/cluster_log.hpp>

#include <charconv>
#include <cstring>
#include <sstream>

#include <caf/all.hpp>

#include <weir/actors/node_messages.hpp>
#include <weir/base/bytes.hpp>
#include <weir/wire/cluster_state_codec.hpp>

namespace weir {
namespace {

// entry := proposer:64 number:64 command        little-endian; command: cluster_state.capnp
constexpr std::size_t kHead = 16;

std::vector<std::byte> encode_entry(const LoggedCommand& logged) {
  const std::vector<std::byte> command = wire::encode(logged.command);
  std::vector<std::byte> entry(kHead + command.size());
  std::memcpy(entry.data(), &logged.proposer, 8);
  std::memcpy(entry.data() + 8, &logged.number, 8);
  std::memcpy(entry.data() + kHead, command.data(), command.size());
  return entry;
}

Result<LoggedCommand> decode_entry(std::span<const std::byte> entry) {
  if (entry.size() < kHead) return Error{"an entry of " + std::to_string(entry.size()) + " bytes is too short"};
  LoggedCommand logged;
  std::memcpy(&logged.proposer, entry.data(), 8);
  std::memcpy(&logged.number, entry.data() + 8, 8);
  auto command = wire::decode_command(entry.subspan(kHead));
  if (!command) return command.error();
  logged.command = std::move(command).or_throw();
  return logged;
}

std::string to_hex(std::uint64_t number) {
  std::ostringstream text;
  text << std::hex << number;
  return text.str();
}

}  // namespace

Result<std::unique_ptr<ClusterLog>> ClusterLog::open(const ClusterLogOptions& options) {
  std::unique_ptr<ClusterLog> made(new ClusterLog(options));
  LogOptions log;
  log.directory = options.directory;
  log.address = options.address;
  auto opened = ReplicatedLog::open(log, *made, *made);
  if (!opened) return opened.error();
  made->log_ = std::move(opened).or_throw();
  return made;
}

ClusterLog::~ClusterLog() { stop(); }

std::string ClusterLog::cluster() const {
  const auto cluster = log_->cluster();
  return cluster ? to_hex(*cluster) : "";
}

void ClusterLog::meet(caf::actor node, caf::actor coordinator) {
  node_ = std::move(node);
  coordinator_ = std::move(coordinator);
}

Result<void> ClusterLog::start_in(const std::string& cluster) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(cluster.data(), cluster.data() + cluster.size(), number, 16);
  if (error != std::errc{} || end != cluster.data() + cluster.size()) return Error{"'" + cluster + "' names no cluster"};
  const std::lock_guard lock(starting_);
  if (started_) return {};
  if (auto joined = log_->join(number); !joined) return joined;
  started_ = true;
  return log_->start();
}

void ClusterLog::propose(const LoggedCommand& logged) {
  log_->propose(encode_entry(logged), [this, number = logged.number](const Outcome& outcome) {
    if (outcome.applied()) return;
    const auto fate = outcome.fate == Fate::Unknown ? NotApplied::Fate::Unknown : NotApplied::Fate::Refused;
    caf::anon_send(coordinator_, message::NotLogged{number, outcome.why, fate});
  });
}

void ClusterLog::receive(const std::string& bytes) {
  const auto span = as_span(bytes);
  log_->receive({span.begin(), span.end()});
}

void ClusterLog::admit(const Voter& voter) {
  for (const Voter& known : log_->voters()) {
    if (known.address == voter.address && known.id != voter.id) remove(known.id);
  }
  {
    const std::lock_guard lock(admitting_mutex_);
    if (!admitting_.insert(voter.id).second) return;
  }
  log_->add_voter(voter, [this, voter](const Outcome& outcome) {
    if (outcome.applied()) options_.services->log(NodeServices::Level::Info, voter.address + " has a vote");
    {
      const std::lock_guard lock(admitting_mutex_);
      admitting_.erase(voter.id);
    }
    votes_changed("a vote for " + voter.address, outcome);
  });
}

std::map<std::uint64_t, std::string> ClusterLog::voters() const {
  std::map<std::uint64_t, std::string> voters;
  for (const Voter& voter : log_->voters()) voters.emplace(voter.id, voter.address);
  return voters;
}

void ClusterLog::note_staying(std::set<std::uint64_t> voters) {
  const std::lock_guard lock(staying_mutex_);
  staying_ = std::move(voters);
}

std::set<std::uint64_t> ClusterLog::successors() const {
  std::set<std::uint64_t> successors;
  const auto voters = log_->voters();
  const std::lock_guard lock(staying_mutex_);
  for (const Voter& voter : voters) {
    if (staying_.contains(voter.id)) successors.insert(voter.id);
  }
  return successors;
}

void ClusterLog::hand_over() {
  const std::set<std::uint64_t> all = successors();
  if (all.empty()) return;
  const auto next = all.upper_bound(asked_to_lead_);
  asked_to_lead_ = next == all.end() ? *all.begin() : *next;
  log_->step_down(asked_to_lead_);
}

void ClusterLog::remove(std::uint64_t voter) {
  log_->remove_voter(voter, [this](const Outcome& outcome) { votes_changed("the end of a vote", outcome); });
}

void ClusterLog::votes_changed(const std::string& what, const Outcome& outcome) const {
  if (outcome.applied()) caf::anon_send(coordinator_, message::VotesChanged{});
  else options_.services->log(NodeServices::Level::Warning, what + " was not logged: " + outcome.why);
}

void ClusterLog::stop() {
  if (log_) log_->stop();
}

void ClusterLog::send(const Voter& to, std::vector<std::byte> message) {
  caf::anon_send(node_, message::LogPost{to.id, to.address, std::string(as_text(message))});
}

void ClusterLog::apply(std::uint64_t, std::span<const std::byte> command) {
  auto logged = decode_entry(command);
  // Who cannot read what the others can must not go on as if it had not been said: the log ends here.
  if (!logged) throw Failure("the log holds what is no command: " + logged.error().message);
  (void)state_.apply(logged->command);  // what is refused changes nothing, here and everywhere
  caf::anon_send(coordinator_, message::Apply{std::make_shared<LoggedCommand>(std::move(logged).or_throw())});
}

std::vector<std::byte> ClusterLog::snapshot() { return wire::encode(state_); }

void ClusterLog::restore(std::span<const std::byte> state) {
  auto restored = wire::decode_cluster_state(state);
  if (!restored) throw Failure("the log's snapshot cannot be read: " + restored.error().message);
  state_ = std::move(restored).or_throw();
  caf::anon_send(coordinator_, message::Restored{std::make_shared<ClusterState>(state_)});
}

void ClusterLog::leadership(const Leadership& now) {
  const message::Leads leads{now.leader ? now.leader->id : 0, now.leader ? now.leader->address : "", now.term, now.standing == Standing::Leader};
  caf::anon_send(node_, leads);
  caf::anon_send(coordinator_, leads);
}

void ClusterLog::failed(const std::string& why) {
  options_.services->log(NodeServices::Level::Error, "the cluster's log cannot go on here: " + why);
  const message::Leads nobody{0, "", 0, false};
  caf::anon_send(node_, nobody);
  caf::anon_send(coordinator_, nobody);
}

}  // namespace weir
