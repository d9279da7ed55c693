// The log with its threads and clock. What the protocol does is tested without them, in raft_server_test.cpp.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>

#include <weir/consensus/log_entry.hpp>
#include <weir/consensus/replicated_log.hpp>

#include "support/temporary_directory.hpp"

using namespace weir;
using weir::testing::TemporaryDirectory;

namespace {

constexpr auto kLimit = std::chrono::seconds(20);  // reached only when something is broken

/// Carries messages between the logs of this process.
class Bus {
 public:
  void connect(const std::string& address, ReplicatedLog* log) {
    const std::lock_guard lock(mutex_);
    logs_[address] = log;
  }
  void disconnect(const std::string& address) {
    const std::lock_guard lock(mutex_);
    logs_.erase(address);
  }
  void carry(const std::string& address, Bytes message) {
    const std::lock_guard lock(mutex_);
    if (const auto found = logs_.find(address); found != logs_.end()) found->second->receive(std::move(message));
  }

  /// What the nodes were told changes under this mutex.
  std::mutex told;
  std::condition_variable changed;

 private:
  std::mutex mutex_;
  std::map<std::string, ReplicatedLog*> logs_;
};

/// A member, and what it was told.
class Node final : LogTransport, LogObserver {
 public:
  Node(Bus& bus, const std::filesystem::path& directory, const std::string& address) : bus_(bus), address_(address) {
    LogOptions options{.directory = directory, .address = address};
    options.election_timeout = Duration(600);  // a busy machine must not make a leader give up
    options.heartbeat = Duration(30);
    log_ = ReplicatedLog::open(options, *this, *this).or_throw();
    bus_.connect(address_, log_.get());
  }
  ~Node() {
    bus_.disconnect(address_);
    log_->stop();
  }

  ReplicatedLog& log() { return *log_; }
  Voter voter() const { return {log_->self(), address_}; }

  bool await_applied(std::size_t count) {
    std::unique_lock lock(bus_.told);
    return bus_.changed.wait_for(lock, kLimit, [&] { return applied.size() >= count; });
  }

  std::vector<std::string> applied;  // with the mutex held, or the log stopped
  Leadership now;

 private:
  void send(const Voter& to, std::vector<std::byte> message) override { bus_.carry(to.address, std::move(message)); }
  void apply(std::uint64_t, std::span<const std::byte> command) override {
    note([&] { applied.emplace_back(as_text(command)); });
  }
  std::vector<std::byte> snapshot() override { return {}; }
  void restore(std::span<const std::byte>) override {}
  void leadership(const Leadership& leadership) override {
    note([&] { now = leadership; });
  }
  void failed(const std::string& why) override { FAIL_CHECK(why); }

  template <class Change>
  void note(const Change& change) {
    const std::lock_guard lock(bus_.told);
    change();
    bus_.changed.notify_all();
  }

  Bus& bus_;
  std::string address_;
  std::unique_ptr<ReplicatedLog> log_;
};

/// The answer to a call that takes a Done.
template <class Call>
Outcome answer(const Call& call) {
  auto promise = std::make_shared<std::promise<Outcome>>();
  auto future = promise->get_future();
  call([promise](Outcome outcome) { promise->set_value(std::move(outcome)); });
  REQUIRE(future.wait_for(kLimit) == std::future_status::ready);
  return future.get();
}

Outcome propose(Node& node, std::string_view text) {
  const auto bytes = as_span(text);
  return answer([&](Done done) { node.log().propose(Bytes(bytes.begin(), bytes.end()), std::move(done)); });
}

/// Three members that vote; the first one leads.
struct Three {
  TemporaryDirectory directory;
  Bus bus;
  std::unique_ptr<Node> nodes[3];

