// One member, mostly of three, which hears from the others what a test wants it to hear.
#include <doctest/doctest.h>

#include <string>

#include <weir/consensus/raft_server.hpp>

#include "support/full_disk.hpp"
#include "support/temporary_directory.hpp"

using namespace weir;
using weir::testing::FullDisk;
using weir::testing::TemporaryDirectory;

namespace {

constexpr std::uint64_t kCluster = 99;
constexpr std::uint64_t kLargeBytes = 1 << 20;

Bytes bytes_of(std::string_view text) {
  const auto bytes = as_span(text);
  return Bytes(bytes.begin(), bytes.end());
}

struct Sent final : LogTransport {
  std::vector<LogMessage> messages;
  void send(const Voter&, std::vector<std::byte> message) override { messages.push_back(decode_log_message(message).or_throw()); }
};

struct State final : LogObserver {
  std::vector<std::string> commands;
  std::size_t snapshots = 0;
  std::size_t snapshot_bytes = 0;
  std::string restored = "nothing";
  std::string failure;
  void apply(std::uint64_t, std::span<const std::byte> command) override { commands.emplace_back(as_text(command)); }
  std::vector<std::byte> snapshot() override {
    ++snapshots;
    return Bytes(snapshot_bytes);
  }
  void restore(std::span<const std::byte> state) override { restored = std::to_string(state.size()) + " bytes"; }
  void leadership(const Leadership&) override {}
  void failed(const std::string& why) override { failure = why; }
};

class OneMember {
 public:
  explicit OneMember(const std::vector<std::uint64_t>& others = {101, 102}, std::uint64_t term = 1) {
    auto storage = LogStorage::open(file().parent_path()).or_throw();
    self = storage->identity().self;
    storage->begin(kCluster, encode_configuration(voters(others))).or_throw();
    storage->set_vote({.term = term}).or_throw();
  }

  void start() {
    LogOptions options{.directory = file().parent_path(), .address = "self"};
    options.snapshot_every_entries = 6;
    options.kept_entries = 2;
    server = RaftServer::open(options, sent, state, 1).or_throw();
    server->start(1).or_throw();
  }

  template <class Body>
  void hear(std::uint64_t from, std::uint64_t term, Body body) {
    server->receive(2, encode(LogMessage{.cluster = kCluster, .from = from, .to = self, .from_address = "node" + std::to_string(from),
                                         .term = term, .body = std::move(body)}));
  }

  std::vector<Member> voters(const std::vector<std::uint64_t>& others) const {
    std::vector<Member> all{{self, "self", Role::Voter}};
    for (const std::uint64_t id : others) all.push_back({id, "node" + std::to_string(id), Role::Voter});
    return all;
  }

  LogEntry members(std::uint64_t term, const std::vector<std::uint64_t>& others) const {
    return {term, EntryKind::Members, encode_configuration(voters(others))};
  }

  std::filesystem::path file() const { return directory / "log" / "data.mdb"; }

  TemporaryDirectory directory;
  std::uint64_t self = 0;
  Sent sent;
  State state;
  std::unique_ptr<RaftServer> server;
};

LogEntry command(std::uint64_t term, std::string_view text) { return {term, EntryKind::Command, bytes_of(text)}; }

}  // namespace

TEST_CASE("a refused vote tells the term of who refuses it") {
  OneMember member({101, 102}, 9);
  member.start();
  member.hear(101, 8, RequestVote{.last_index = 5, .last_term = 7, .pre_vote = true});
  REQUIRE(member.sent.messages.size() == 1);
  CHECK(member.sent.messages[0].term == 9);
  CHECK(member.sent.messages[0].body == decltype(LogMessage::body)(VoteResult{.granted = false, .pre_vote = true}));
}

TEST_CASE("entries of an old leader are refused with the newer term") {
  OneMember member({101, 102}, 9);
  member.start();
  member.hear(101, 8, AppendEntries{.previous_index = 4, .previous_term = 7, .committed = 4, .entries = {}});
  REQUIRE(member.sent.messages.size() == 1);
  CHECK(member.sent.messages[0].term == 9);
  const auto& result = std::get<AppendResult>(member.sent.messages[0].body);
  CHECK(result.rejected == 4);
  CHECK(result.last_index <= 1);  // it has no more
}

