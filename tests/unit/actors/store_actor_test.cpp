// A node's store: whom it answers, and when. The test is the leader and the disk's thread.
#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <optional>

#include <caf/all.hpp>

#include <weir/actors/remote_messages.hpp>
#include <weir/actors/store_actor.hpp>
#include <weir/base/bytes.hpp>
#include <weir/wire/control.hpp>

#include "support/checkpoint_samples.hpp"
#include "support/temporary_directory.hpp"

using namespace weir;
using weir::testing::TemporaryDirectory;

namespace {

constexpr std::chrono::seconds kPatience(60);  // bounds a hung run; no test waits for it to pass

/// Work of the disk's thread that goes no further before it is let.
class Gate {
 public:
  explicit Gate(SerialThread& disk) {
    disk.run([this] {
      reached_.set_value();
      opened_.get_future().wait();
    });
  }
  void await() { REQUIRE(reached_.get_future().wait_for(kPatience) == std::future_status::ready); }
  void open() { opened_.set_value(); }

 private:
  std::promise<void> reached_;
  std::promise<void> opened_;
};

/// The store of job 1, which has a checkpoint without parts.
class Bench {
 public:
  Bench() : system_(config_), leader_(system_) {
    StoreActorOptions options;
    options.node = 1;
    options.job = 1;
    options.directory = directory_ / "jobs" / "1";
    options.disk = &disk_;
    options.others = std::make_shared<const NodeActors>();
    store_ = system_.spawn(store_actor, std::move(options));
  }
  ~Bench() {
    caf::anon_send_exit(store_, caf::exit_reason::user_shutdown);
    leader_->wait_for(store_);
    disk_.stop();
  }

  std::filesystem::path place(const std::string& name) const { return directory_ / name; }
  SerialThread& disk() { return disk_; }

  void wants_savepoint(const std::string& name) {
    const std::string manifest(as_text(encode(testing::sample_manifest(7, {}))));
    say(wire::ExportSavepoint{manifest, place(name).string()});
  }
  /// Until the store has taken in all that was said before; whether it said meanwhile that a savepoint is there.
  bool told_of_savepoint() {
    say(wire::StoreParts{1, {1}, {}});
    return next_kind() == name_of<wire::SavepointWritten>() && next_kind() == name_of<wire::PartsStored>();
  }
  /// What comes next of the store.
  std::string next_kind() {
    std::optional<std::string> kind;
    leader_->receive([&](const message::Packet& packet) { kind = packet.kind; }, caf::after(kPatience) >> [] {});
    REQUIRE(kind);
    return *kind;
  }

 private:
  template <NamedRecord M>
  void say(const M& content) {
    leader_->send(store_, message::make_packet(1, 1, content));
  }

  const TemporaryDirectory directory_;
  SerialThread disk_;
  caf::actor_system_config config_;
  caf::actor_system system_;
  caf::scoped_actor leader_;
  caf::actor store_;
};

}  // namespace

TEST_CASE("a savepoint that is wanted while another is written is told of when it is there, and not before") {
  Bench bench;
  Gate first(bench.disk());
  bench.wants_savepoint("before");
  CHECK_FALSE(bench.told_of_savepoint());
  Gate second(bench.disk());  // behind the first one's work
  bench.wants_savepoint("now");
  first.open();
  second.await();
  CHECK_FALSE(bench.told_of_savepoint());
  second.open();
  CHECK(bench.next_kind() == name_of<wire::SavepointWritten>());
  CHECK(std::filesystem::exists(bench.place("now")));
}
