// What a node stores of jobs, and which of it goes.
#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <future>
#include <set>

#include <caf/all.hpp>

#include <weir/actors/node_stores.hpp>
#include <weir/wire/control.hpp>

#include "support/temporary_directory.hpp"

using namespace weir;
using weir::testing::TemporaryDirectory;

namespace {

constexpr std::chrono::seconds kPatience(60);  // bounds a hung run; no test waits for it to pass

/// Lets `act` do something with a node's stores as part of its actor, and returns when all that follows from it is done on disk.
void with_stores(const std::filesystem::path& directory, const std::function<void(NodeStores&, const caf::strong_actor_ptr& worker)>& act) {
  SerialThread disk;
  const NodeStoresOptions options{.self = 1, .directory = directory, .limit_bytes = 0, .disk = &disk};
  {
    caf::actor_system_config config;
    caf::actor_system system(config);  // whose end waits for its actors
    const caf::actor worker = system.spawn([]() -> caf::behavior { return {[](const message::Packet&) {}}; });
    system.spawn([&act, &options, worker](caf::event_based_actor* node) {
      NodeStores stores(node, options);
      act(stores, caf::actor_cast<caf::strong_actor_ptr>(worker));
    });
  }
  std::promise<void> done;
  disk.run([&] { done.set_value(); });
  done.get_future().wait();
}

bool exists(const TemporaryDirectory& directory, const std::string& name) { return std::filesystem::exists(directory / "jobs" / name); }

}  // namespace

TEST_CASE("what is stored of jobs that are known no more goes, and nothing else") {
  const TemporaryDirectory directory;
  for (const std::string name : {"1", "2", "2.savepoint", "4", "5"}) std::filesystem::create_directories(directory / "jobs" / name / "parts");
  with_stores(directory / "jobs", [](NodeStores& stores, const auto&) { stores.forget_others({.jobs = {1, 3}, .next = 5, .bundles = {}}); });
  CHECK(exists(directory, "1/parts"));
  CHECK_FALSE(exists(directory, "2"));
  CHECK_FALSE(exists(directory, "2.savepoint"));  // of an export in the life before
  CHECK_FALSE(exists(directory, "4"));
  CHECK(exists(directory, "5/parts"));  // newer than what was said
}

TEST_CASE("of a job that is known no more nothing stays either that its store was told to write just before") {
  const TemporaryDirectory directory;
  with_stores(directory / "jobs", [](NodeStores& stores, const caf::strong_actor_ptr& worker) {
    for (const JobId job : {1, 2}) {
      stores.pass_on(message::make_packet(job, 1, wire::StoreParts{1, {1}, {{1, 0, 0, 0, "bytes"}}}), worker);
    }
    stores.forget_others({.jobs = {1}, .next = 3, .bundles = {}});
    stores.pass_on(message::make_packet(1, 1, wire::CloseParts{}), worker);
  });
  CHECK(exists(directory, "1"));
  CHECK_FALSE(exists(directory, "2"));
}

TEST_CASE("what is read while a job ends, or after it, is answered") {
  const TemporaryDirectory directory;
  SerialThread disk;
  std::promise<void> gate;
  caf::actor_system_config config;
  caf::actor_system system(config);
  caf::scoped_actor worker(system);
  const NodeStoresOptions options{.self = 1, .directory = directory / "jobs", .limit_bytes = 0, .disk = &disk};
  system.spawn([&](caf::event_based_actor* node) {
    NodeStores stores(node, options);
    const auto asker = caf::actor_cast<caf::strong_actor_ptr>(worker);
    const auto say = [&](const auto& content) { stores.pass_on(message::make_packet(1, 1, content), asker); };
    disk.run([opened = gate.get_future().share()] { opened.wait(); });
    say(wire::StoreParts{1, {1}, {{1, 0, 0, 0, "bytes"}}});
    for (const std::uint64_t request : {2, 3}) {
      say(wire::ReadParts{request, {{1, 0, 0, 0}}, false});
      say(wire::CloseParts{});
    }
    gate.set_value();
  });
  std::set<std::uint64_t> answered;
  bool waiting = true;
  worker->receive_while(waiting)(
      [&](const message::Packet& packet) {
        message::on<wire::PartsRead>(packet, [&](const wire::PartsRead& read) {
          CHECK(read.parts.size() == 1);
          answered.insert(read.request);
        });
        waiting = answered.size() < 2;
      },
      caf::after(kPatience) >> [&] { waiting = false; });
  CHECK(answered == std::set<std::uint64_t>{2, 3});
}