TEST_CASE("of members that change twice in one message the first ones come back when the second ones are undone") {
  OneMember member;
  member.start();
  const std::vector<LogEntry> entries{command(1, "a"), member.members(1, {101, 102, 103}), command(1, "b"), member.members(1, {101, 103}),
                                      command(1, "c")};
  member.hear(101, 1, AppendEntries{.previous_index = 1, .previous_term = 1, .committed = 1, .entries = entries});
  CHECK(member.server->voters().size() == 3);
  member.hear(102, 2, AppendEntries{.previous_index = 4, .previous_term = 1, .committed = 4, .entries = {command(2, "d")}});
  CHECK(member.server->voters().size() == 4);
  member.hear(102, 2, AppendEntries{.previous_index = 5, .previous_term = 2, .committed = 5, .entries = {}});
  CHECK(member.state.commands == std::vector<std::string>{"a", "b", "d"});
}

TEST_CASE("a change of members that another member's snapshot took away is not waited for") {
  OneMember member;
  member.start();
  member.hear(101, 1, AppendEntries{.previous_index = 1, .previous_term = 1, .committed = 1, .entries = {member.members(1, {101, 102, 103})}});
  CHECK(member.server->voters().size() == 4);
  const Bytes before = encode_configuration(member.voters({101, 102}));
  member.hear(102, 2, InstallSnapshot{{.index = 7, .term = 2, .members_index = 1, .members = before, .content = {}}});
  CHECK(member.server->voters().size() == 3);
  member.hear(102, 2, AppendEntries{.previous_index = 7, .previous_term = 2, .committed = 15, .entries = std::vector(8, command(2, "x"))});
  member.server->tick(3);
  CHECK(member.state.commands.size() == 8);
  CHECK(member.state.snapshots > 0);
}

TEST_CASE("what finds no room on the disk is not acknowledged, and the member stops") {
  OneMember member;
  member.start();
  SUBCASE("entries") {
    const FullDisk full(member.file());
    member.hear(101, 1, AppendEntries{.previous_index = 1, .previous_term = 1, .committed = 2,
                                      .entries = {command(1, std::string(kLargeBytes, 'x')), command(1, "y")}});
  }
  SUBCASE("a snapshot") {
    const FullDisk full(member.file());
    member.hear(101, 1, InstallSnapshot{{.index = 7, .term = 1, .members_index = 1,
                                         .members = encode_configuration(member.voters({101, 102})), .content = Bytes(kLargeBytes)}});
  }
  CHECK_FALSE(member.server->running());
  CHECK(member.state.failure == "cannot write " + member.file().string() + ": the disk is full; free some space");
  CHECK(member.sent.messages.empty());
  CHECK(member.state.commands.empty());
  CHECK(member.state.restored == "nothing");
  member.server.reset();
  member.start();
  CHECK(member.server->running());
  member.hear(101, 1, AppendEntries{.previous_index = 1, .previous_term = 1, .committed = 2, .entries = {command(1, "z")}});
  CHECK(member.state.commands == std::vector<std::string>{"z"});
}

TEST_CASE("a snapshot of the own log that finds no room is taken later") {
  OneMember member(std::vector<std::uint64_t>{});
  member.state.snapshot_bytes = kLargeBytes;
  member.start();
  const auto propose = [&](std::string_view text) {
    std::optional<Outcome> outcome;
    std::vector<Proposal> proposals;
    proposals.push_back({bytes_of(text), [&](Outcome given) { outcome = std::move(given); }});
    member.server->propose(3, std::move(proposals));
    CHECK(outcome == Outcome());
  };
  {
    const FullDisk full(member.file(), kLargeBytes / 2);
    for (int i = 0; i < 10; ++i) propose("command");
    CHECK(member.state.snapshots > 0);
    for (int i = 0; i < 10; ++i) member.server->tick(4);
    CHECK(member.state.snapshots <= 10);  // at most one for each command
  }
  CHECK(member.server->running());
  propose("last");
  member.server->tick(5);
  member.server.reset();
  member.start();
  CHECK(member.state.restored == std::to_string(kLargeBytes) + " bytes");
}
