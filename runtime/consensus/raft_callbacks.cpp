// What libraft calls: disk, network, clock and the observer. C calls these, so nothing may be thrown out of them.
#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include <weir/base/check.hpp>
#include <weir/base/exception_text.hpp>
#include <weir/consensus/raft_library.hpp>

namespace weir {
namespace {

std::span<const std::byte> content_of(const raft_buffer& buffer) {
  return {static_cast<const std::byte*>(buffer.base), buffer.len};
}

Bytes copied(const raft_buffer& buffer) {
  const auto content = content_of(buffer);
  return Bytes(content.begin(), content.end());
}

std::vector<LogEntry> log_entries(const raft_entry entries[], unsigned count) {
  std::vector<LogEntry> copies;
  copies.reserve(count);
  for (unsigned i = 0; i < count; ++i) {
    copies.push_back({entries[i].term, static_cast<EntryKind>(entries[i].type), copied(entries[i].buf)});
  }
  return copies;
}

LogSnapshot log_snapshot(const raft_snapshot& snapshot) {
  LogSnapshot made{.index = snapshot.index,
                   .term = snapshot.term,
                   .members_index = snapshot.configuration_index,
                   .members = encode_configuration(members_of(snapshot.configuration))};
  for (unsigned i = 0; i < snapshot.n_bufs; ++i) {
    const auto part = content_of(snapshot.bufs[i]);
    made.content.insert(made.content.end(), part.begin(), part.end());
  }
  return made;
}

template <class T>
T* raft_array(std::size_t count) {
  auto* array = static_cast<T*>(raft_calloc(std::max<std::size_t>(count, 1), sizeof(T)));
  if (array == nullptr) throw std::bad_alloc();
  return array;
}

/// Without one it is an empty one that nothing is behind.
raft_snapshot* raft_snapshot_of(const std::optional<LogSnapshot>& snapshot) {
  auto* made = raft_array<raft_snapshot>(1);
  made->bufs = raft_array<raft_buffer>(1);
  made->n_bufs = 1;
  made->index = std::numeric_limits<raft_index>::max();
  if (!snapshot) return made;
  made->index = snapshot->index;
  made->term = snapshot->term;
  made->configuration = raft_configuration_of(decode_configuration(snapshot->members).or_throw());
  made->configuration_index = snapshot->members_index;
  made->bufs[0] = raft_copy(snapshot->content);
  return made;
}

std::vector<Member> newest_members(const StoredLog& log) {
  for (std::size_t i = log.entries.size(); i > 0; --i) {
    if (log.entries[i - 1].kind == EntryKind::Members) return decode_configuration(log.entries[i - 1].content).or_throw();
  }
  return log.snapshot ? decode_configuration(log.snapshot->members).or_throw() : std::vector<Member>();
}

/// Each entry is a batch of its own, so that libraft frees it without the others.
raft_entry* raft_entries_of(const std::vector<LogEntry>& entries) {
  if (entries.empty()) return nullptr;
  auto* made = raft_array<raft_entry>(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    made[i].term = entries[i].term;
    made[i].type = static_cast<decltype(made[i].type)>(entries[i].kind);
    made[i].buf = raft_copy(entries[i].content);
    made[i].batch = made[i].buf.base;
  }
  return made;
}

AppendEntries append_entries(const raft_append_entries& sent, std::uint64_t most_bytes) {
  AppendEntries made{.previous_index = sent.prev_log_index,
                     .previous_term = sent.prev_log_term,
                     .committed = sent.leader_commit,
                     .entries = {}};
  // libraft sends all it has at once. The first few are a message too, and after their answer come the next.
  std::uint64_t bytes = 0;
  unsigned count = 0;
  while (count < sent.n_entries && (count == 0 || bytes + sent.entries[count].buf.len <= most_bytes)) {
    bytes += sent.entries[count++].buf.len;
  }
  made.entries = log_entries(sent.entries, count);
  return made;
}

/// Runs a callback's work. The first failure ends the log, as soon as libraft has returned; until then nothing more is done or
/// said. libraft is not told: as it says on its part, it would go on, free things twice, or stop the process.
template <class Work>
void guarded(std::optional<std::string>& failure, const Work& work) {
  if (failure) return;
  try {
    const Result<void> done = work();
    if (!done.ok()) failure = done.error().message;
  } catch (const std::exception& exception) {
    failure = exception.what();
  } catch (...) {
    failure = "an unknown exception";
  }
}

/// Null when it is no member.
const char* address_of(const raft_configuration& configuration, std::uint64_t id) {
  for (unsigned i = 0; i < configuration.n; ++i) {
    if (configuration.servers[i].id == id) return configuration.servers[i].address;
  }
  return nullptr;
}

/// Fills term and body; false for a kind of message that is not known.
bool fill(LogMessage& made, const raft_message& message, std::uint64_t most_bytes) {
  switch (message.type) {
    case MessageKind::kRequestVote: {
      const auto& sent = message.request_vote;
      made.term = sent.term;
      made.body = RequestVote{sent.last_log_index, sent.last_log_term, sent.disrupt_leader, sent.pre_vote};
      return true;
    }
    case MessageKind::kVoteResult: {
      const auto& sent = message.request_vote_result;
      made.term = sent.term;
      made.body = VoteResult{sent.vote_granted, sent.pre_vote == kPreVote};
      return true;
    }
    case MessageKind::kAppendEntries:
      made.term = message.append_entries.term;
      made.body = append_entries(message.append_entries, most_bytes);
      return true;
    case MessageKind::kAppendResult: {
      const auto& sent = message.append_entries_result;
      made.term = sent.term;
      made.body = AppendResult{sent.rejected, sent.last_log_index};
      return true;
    }
    case MessageKind::kInstallSnapshot: {
      const auto& sent = message.install_snapshot;
      made.term = sent.term;
      made.body = InstallSnapshot{{.index = sent.last_index,
                                   .term = sent.last_term,
                                   .members_index = sent.conf_index,
                                   .members = encode_configuration(members_of(sent.conf)),
                                   .content = copied(sent.data)}};
      return true;
    }
    case MessageKind::kTimeoutNow:
      made.term = message.timeout_now.term;
      made.body = TimeoutNow{message.timeout_now.last_log_index, message.timeout_now.last_log_term};
      return true;
    default: return false;
  }
}

}  // namespace

raft_buffer raft_copy(std::span<const std::byte> bytes) {
  raft_buffer buffer{raft_malloc(std::max<std::size_t>(bytes.size(), 1)), bytes.size()};
  if (buffer.base == nullptr) throw std::bad_alloc();
  if (!bytes.empty()) std::memcpy(buffer.base, bytes.data(), bytes.size());
  return buffer;
}

std::vector<Member> members_of(const raft_configuration& configuration) {
  std::vector<Member> members;
  for (unsigned i = 0; i < configuration.n; ++i) {
    const raft_server& server = configuration.servers[i];
    members.push_back({server.id, server.address, static_cast<Role>(server.role)});
  }
  return members;
}

raft_configuration raft_configuration_of(const std::vector<Member>& members) {
  raft_configuration configuration;
  raft_configuration_init(&configuration);
  for (const Member& member : members) {
    const int code = raft_configuration_add(&configuration, member.id, member.address.c_str(), static_cast<int>(member.role));
    WEIR_CHECK(code == 0, "a checked list of members is refused:", raft_strerror(code), member.id, member.address);
  }
  return configuration;
}

void RaftServer::store_vote(const Vote& vote) {
  guarded(failure_, [&]() -> Result<void> {
    auto stored = storage_->set_vote(vote);
    if (stored.ok()) vote_ = vote;
    return stored;
  });
}

void RaftServer::Callbacks::install(RaftServer& server) {
  raft_io& io = server.raft_->io;
  io.version = 1;
  // 0.22 asks how much room the disk has, in KiB at most; whether there is some is found out by writing.
  [](auto& any) {
    if constexpr (requires { any.capacity; }) any.capacity = std::numeric_limits<decltype(any.capacity)>::max();
  }(io);
  io.impl = &server;
  io.init = init;
  io.close = close;
  io.load = load;
  io.start = start;
  io.bootstrap = [](raft_io*, const raft_configuration*) -> int { return RAFT_INVALID; };  // see RaftServer::bootstrap
  io.recover = [](raft_io*, const raft_configuration*) -> int { return RAFT_INVALID; };
  io.set_term = set_term;
  io.set_vote = set_vote;
  io.send = send;
  io.append = append;
  io.truncate = truncate;
  io.snapshot_put = snapshot_put;
  io.snapshot_get = snapshot_get;
  io.time = time;
  io.random = random;
  raft_fsm& fsm = server.raft_->fsm;
  fsm.version = 1;
  fsm.data = &server;
  fsm.apply = apply;
  fsm.snapshot = take_snapshot;
  fsm.restore = restore;
}

int RaftServer::Callbacks::init(raft_io*, raft_id, const char*) { return 0; }

void RaftServer::Callbacks::close(raft_io* io, raft_io_close_cb done) { of(io).raft_->closed = done; }

int RaftServer::Callbacks::load(raft_io* io, raft_term* term, raft_id* voted_for, raft_snapshot** snapshot,
                                raft_index* first_index, raft_entry* entries[], size_t* count) {
  RaftServer& self = of(io);
  guarded(self.failure_, [&]() -> Result<void> {
    auto loaded = self.storage_->load();
    if (!loaded.ok()) return loaded.error();
    StoredLog& log = self.raft_->stored = std::move(loaded).value();
    self.vote_ = log.vote;
    if (self.alone(newest_members(log))) {
      if (auto stored = self.vote_alone(); !stored.ok()) return stored;
    }
    *term = self.vote_.term;
    *voted_for = self.vote_.candidate;
    *snapshot = log.snapshot ? raft_snapshot_of(log.snapshot) : nullptr;
    *first_index = log.first_index;
    *entries = raft_entries_of(log.entries);
    *count = log.entries.size();
    return {};
  });
  return self.failure_ ? RAFT_CORRUPT : 0;
}

int RaftServer::Callbacks::start(raft_io* io, unsigned, raft_io_tick_cb tick, raft_io_recv_cb receive) {
  of(io).raft_->tick = tick;
  of(io).raft_->receive = receive;
  return 0;
}

int RaftServer::Callbacks::set_term(raft_io* io, raft_term term) {
  // 0.22 sets the term also before it repeats a vote, which must not be forgotten in between.
  if (term != of(io).vote_.term) of(io).store_vote({.term = term});
  return 0;
}

int RaftServer::Callbacks::set_vote(raft_io* io, raft_id candidate) {
  if (candidate != of(io).vote_.candidate) of(io).store_vote({.term = of(io).vote_.term, .candidate = candidate});
  return 0;
}

int RaftServer::Callbacks::send(raft_io* io, raft_io_send* request, const raft_message* message, raft_io_send_cb done) {
  RaftServer& self = of(io);
  guarded(self.failure_, [&]() -> Result<void> {
    if (!self.raft_->initialized) return {};  // is being closed
    LogMessage made{.cluster = self.identity().cluster,
                    .from = self.identity().self,
                    .to = message->server_id,
                    .from_address = self.options_.address,
                    .term = 0,
                    .body = {}};
    if (!fill(made, *message, self.options_.entries_per_message_bytes)) return {};
    const char* address = message->server_address;
    if (auto* result = std::get_if<AppendResult>(&made.body)) {
      // Of what it refuses for an old term 0.22 says any number.
      const std::uint64_t most = result->rejected == 0 ? self.acknowledged_ : raft_last_index(&self.raft_->server);
      result->last_index = std::min<std::uint64_t>(result->last_index, most);
    } else if (const auto* vote = std::get_if<VoteResult>(&made.body); vote != nullptr && !vote->granted) {
      // libraft repeats the term that it was asked for. Whoever asks for too low a one would never know.
      made.term = std::max(made.term, self.vote_.term);
    } else if (auto* install = std::get_if<InstallSnapshot>(&made.body)) {
      // 0.22 may name the term of the snapshot before, and an address that it has freed when the members changed meanwhile.
      install->snapshot.term = self.raft_->snapshot_term;
      address = address_of(self.raft_->server.configuration, message->server_id);
      if (address == nullptr) return {};
    }
    self.transport_.send({message->server_id, address}, encode(made));
    return {};
  });
  if (done != nullptr) self.completions_.push_back([=] { done(request, 0); });
  return 0;  // a message may be lost anyway; some callers in libraft free twice when told so
}

int RaftServer::Callbacks::append(raft_io* io, raft_io_append* request, const raft_entry entries[], unsigned count,
                                  raft_io_append_cb done) {
  RaftServer& self = of(io);
  guarded(self.failure_, [&]() -> Result<void> {
    if (self.stored_ahead_ == 0) return self.storage_->append(log_entries(entries, count));
    WEIR_CHECK(count <= self.stored_ahead_ && entries[0].type == RAFT_COMMAND, "libraft appends something else than it was given",
               count, self.stored_ahead_, static_cast<int>(entries[0].type));
    self.stored_ahead_ -= count;
    return {};
  });
  self.completions_.push_back([=] { done(request, 0); });
  return 0;
}

int RaftServer::Callbacks::truncate(raft_io* io, raft_index index) {
  RaftServer& self = of(io);
  guarded(self.failure_, [&]() -> Result<void> {
    // 0.22 also truncates where nothing is, before it appends.
    if (index > self.storage_->last_index() - self.stored_ahead_) return {};
    return self.storage_->truncate(index);
  });
  return 0;
}

int RaftServer::Callbacks::snapshot_put(raft_io* io, unsigned trailing, raft_io_snapshot_put* request,
                                        const raft_snapshot* snapshot, raft_io_snapshot_put_cb done) {
  RaftServer& self = of(io);
  const bool another_members = trailing == 0;  // the own ones keep at least one entry
  int code = 0;
  guarded(self.failure_, [&]() -> Result<void> {
    const LogSnapshot made = log_snapshot(*snapshot);
    // libraft has dropped its entries already when it asks for another member's snapshot to be stored.
    if (another_members) return self.storage_->replace(made);
    if (self.storage_->compact(made, trailing).ok()) return {};
    // One of its own that finds no room is tried again later.
    self.raft_->unstored_snapshot = made.index;
    code = RAFT_NOSPACE;
    return {};
  });
  if (code != 0 && kNoRoomIsToldAtOnce) return code;
  self.completions_.push_back([=, &self] { done(request, self.raft_->initialized ? code : RAFT_CANCELED); });
  return 0;
}

int RaftServer::Callbacks::snapshot_get(raft_io* io, raft_io_snapshot_get* request, raft_io_snapshot_get_cb done) {
  RaftServer& self = of(io);
  raft_snapshot* made = nullptr;
  guarded(self.failure_, [&]() -> Result<void> {
    auto stored = self.storage_->snapshot();
    if (!stored.ok()) return stored.error();
    WEIR_CHECK(stored->has_value(), "there is no snapshot to be sent");
    made = raft_snapshot_of(*stored);
    return {};
  });
  // After a failure the request is over when the log is closed; 0.22 must not be told then that there is no snapshot.
  if (made == nullptr) made = raft_snapshot_of(std::nullopt);
  self.completions_.push_back([=, &self] {
    self.raft_->snapshot_term = made->term;
    done(request, made, 0);
  });
  return 0;
}

raft_time RaftServer::Callbacks::time(raft_io* io) { return of(io).now_ms_; }

int RaftServer::Callbacks::random(raft_io* io, int min, int max) {
  return std::uniform_int_distribution<int>(min, max)(of(io).random_);
}

int RaftServer::Callbacks::apply(raft_fsm* fsm, const raft_buffer* buffer, void** result) {
  RaftServer& self = of(fsm);
  *result = nullptr;
  guarded(self.failure_, [&]() -> Result<void> {
    const std::uint64_t index = raft_last_applied(&self.raft_->server) + 1;
    self.observer_.apply(index, content_of(*buffer));
    // Whoever leads no more may be applying what another leader put at the same index.
    if (!self.leads()) return {};
    if (auto open = self.open_proposals_.extract(index); !open.empty()) self.answer(std::move(open.mapped()), {});
    return {};
  });
  return 0;
}

int RaftServer::Callbacks::take_snapshot(raft_fsm* fsm, raft_buffer* buffers[], unsigned* count) {
  RaftServer& self = of(fsm);
  const ::raft& server = self.raft_->server;
  // It would be stored with members that may yet be rolled back, or are not yet those of its index.
  if (server.configuration_uncommitted_index != 0) return RAFT_BUSY;
  if (server.last_applied == self.raft_->unstored_snapshot) return RAFT_BUSY;
  guarded(self.failure_, [&]() -> Result<void> {
    const Bytes state = self.observer_.snapshot();
    *buffers = raft_array<raft_buffer>(1);
    (*buffers)[0] = raft_copy(state);
    *count = 1;
    return {};
  });
  return self.failure_ ? RAFT_BUSY : 0;
}

int RaftServer::Callbacks::restore(raft_fsm* fsm, raft_buffer* buffer) {
  RaftServer& self = of(fsm);
  guarded(self.failure_, [&]() -> Result<void> {
    self.observer_.restore(content_of(*buffer));
    return {};
  });
  raft_free(buffer->base);
  // No entry is behind another member's snapshot, nor a change of members; before 0.17 libraft goes on waiting for it.
  self.raft_->server.configuration_uncommitted_index = 0;
  return 0;
}

}  // namespace weir