  Three() {
    for (int i = 0; i < 3; ++i) open(i);
    nodes[0]->log().bootstrap().or_throw();
    nodes[0]->log().start().or_throw();
    for (int i = 1; i < 3; ++i) {
      nodes[i]->log().join(*nodes[0]->log().cluster()).or_throw();
      nodes[i]->log().start().or_throw();
      const Outcome added = answer([&](Done done) { nodes[0]->log().add_voter(nodes[i]->voter(), std::move(done)); });
      REQUIRE_MESSAGE(added.applied(), added.why);
    }
  }
  /// One of the last two, once it leads.
  Node& next_leader() {
    std::unique_lock lock(bus.told);
    const auto leads = [&](int i) { return nodes[i]->now.standing == Standing::Leader; };
    REQUIRE(bus.changed.wait_for(lock, kLimit, [&] { return leads(1) || leads(2); }));
    return leads(1) ? *nodes[1] : *nodes[2];
  }
  void open(int i) {
    const std::string name = "member" + std::to_string(i);
    nodes[i] = std::make_unique<Node>(bus, directory / name, name);
  }
};

}  // namespace

TEST_CASE("a log that was not started refuses, and a started one answers on its thread") {
  TemporaryDirectory directory;
  Bus bus;
  Node node(bus, directory / "log", "a");
  CHECK(propose(node, "x") == Outcome{Fate::Refused, "the cluster's log is not started"});
  CHECK_FALSE(node.log().cluster().has_value());
  node.log().bootstrap().or_throw();
  CHECK(node.log().cluster().has_value());
  node.log().start().or_throw();
  CHECK(node.log().leadership().standing == Standing::Leader);
  CHECK(propose(node, "x").applied());
  CHECK(node.log().voters() == std::vector{node.voter()});
  node.log().stop();
  CHECK(propose(node, "y") == Outcome{Fate::Refused, "the cluster's log was stopped"});
  CHECK(node.applied == std::vector<std::string>{"x"});
}

TEST_CASE("a directory that belongs to no cluster cannot be started, nor one be bootstrapped twice") {
  TemporaryDirectory directory;
  Bus bus;
  {
    Node node(bus, directory / "log", "a");
    auto started = node.log().start();
    REQUIRE_FALSE(started.ok());
    CHECK(started.error().message.find("belongs to no cluster yet") != std::string::npos);
  }
  Node node(bus, directory / "log", "a");
  node.log().bootstrap().or_throw();
  CHECK_FALSE(node.log().bootstrap().ok());
}

TEST_CASE("commands of many threads are applied once, on all members in the same order") {
  Three cluster;
  std::vector<std::future<void>> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.push_back(std::async(std::launch::async, [&cluster, thread] {
      for (int i = 0; i < 25; ++i) {
        const Outcome outcome = propose(*cluster.nodes[0], std::to_string(thread) + "/" + std::to_string(i));
        CHECK_MESSAGE(outcome.applied(), outcome.why);
      }
    }));
  }
  for (auto& thread : threads) thread.get();
  for (auto& node : cluster.nodes) REQUIRE(node->await_applied(100));
  for (auto& node : cluster.nodes) node->log().stop();
  CHECK(cluster.nodes[1]->applied == cluster.nodes[0]->applied);
  CHECK(cluster.nodes[2]->applied == cluster.nodes[0]->applied);
  auto sorted = cluster.nodes[0]->applied;
  std::ranges::sort(sorted);
  CHECK(std::ranges::adjacent_find(sorted) == sorted.end());
}

TEST_CASE("another member leads when the leader is gone, and the old one follows when it is back") {
  Three cluster;
  REQUIRE(propose(*cluster.nodes[0], "before").applied());
  cluster.nodes[0].reset();
  const auto deadline = std::chrono::steady_clock::now() + kLimit;
  int tries = 1;  // a try that was interrupted may be applied too
  while (!propose(cluster.next_leader(), "after " + std::to_string(tries)).applied()) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    ++tries;
  }
  cluster.open(0);
  cluster.nodes[0]->log().start().or_throw();
  REQUIRE(cluster.nodes[0]->await_applied(2));
  cluster.nodes[0]->log().stop();
  CHECK(cluster.nodes[0]->applied.front() == "before");
  CHECK(cluster.nodes[0]->applied.at(1).starts_with("after "));
}

TEST_CASE("what waits when a log is stopped is answered") {
  TemporaryDirectory directory;
  Bus bus;
  Node node(bus, directory / "log", "a");
  node.log().bootstrap().or_throw();
  node.log().start().or_throw();
  std::atomic<int> answers = 0;
  for (int i = 0; i < 200; ++i) node.log().propose(Bytes(10), [&](const Outcome&) { ++answers; });
  node.log().stop();
  CHECK(answers == 200);
}
