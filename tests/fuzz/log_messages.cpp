// Hostile members: a RaftServer is given random bytes, changed messages, and, sealed as if they came from a member, messages
// of random content that fit its state closely enough to be looked at. It may drop them, be led anywhere, or stop with a
// message, but not crash. Run it under the address sanitizer; every case is named by its seed.
#include <doctest/doctest.h>

#include <random>

#include <weir/consensus/raft_server.hpp>

#include "support/temporary_directory.hpp"

using namespace weir;
using weir::testing::TemporaryDirectory;

namespace {

struct Silent final : LogTransport {
  std::vector<Bytes> sent;
  void send(const Voter&, std::vector<std::byte> message) override { sent.push_back(std::move(message)); }
};

struct Indifferent final : LogObserver {
  std::uint64_t commands = 0;
  std::string failure;
  void apply(std::uint64_t, std::span<const std::byte>) override { ++commands; }
  std::vector<std::byte> snapshot() override { return std::vector<std::byte>(10); }
  void restore(std::span<const std::byte>) override {}
  void leadership(const Leadership&) override {}
  void failed(const std::string& why) override { failure = why; }
};

class Attacker {
 public:
  explicit Attacker(std::uint64_t seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  Bytes noise(std::size_t longest) {
    Bytes bytes(below(longest));
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random_());
    return bytes;
  }

  Bytes changed(Bytes bytes) {
    for (auto left = 1 + below(4); left > 0 && !bytes.empty(); --left) {
      const std::size_t at = below(bytes.size());
      if (below(3) == 0) bytes.resize(at);
      else bytes[at] = static_cast<std::byte>(random_());
    }
    return bytes;
  }

  std::vector<Member> members(std::uint64_t self) {
    std::vector<Member> some;
    for (const std::uint64_t id : {self, std::uint64_t{101}, std::uint64_t{102}, std::uint64_t{103}}) {
      if (below(4) > 0) some.push_back({id, "node" + std::to_string(id % 1000), static_cast<Role>(below(3))});
    }
    if (some.empty()) some.push_back({101, "node101", Role::Voter});
    return some;
  }

  LogMessage message(const LogIdentity& victim, std::uint64_t term, std::uint64_t last) {
    LogMessage made{.cluster = below(50) == 0 ? 1 : victim.cluster,
                    .from = below(50) == 0 ? victim.self : 101 + below(3),
                    .to = below(50) == 0 ? 5 : victim.self,
                    .from_address = "node101",
                    .term = near(term),
                    .body = {}};
    const std::uint64_t place = below(3) == 0 ? below(last + 3) : last;
    const std::uint64_t place_term = place == 0 ? 0 : below(made.term + 1);
    switch (below(7)) {
      case 0: made.body = RequestVote{place, place_term, below(4) == 0, below(2) == 0}; break;
      case 1: made.body = VoteResult{below(4) > 0, below(2) == 0}; break;
      case 2: made.body = AppendResult{below(2) == 0 ? 0 : near(last), near(last)}; break;
      case 3: made.body = TimeoutNow{place, place_term}; break;
      case 4:
        if (below(4) > 0) break;
        made.body = InstallSnapshot{{.index = near(last) + 1, .term = 1 + below(made.term + 1), .members_index = 1 + below(last + 1),
                                     .members = encode_configuration(members(victim.self)), .content = noise(40)}};
        break;
      default: {
        AppendEntries append{place, place_term, near(last), {}};
        std::uint64_t entry_term = std::max<std::uint64_t>(place_term, 1);
        for (auto left = below(5); left > 0; --left) {
          if (below(3) == 0 && entry_term < made.term) ++entry_term;
          const auto kind = static_cast<EntryKind>(1 + below(3));
          append.entries.push_back({entry_term, kind, kind == EntryKind::Members ? encode_configuration(members(victim.self)) : noise(30)});
        }
        made.body = std::move(append);
      }
    }
    return made;
  }

 private:
  std::uint64_t near(std::uint64_t number) {
    if (below(200) == 0) return random_();
    return number + below(4) - std::min<std::uint64_t>(number, below(3));
  }

  std::mt19937_64 random_;
};

/// A member of three that never hears from the others, at the mercy of the attacker.
class Victim {
 public:
  Victim(const std::filesystem::path& directory, std::uint64_t seed) {
    LogOptions options{.directory = directory, .address = "victim"};
    options.election_timeout = Duration(100);
    options.heartbeat = Duration(10);
    options.snapshot_every_entries = 6;
    options.kept_entries = 2;
    if (!std::filesystem::exists(directory)) {
      auto storage = LogStorage::open(directory).or_throw();
      const std::uint64_t self = storage->identity().self;
      storage->begin(99, encode_configuration({{self, "victim", Role::Voter}, {101, "node101", Role::Voter}, {102, "node102", Role::Voter}}))
          .or_throw();
    }
    server_ = RaftServer::open(options, transport, observer, seed).or_throw();
    started = server_->start(1).ok();
  }

  RaftServer& server() { return *server_; }
  Silent transport;
  Indifferent observer;
  bool started = false;

 private:
  std::unique_ptr<RaftServer> server_;
};

}  // namespace

TEST_CASE("random and changed bytes change nothing") {
  TemporaryDirectory directory;
  Attacker attacker(1);
  Victim victim(directory / "log", 1);
  REQUIRE(victim.started);
  victim.server().tick(1000);  // asks for votes, in messages of good form
  REQUIRE_FALSE(victim.transport.sent.empty());
  const Bytes good = victim.transport.sent.front();
  for (int i = 0; i < 40000; ++i) victim.server().receive(1000, i % 2 == 0 ? attacker.noise(300) : attacker.changed(good));
  CHECK(victim.server().dropped_messages() == 40000);
  CHECK(victim.server().running());
  CHECK(victim.server().leadership().term == 1);
}

TEST_CASE("a member that says anything at all cannot crash another") {
  std::uint64_t applied = 0;
  std::uint64_t led = 0;
  std::uint64_t stopped = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    TemporaryDirectory directory;
    Attacker attacker(seed);
    auto victim = std::make_unique<Victim>(directory / "log", seed);
    std::uint64_t now = 1;
    for (int i = 0; i < 400 && victim->started; ++i) {
      RaftServer& server = victim->server();
      now += attacker.below(30);
      const std::uint64_t last = server.applied_index() + attacker.below(6);
      const LogMessage message = attacker.message(server.identity(), server.leadership().term, last);
      server.receive(now, encode(message));
      if (attacker.below(4) == 0) server.tick(now);
      if (server.leadership().standing != Standing::Follower) {
        ++led;
        std::vector<Proposal> proposals;
        proposals.push_back({attacker.noise(20), {}});
        server.propose(now, std::move(proposals));
        if (attacker.below(10) == 0) server.change(now, {VoterChange::Kind::Add, {103, "node103"}, {}});
        if (attacker.below(10) == 0) server.change(now, {VoterChange::Kind::Remove, {101 + attacker.below(3), ""}, {}});
        if (attacker.below(20) == 0) server.step_down(now);
      }
      if (!server.running()) {
        ++stopped;
        CHECK_FALSE(victim->observer.failure.empty());
      }
      if (!server.running() || attacker.below(40) == 0) {
        applied += victim->observer.commands;
        victim.reset();
        victim = std::make_unique<Victim>(directory / "log", seed);
        now = 1;
      }
    }
  }
  MESSAGE("applied ", applied, " commands, led ", led, " times, stopped ", stopped, " times");
  CHECK(applied > 0);  // else the messages fit too badly to try anything
  CHECK(led > 0);
}
