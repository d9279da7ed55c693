// Whom each control message is for.
#include <doctest/doctest.h>

#include <weir/wire/control.hpp>
#include <weir/wire/routes.hpp>

using namespace weir;

namespace {

template <NamedRecord M>
int receivers() {
  const auto kind = name_of<M>();
  return static_cast<int>(wire::is_for_worker(kind)) + static_cast<int>(wire::is_for_leader(kind)) + static_cast<int>(wire::is_for_store(kind));
}

}  // namespace

TEST_CASE("what a worker is told, only the leader may tell it") {
  for (const auto kind : {name_of<wire::Deploy>(), name_of<wire::Open>(), name_of<wire::Go>(), name_of<wire::Trigger>(), name_of<wire::Complete>()}) {
    CAPTURE(kind);
    CHECK(wire::is_for_worker(kind));
    CHECK(wire::is_from_leader(kind));
    CHECK_FALSE(wire::is_for_leader(kind));
  }
}

TEST_CASE("what ends or rewinds something takes the leader's word, and what keeps parts does not") {
  for (const auto kind : {name_of<wire::StartWorker>(), name_of<wire::KillWorker>(), name_of<wire::RewindParts>(),
                          name_of<wire::KnownJobs>(), name_of<wire::CloseParts>(), name_of<wire::ExportSavepoint>()}) {
    CAPTURE(kind);
    CHECK(wire::is_from_leader(kind));
  }
  for (const auto kind : {name_of<wire::StoreParts>(), name_of<wire::ReadParts>()}) {
    CAPTURE(kind);
    CHECK(wire::is_for_store(kind));
    CHECK_FALSE(wire::is_from_leader(kind));
  }
}

TEST_CASE("a message has one receiver, and the node itself takes the rest") {
  CHECK(receivers<wire::TaskStored>() == 1);
  CHECK(receivers<wire::WorkerGone>() == 1);
  CHECK(receivers<wire::KeepParts>() == 1);
  CHECK(receivers<wire::Trigger>() == 1);
  CHECK(receivers<wire::Heartbeat>() == 0);
  CHECK(receivers<wire::StartWorker>() == 0);
  CHECK(receivers<wire::ReadWorkerLogs>() == 0);
  CHECK_FALSE(wire::is_from_leader(name_of<wire::ReadWorkerLogs>()));
  CHECK_FALSE(wire::is_from_leader("weir::wire::Nonsense"));
}
