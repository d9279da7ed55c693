#include <weir/consensus/raft_server.hpp>

#include <algorithm>
#include <utility>

#include <weir/base/check.hpp>
#include <weir/consensus/raft_library.hpp>

namespace weir {
namespace {

constexpr unsigned kCatchUpRounds = 10;       // Ongaro's thesis, section 4.2.1
constexpr unsigned kInstallTimeoutFactor = 5;  // election timeouts until a snapshot that was not answered is sent again

unsigned as_ms(Duration duration) { return static_cast<unsigned>(duration.count()); }

Result<void> check_options(const LogOptions& options) {
  const auto wrong = [](const char* what) { return Error{std::string("the cluster's log cannot start: ") + what}; };
  if (options.address.empty() || options.address.size() > kLongestAddress || options.address.find('\0') != std::string::npos)
    return wrong("its address must have 1 to 512 bytes, none of them 0");
  if (options.heartbeat.count() < 1 || options.heartbeat >= options.election_timeout)
    return wrong("the heartbeat must be shorter than the election timeout, and at least 1 ms");
  if (options.election_timeout > std::chrono::hours(1) || options.catch_up.count() < 1)
    return wrong("the election timeout must not exceed an hour, and the time to catch up must be at least 1 ms");
  if (options.snapshot_every_entries < 1 || options.kept_entries < 1)
    return wrong("snapshot_every_entries and kept_entries must be at least 1");
  if (options.max_command_bytes > options.max_message_bytes / 2)
    return wrong("max_message_bytes must be at least twice max_command_bytes");
  return {};
}

}  // namespace

RaftServer::RaftServer(LogOptions options, LogTransport& transport, LogObserver& observer, std::uint64_t seed,
                       std::unique_ptr<LogStorage> storage)
    : options_(std::move(options)),
      transport_(transport),
      observer_(observer),
      random_(seed),
      storage_(std::move(storage)),
      raft_(std::make_unique<Raft>()) {}

RaftServer::~RaftServer() { close(); }

Result<std::unique_ptr<RaftServer>> RaftServer::open(const LogOptions& options, LogTransport& transport,
                                                     LogObserver& observer, std::uint64_t seed) {
  if (auto checked = check_options(options); !checked.ok()) return checked.error();
  auto storage = LogStorage::open(options.directory);
  if (!storage.ok()) return storage.error();
  return std::unique_ptr<RaftServer>(new RaftServer(options, transport, observer, seed, std::move(storage).value()));
}

Result<void> RaftServer::bootstrap() {
  auto pristine = storage_->pristine();
  if (!pristine.ok()) return pristine.error();
  if (identity().cluster != 0 || !*pristine)
    return Error{options_.directory.string() + " belongs to a cluster already: start it, or take an empty directory"};
  std::random_device device;
  std::uint64_t cluster = 0;
  while (cluster == 0) cluster = (static_cast<std::uint64_t>(device()) << 32 | device()) >> 1;
  return storage_->begin(cluster, encode_configuration({{identity().self, options_.address, Role::Voter}}));
}

Result<void> RaftServer::join(std::uint64_t cluster) {
  if (cluster == 0) return Error{"0 is no cluster's id"};
  if (identity().cluster == cluster) return {};
  if (identity().cluster != 0)
    return Error{options_.directory.string() + " belongs to cluster " + std::to_string(identity().cluster) + ", not to " +
                 std::to_string(cluster) + ": take an empty directory"};
  return storage_->join(cluster);
}

Result<void> RaftServer::start(std::uint64_t now_ms) {
  WEIR_CHECK(!running_ && !raft_->initialized, "a log is started once");
  if (kUntried) return Error{"the cluster's log was never tried with this version of libraft: build Weir with 0.15 to 0.18, or 0.22"};
  if (identity().cluster == 0)
    return Error{options_.directory.string() + " belongs to no cluster yet: bootstrap one, or join one"};
  now_ms_ = now_ms;
  Callbacks::install(*this);
  ::raft& server = raft_->server;
  if (const int code = raft_init(&server, &raft_->io, &raft_->fsm, identity().self, options_.address.c_str()); code != 0)
    return Error{"cannot start the cluster's log: " + std::string(raft_strerror(code))};
  raft_->initialized = true;
  raft_set_election_timeout(&server, as_ms(options_.election_timeout));
  raft_set_heartbeat_timeout(&server, as_ms(options_.heartbeat));
  raft_set_install_snapshot_timeout(&server, kInstallTimeoutFactor * as_ms(options_.election_timeout));
  raft_set_snapshot_threshold(&server, options_.snapshot_every_entries);
  raft_set_snapshot_trailing(&server, options_.kept_entries);
  raft_set_pre_vote(&server, true);
  raft_set_max_catch_up_rounds(&server, kCatchUpRounds);
  raft_set_max_catch_up_round_duration(&server, as_ms(options_.catch_up));
  if (const int code = raft_start(&server); code != 0 || failure_) return Error{last_error(code)};
  settle_restored_members(raft_->stored);
  raft_->stored = {};
  running_ = true;
  settle();
  return failure_ ? Result<void>(Error{*failure_}) : Result<void>();
}

void RaftServer::settle_restored_members([[maybe_unused]] const StoredLog& log) {
#if WEIR_RAFT_BEFORE_0_17
  // libraft takes the last members in the log for committed ones.
  ::raft& server = raft_->server;
  std::uint64_t last = 0;
  std::uint64_t before = log.snapshot ? log.snapshot->members_index : 0;
  for (std::size_t i = 0; i < log.entries.size(); ++i) {
    if (log.entries[i].kind != EntryKind::Members) continue;
    if (last != 0) before = last;
    last = log.first_index + i;
  }
  if (last <= server.commit_index) return;
  server.configuration_index = before;
  server.configuration_uncommitted_index = last;
#endif
}

void RaftServer::step(std::uint64_t now_ms, const std::function<void()>& doing) {
  if (!running_) return;
  now_ms_ = std::max(now_ms_, now_ms);
  doing();
  settle();
}

void RaftServer::complete() {
  while (!failure_ && !completions_.empty()) {
    const auto done = std::move(completions_.front());
    completions_.pop_front();
    done();
  }
}

void RaftServer::settle() {
  do {
    complete();
    if (!failure_ && raft_state(&raft_->server) == RAFT_UNAVAILABLE) failure_ = last_error(RAFT_IOERR);
    if (failure_) return fail(*failure_);
    follow_leadership();
    if (!failure_) next_change();
  } while (!completions_.empty() || failure_);
  const Leadership before = reported_;
  raft_id id = 0;
  const char* address = nullptr;
  raft_leader(&raft_->server, &id, &address);
  reported_ = {.term = vote_.term, .leader = {}, .standing = Standing::Follower};
  // In a term that is new to it a follower of libraft's still has the leader of the one before.
  const bool of_this_term = raft_state(&raft_->server) == RAFT_LEADER || led_term_ == vote_.term;
  if (id != 0 && of_this_term) reported_.leader = Voter{id, address != nullptr ? address : ""};
  if (raft_state(&raft_->server) == RAFT_LEADER) reported_.standing = leads() ? Standing::Leader : Standing::Elected;
  if (reported_ != before) call([&] { observer_.leadership(reported_); });
  give_answers();
  if (failure_) fail(*failure_);
}

void RaftServer::call(const std::function<void()>& users) {
  try {
    users();
  } catch (const std::exception& exception) {
    if (!failure_) failure_ = exception.what();
  }
}

void RaftServer::answer(Done done, Outcome outcome) {
  if (done) answers_.emplace_back(std::move(done), std::move(outcome));
}

void RaftServer::give_answers() {
  for (auto& [done, outcome] : std::exchange(answers_, {})) call([&] { done(std::move(outcome)); });
}

void RaftServer::follow_leadership() {
  const bool leader = raft_state(&raft_->server) == RAFT_LEADER;
  const std::uint64_t applied = raft_last_applied(&raft_->server);
  if (leader && barrier_term_ == vote_.term && applied >= raft_->barrier.index) settled_term_ = vote_.term;
  if (!leads()) answer_open_proposals("this member lost the leadership before it knew that the command is committed");
  // libraft remembers those that are not applied, while it leads.
  auto& commands = raft_->commands;
  while (!commands.empty() && (!leader || commands.front()->index <= applied)) commands.pop_front();
  if (!leader || barrier_term_ == vote_.term) return;
  barrier_term_ = vote_.term;
  const int code = raft_barrier(&raft_->server, &raft_->barrier, nullptr);
  // Without it this member must not lead.
  if (code != 0) failure_ = last_error(code);
}

bool RaftServer::leads() const {
  return raft_state(&raft_->server) == RAFT_LEADER && settled_term_ == vote_.term;
}

void RaftServer::answer_open_proposals(const std::string& why) {
  for (auto& [index, done] : std::exchange(open_proposals_, {})) answer(std::move(done), {Fate::Unknown, why});
}

bool RaftServer::votes() const {
  const auto all = members();
  return std::ranges::any_of(all, [&](const Member& member) {
    return member.id == identity().self && member.role == Role::Voter;
  });
}

bool RaftServer::alone(const std::vector<Member>& members) const {
  std::uint64_t voters = 0;
  bool own = false;
  for (const Member& member : members) {
    if (member.role != Role::Voter) continue;
    ++voters;
    own = own || member.id == identity().self;
  }
  return voters == 1 && own;
}

Result<void> RaftServer::vote_alone() {
  const Vote vote{.term = vote_.term + 1, .candidate = identity().self};
  auto stored = storage_->set_vote(vote);
  if (stored.ok()) vote_ = vote;
  return stored;
}

void RaftServer::tick(std::uint64_t now_ms) {
  step(now_ms, [&] {
    ::raft& server = raft_->server;
    const bool overdue = raft_state(&server) == RAFT_FOLLOWER &&
                         now_ms_ - server.election_timer_start >= server.follower_state.randomized_election_timeout;
    if (overdue && !votes()) server.follower_state.current_leader.id = 0;
    if (overdue && alone(members())) {
      if (auto stored = vote_alone(); !stored.ok()) {
        failure_ = stored.error().message;
        return;
      }
      server.current_term = vote_.term;
      server.voted_for = vote_.candidate;
    }
    raft_->tick(&raft_->io);
  });
}

void RaftServer::propose(std::uint64_t now_ms, std::vector<Proposal> proposals) {
  if (!running_) {
    for (Proposal& proposal : proposals) answer(std::move(proposal.done), {Fate::Refused, stopped_});
    return give_answers();
  }
  step(now_ms, [&] {
    std::vector<LogEntry> commands;
    std::vector<Done> waiting;
    for (Proposal& proposal : proposals) {
      if (!leads()) {
        answer(std::move(proposal.done), {Fate::Refused, reported_.standing == Standing::Elected
                                                             ? "this member was just elected and does not know all yet"
                                                             : "this member does not lead the cluster"});
      } else if (raft_->server.transfer != nullptr) {
        answer(std::move(proposal.done), {Fate::Refused, "the cluster is changing its leader; try again"});
      } else if (proposal.command.size() > options_.max_command_bytes) {
        answer(std::move(proposal.done), {Fate::Refused, "the command has " + std::to_string(proposal.command.size()) +
                                                             " bytes, at most " + std::to_string(options_.max_command_bytes) +
                                                             " are possible"});
      } else {
        commands.push_back({vote_.term, EntryKind::Command, std::move(proposal.command)});
        waiting.push_back(std::move(proposal.done));
      }
    }
    if (!commands.empty()) submit(std::move(commands), std::move(waiting));
  });
}

/// They are stored, together, before libraft knows of them: it cannot take back what finds no room on the disk.
void RaftServer::submit(std::vector<LogEntry> commands, std::vector<Done> waiting) {
  if (auto stored = storage_->append(commands); !stored.ok()) {
    for (Done& done : waiting) answer(std::move(done), {Fate::Refused, stored.error().message});
    return hand_leadership_over();  // perhaps another member's disk has room
  }
  stored_ahead_ = commands.size();
  std::vector<raft_buffer> buffers;
  for (const LogEntry& command : commands) buffers.push_back(raft_copy(command.content));
  std::size_t begun = 0;
  while (begun < buffers.size() && !failure_) {
    const std::size_t count = std::min(buffers.size() - begun, kMostCommandsAtOnce);
    auto& request = raft_->commands.emplace_back(std::make_unique<struct raft_apply>());
    const int code = ::raft_apply(&raft_->server, request.get(), &buffers[begun], static_cast<unsigned>(count), nullptr);
    if (code != 0) {
      failure_ = last_error(code);
      raft_->commands.pop_back();
      break;
    }
    for (std::size_t i = 0; i < count; ++i) open_proposals_.emplace(request->index + i, std::move(waiting[begun + i]));
    begun += count;
  }
  // They are in the log, but not in this member's memory: after a restart they may be applied.
  for (; begun < buffers.size(); ++begun) {
    raft_free(buffers[begun].base);
    answer(std::move(waiting[begun]), {Fate::Unknown, *failure_});
  }
}

void RaftServer::step_down(std::uint64_t now_ms, std::uint64_t successor) {
  step(now_ms, [&] { hand_leadership_over(successor); });
}

void RaftServer::hand_leadership_over(std::uint64_t successor) {
  // Fails when that is no other voter, or there is none, or when this member does not lead: then there is nothing to hand over.
  if (raft_->server.transfer == nullptr) raft_transfer(&raft_->server, &raft_->transfer, successor, nullptr);
}

std::vector<Member> RaftServer::members() const {
  return running_ ? members_of(raft_->server.configuration) : std::vector<Member>();
}

std::vector<Voter> RaftServer::voters() const {
  std::vector<Voter> voters;
  for (const Member& member : members()) {
    if (member.role == Role::Voter) voters.push_back({member.id, member.address});
  }
  return voters;
}

std::uint64_t RaftServer::applied_index() const { return running_ ? raft_last_applied(&raft_->server) : 0; }

std::string RaftServer::last_error(int code) const {
  if (failure_) return *failure_;
  const char* details = raft_errmsg(&raft_->server);
  return std::string("the cluster's log: ") + (details[0] != '\0' ? details : raft_strerror(code));
}

void RaftServer::fail(const std::string& why) {
  stop(why);
  call([&] { observer_.failed(why); });
}

void RaftServer::stop(const std::string& why) {
  if (!running_) return;
  stopped_ = why;
  close();
  answer_open_proposals(why);
  for (Change& change : std::exchange(changes_, {})) {
    answer(std::move(change.wanted.done), {change.begun_in != 0 ? Fate::Unknown : Fate::Refused, why});
  }
  give_answers();
}

void RaftServer::close() {
  running_ = false;
  if (!std::exchange(raft_->initialized, false)) return;
  raft_close(&raft_->server, nullptr);
  while (!completions_.empty()) {
    const auto done = std::move(completions_.front());
    completions_.pop_front();
    done();
  }
  if (raft_->closed != nullptr) raft_->closed(&raft_->io);
}

}  // namespace weir
