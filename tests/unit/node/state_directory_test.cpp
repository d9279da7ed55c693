// What may be done with a state directory.
#include <doctest/doctest.h>

#include <weir/node/state_directory.hpp>

#include "support/checkpoint_samples.hpp"
#include "support/temporary_directory.hpp"

using namespace weir;
using namespace weir::testing;

namespace {

std::string refusal(StateDirectory& state, StartMode mode) {
  try {
    state.begin(mode);
    return "";
  } catch (const Failure& failure) {
    return failure.what();
  }
}

void complete(const std::filesystem::path& directory, std::uint64_t checkpoint) {
  const auto store = CheckpointStore::open(directory, orders()).or_throw();
  Manifest manifest = sample_manifest(checkpoint, {});
  manifest.completed_ms = 1'000'000'000'000;
  store->commit(manifest).or_throw();
}

}  // namespace

TEST_CASE("a start drops no checkpoints unless it is told to") {
  const TemporaryDirectory directory;
  const auto path = directory / "state";
  complete(path, 7);
  {
    StateDirectory state(path, orders());
    CHECK(refusal(state, StartMode::Start) == path.string() +
                                                  " holds state of this job (checkpoint 7, taken 2001-09-09T01:46:40Z); "
                                                  "--resume continues from it, --start-over drops it and begins anew");
    CHECK(refusal(state, StartMode::Resume).empty());
    CHECK(state.take_store()->checkpoints().size() == 1);
  }
  StateDirectory state(path, orders());
  CHECK(refusal(state, StartMode::StartOver).empty());
  CHECK(state.newest().empty());
  CHECK(state.take_store()->checkpoints().empty());
}

TEST_CASE("a directory without checkpoints is begun in whatever was asked for") {
  for (const StartMode mode : {StartMode::Start, StartMode::Resume, StartMode::StartOver}) {
    const TemporaryDirectory directory;
    StateDirectory state(directory / "state", orders());
    CHECK(refusal(state, mode).empty());
    CHECK(!state.finished());
  }
}

TEST_CASE("a job has finished until it is started over, or has gone on") {
  const TemporaryDirectory directory;
  const auto path = directory / "state";
  complete(path, 7);
  StateDirectory::mark_finished(path, 7);
  {
    StateDirectory state(path, orders());
    CHECK(state.finished());
    CHECK(refusal(state, StartMode::Start) == "the job whose state is in " + path.string() +
                                                  " has finished (checkpoint 7, taken 2001-09-09T01:46:40Z); "
                                                  "--start-over drops that state and begins anew");
    CHECK(refusal(state, StartMode::StartOver).empty());
  }
  complete(path, 7);  // numbers come again
  CHECK(!StateDirectory(path, orders()).finished());
  StateDirectory::mark_finished(path, 7);
  complete(path, 8);
  CHECK(!StateDirectory(path, orders()).finished());
}
