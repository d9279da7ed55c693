// What arrives from other members, on its way to libraft.
#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include <weir/base/check.hpp>
#include <weir/consensus/raft_library.hpp>

namespace weir {
namespace {

template <class VoteMessage>
void name_version(VoteMessage& message) {
  if constexpr (requires { message.version; }) message.version = kVoteVersion;
}

/// Fills libraft's form of a message; what is allocated for it is libraft's from then on.
struct Filler {
  raft_message& message;
  const LogMessage& from;

  void operator()(const RequestVote& body) {
    message.type = static_cast<decltype(message.type)>(MessageKind::kRequestVote);
    auto& made = message.request_vote;
    made = {};
    name_version(made);
    made.term = from.term;
    made.candidate_id = from.from;
    made.last_log_index = body.last_index;
    made.last_log_term = body.last_term;
    made.disrupt_leader = body.disrupt_leader;
    made.pre_vote = body.pre_vote;
  }
  void operator()(const VoteResult& body) {
    message.type = static_cast<decltype(message.type)>(MessageKind::kVoteResult);
    auto& made = message.request_vote_result;
    made = {};
    name_version(made);
    made.term = from.term;
    made.vote_granted = body.granted;
    made.pre_vote = body.pre_vote ? kPreVote : kRealVote;
  }
  void operator()(const AppendEntries& body) {
    message.type = static_cast<decltype(message.type)>(MessageKind::kAppendEntries);
    auto& made = message.append_entries;
    made = {};
    made.term = from.term;
    made.prev_log_index = body.previous_index;
    made.prev_log_term = body.previous_term;
    // What is behind the entries sent here may be another leader's, but libraft would apply it.
    made.leader_commit = std::min<std::uint64_t>(body.committed, body.previous_index + body.entries.size());
    if (body.entries.empty()) return;
    std::size_t bytes = 0;
    for (const LogEntry& entry : body.entries) bytes += entry.content.size();
    // One batch: of a message that is refused libraft frees the first entry's only.
    auto* batch = static_cast<std::byte*>(raft_malloc(std::max<std::size_t>(bytes, 1)));
    auto* entries = static_cast<raft_entry*>(raft_calloc(body.entries.size(), sizeof(raft_entry)));
    if (batch == nullptr || entries == nullptr) throw std::bad_alloc();
    std::byte* end = batch;
    for (std::size_t i = 0; i < body.entries.size(); ++i) {
      const LogEntry& entry = body.entries[i];
      entries[i].term = entry.term;
      entries[i].type = static_cast<decltype(entries[i].type)>(entry.kind);
      entries[i].buf = {end, entry.content.size()};
      entries[i].batch = batch;
      if (!entry.content.empty()) std::memcpy(end, entry.content.data(), entry.content.size());
      end += entry.content.size();
    }
    made.entries = entries;
    made.n_entries = static_cast<unsigned>(body.entries.size());
  }
  void operator()(const AppendResult& body) {
    message.type = static_cast<decltype(message.type)>(MessageKind::kAppendResult);
    auto& made = message.append_entries_result;
    made = {};
    made.term = from.term;
    made.rejected = body.rejected;
    made.last_log_index = body.last_index;
  }
  void operator()(const InstallSnapshot& body) {
    message.type = static_cast<decltype(message.type)>(MessageKind::kInstallSnapshot);
    auto& made = message.install_snapshot;
    made = {};
    made.term = from.term;
    made.last_index = body.snapshot.index;
    made.last_term = body.snapshot.term;
    made.conf = raft_configuration_of(decode_configuration(body.snapshot.members).or_throw());
    made.conf_index = body.snapshot.members_index;
    made.data = raft_copy(body.snapshot.content);
  }
  void operator()(const TimeoutNow& body) {
    message.type = static_cast<decltype(message.type)>(MessageKind::kTimeoutNow);
    auto& made = message.timeout_now;
    made = {};
    made.term = from.term;
    made.last_log_index = body.last_index;
    made.last_log_term = body.last_term;
  }
};

}  // namespace

void RaftServer::receive(std::uint64_t now_ms, std::span<const std::byte> bytes) {
  step(now_ms, [&] {
    if (bytes.size() <= options_.max_message_bytes) {
      auto message = decode_log_message(bytes);
      if (message.ok() && judge(*message) == Verdict::Handle) return hand_over(std::move(*message));
    }
    ++dropped_messages_;
  });
}

RaftServer::Verdict RaftServer::judge(LogMessage& message) {
  const LogIdentity& own = identity();
  if (message.cluster != own.cluster || message.to != own.self || message.from == own.self) return Verdict::Drop;
  const int state = raft_state(&raft_->server);
  const bool as_leader = std::holds_alternative<AppendEntries>(message.body) || std::holds_alternative<InstallSnapshot>(message.body);
  if (as_leader) {
    if (message.term == 0) return Verdict::Drop;
    if (state == RAFT_LEADER && message.term == vote_.term) return Verdict::Drop;  // there is one leader per term
    return contradicts_committed(message) ? Verdict::Drop : Verdict::Handle;
  }
  if (std::holds_alternative<RequestVote>(message.body) && message.term == 0) return Verdict::Drop;
  if (std::holds_alternative<TimeoutNow>(message.body) && alone(members())) return Verdict::Drop;  // see tick
  if (const auto* result = std::get_if<VoteResult>(&message.body)) {
    if (state != RAFT_CANDIDATE) return Verdict::Drop;  // some versions look into it nevertheless
    // Nobody grants a vote for a term that was not asked for.
    if (result->granted && message.term > vote_.term + 1) return Verdict::Drop;
  }
  if (auto* result = std::get_if<AppendResult>(&message.body)) return judge_result(message.from, message.term, *result);
  return Verdict::Handle;
}

/// 0.22 believes a late refusal of what the member took since then, and sends it nothing any more.
RaftServer::Verdict RaftServer::judge_result(std::uint64_t from, std::uint64_t term, AppendResult& result) {
  if (raft_state(&raft_->server) != RAFT_LEADER || term != vote_.term) return Verdict::Handle;
  const raft_configuration& all = raft_->server.configuration;
  const auto sent_it = [&](const raft_server& member) { return member.id == from; };
  if (std::none_of(all.servers, all.servers + all.n, sent_it)) return Verdict::Drop;
  if (std::exchange(acknowledged_term_, term) != term) acknowledgments_.clear();
  std::uint64_t& has = acknowledgments_[from];
  if (result.rejected == 0) {
    has = std::max(has, std::min<std::uint64_t>(result.last_index, raft_last_index(&raft_->server)));
    return Verdict::Handle;
  }
  if (result.rejected <= has) return Verdict::Drop;
  result.last_index = std::max(result.last_index, has);
  return Verdict::Handle;
}

bool RaftServer::contradicts_committed(const LogMessage& message) const {
  if (message.term < vote_.term) return false;  // is refused anyway
  const std::uint64_t applied = raft_last_applied(&raft_->server);
  const auto differs = [&](std::uint64_t index, std::uint64_t term) {
    if (index == 0 || index > applied) return false;
    const auto own = storage_->term_of(index);
    return own.ok() && own->has_value() && **own != term;
  };
  if (const auto* install = std::get_if<InstallSnapshot>(&message.body)) return differs(install->snapshot.index, install->snapshot.term);
  const auto& append = std::get<AppendEntries>(message.body);
  if (differs(append.previous_index, append.previous_term)) return true;
  for (std::size_t i = 0; i < append.entries.size() && append.previous_index + 1 + i <= applied; ++i) {
    if (differs(append.previous_index + 1 + i, append.entries[i].term)) return true;
  }
  return false;
}

Result<void> RaftServer::skip_applied(const LogMessage& message, AppendEntries& append) const {
  const std::uint64_t applied = raft_last_applied(&raft_->server);
  if (message.term < vote_.term || append.previous_index >= applied) return {};
  const std::uint64_t known = applied - append.previous_index;
  if (append.entries.size() > known) {
    append.previous_term = append.entries[known - 1].term;
    append.entries.erase(append.entries.begin(), append.entries.begin() + static_cast<std::ptrdiff_t>(known));
  } else {
    auto term = storage_->term_of(applied);
    if (!term.ok()) return term.error();
    WEIR_CHECK(term->has_value(), "what was applied is neither in the log nor its end", applied);
    append.previous_term = **term;
    append.entries.clear();
  }
  append.previous_index = applied;
  return {};
}

void RaftServer::hand_over(LogMessage message) {
  if (auto* append = std::get_if<AppendEntries>(&message.body)) {
    if (auto skipped = skip_applied(message, *append); !skipped.ok()) {
      failure_ = skipped.error().message;
      return;
    }
    return hand_over_in_parts(message, *append);
  }
  hand_over_part(message);
}

/// 0.22 takes the first entry of a message for that of the members which the message brings, and does not notice that members
/// are committed once it knows newer ones. So each list of members begins a part, and the one before it is committed first: it
/// is, since a leader makes no second change before.
void RaftServer::hand_over_in_parts(const LogMessage& message, const AppendEntries& append) {
  const auto& entries = append.entries;
  const auto is_members = [](const LogEntry& entry) { return entry.kind == EntryKind::Members; };
  LogMessage part = message;
  const auto give = [&](auto from, auto until, std::uint64_t committed) {
    const auto begin = static_cast<std::uint64_t>(from - entries.begin());
    part.body = AppendEntries{.previous_index = append.previous_index + begin,
                              .previous_term = begin == 0 ? append.previous_term : entries[begin - 1].term,
                              .committed = std::max(append.committed, committed),
                              .entries = {from, until}};
    hand_over_part(part);
    complete();
  };
  auto from = entries.begin();
  do {
    const std::uint64_t uncommitted = raft_->server.configuration_uncommitted_index;
    const std::uint64_t index = append.previous_index + 1 + static_cast<std::uint64_t>(from - entries.begin());
    if (from != entries.end() && is_members(*from) && uncommitted != 0 && uncommitted < index) give(from, from, uncommitted);
    const auto until = from == entries.end() ? from : std::find_if(from + 1, entries.end(), is_members);
    give(from, until, 0);
    from = until;
  } while (from != entries.end() && !failure_);
}

void RaftServer::hand_over_part(const LogMessage& message) {
  if (failure_) return;
  if (auto prepared = prepare_rollback(message); !prepared.ok()) {
    failure_ = prepared.error().message;
    return;
  }
  raft_message made{};
  made.server_id = message.from;
  made.server_address = message.from_address.c_str();
  std::visit(Filler{made, message}, message.body);
  if (const auto* append = std::get_if<AppendEntries>(&message.body)) {
    acknowledged_ = append->previous_index + append->entries.size();
  } else if (const auto* install = std::get_if<InstallSnapshot>(&message.body)) {
    acknowledged_ = install->snapshot.index;
  }
  if (std::holds_alternative<RequestVote>(message.body)) {
    let_vote([&] { raft_->receive(&raft_->io, &made); });
  } else {
    raft_->receive(&raft_->io, &made);
  }
  const bool as_leader = std::holds_alternative<AppendEntries>(message.body) || std::holds_alternative<InstallSnapshot>(message.body);
  if (as_leader && message.term == vote_.term) led_term_ = message.term;
}

/// The candidate knows who may vote: a vote that counts not is not counted (Ongaro's thesis, section 4.1).
void RaftServer::let_vote(const std::function<void()>& receive) {
  raft_configuration& current = raft_->server.configuration;
  if (votes() || raft_state(&raft_->server) != RAFT_FOLLOWER) return receive();
  raft_configuration as_voter = raft_configuration_of({{identity().self, options_.address, Role::Voter}});
  std::swap(current, as_voter);
  receive();
  std::swap(current, as_voter);
  raft_configuration_close(&as_voter);
}

Result<void> RaftServer::prepare_rollback([[maybe_unused]] const LogMessage& message) {
#if WEIR_RAFT_BEFORE_0_17
  // When an uncommitted change of members is undone, libraft reads the one before from its log, where it may be no more.
  ::raft& server = raft_->server;
  const auto* append = std::get_if<AppendEntries>(&message.body);
  if (append == nullptr || message.term < vote_.term || server.configuration_uncommitted_index == 0 ||
      server.configuration_index > server.log.offset)
    return {};
  bool conflict = false;
  for (std::size_t i = 0; i < append->entries.size() && !conflict; ++i) {
    const std::uint64_t index = append->previous_index + 1 + i;
    if (index > server.configuration_uncommitted_index) break;
    auto own = storage_->term_of(index);
    if (!own.ok()) return own.error();
    conflict = own->has_value() && **own != append->entries[i].term;
  }
  auto snapshot = storage_->snapshot();
  if (!conflict) return {};
  if (!snapshot.ok()) return snapshot.error();
  if (!snapshot->has_value()) return {};
  // The entries before the conflict must fit, or libraft refuses the message and undoes nothing.
  auto before = storage_->term_of(append->previous_index);
  if (!before.ok()) return before.error();
  if (before->value_or(0) != append->previous_term) return {};
  auto members = decode_configuration((*snapshot)->members);
  if (!members.ok()) return members.error();
  raft_configuration_close(&server.configuration);
  server.configuration = raft_configuration_of(*members);
  server.configuration_uncommitted_index = 0;
#endif
  return {};
}

}  // namespace weir
