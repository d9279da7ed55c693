// What the actors of one process tell each other. All are local: content travels by pointer and is moved out by its one
// receiver. Elements, grants and barriers between two tasks are FIFO and of normal priority, so that a barrier never
// passes a batch on its way. What outlives its attempt on the way to the checkpoint writer and back names it, and is refused
// in a later one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <caf/actor.hpp>
#include <caf/allowed_unsafe_message_type.hpp>

#include <weir/actors/stored_state.hpp>
#include <weir/coordination/checkpoint_coordinator.hpp>
#include <weir/coordination/restart_policy.hpp>
#include <weir/dataflow/task.hpp>
#include <weir/state/manifest.hpp>

namespace weir::message {

/// Who takes what is sent to a task: that task or, when it runs in another process, the link to there (link_actor.hpp).
struct TaskPeer {
  caf::actor actor;
  bool remote = false;
};

// To a task.
struct Setup {
  std::shared_ptr<const std::vector<TaskPeer>> peers;  // of all tasks of the plan; shared by the tasks of the attempt
  std::shared_ptr<std::vector<TaskNode>> nodes;    // for the receiver alone to move from
  std::shared_ptr<std::vector<TaskInput>> inputs;
  std::optional<ProcessingTime> before;            // of the steady clock: later is too late
};
struct Go {};
struct Deliver {
  std::uint32_t channel;
  std::shared_ptr<Element> element;  // for the receiver alone to move from
};
struct Credit {
  std::uint32_t edge;
  std::uint32_t channel;
  Grant grant;
};
struct Trigger {
  Barrier barrier;
};
struct Complete {
  CheckpointId checkpoint;
};
struct Abandon {
  CheckpointId checkpoint;
};
struct Run {};
struct Tick {
  ProcessingTime due;
};
struct Wake {};
struct Taken {
  std::size_t bytes;  // of a chunk that waits for the writer no more
};

// From a task to its job.
struct Ready {
  std::uint32_t task;
};
/// It came to its setup after `before`, and did nothing yet; it may be sent it again.
struct TooLate {
  std::uint32_t task;
  Setup setup;
};
struct Failed {
  std::uint32_t task;
  TaskFailure failure;
};
struct Finished {
  std::uint32_t task;
};
struct Completed {
  std::uint32_t task;
  CheckpointId checkpoint;
};

// To the checkpoint writer.
struct Begin {
  std::uint64_t attempt;  // of the sender, which gets the answers
};
struct StoreChunk {
  std::uint64_t attempt;
  std::uint32_t task;
  NodeId node;
  CheckpointId checkpoint;
  std::shared_ptr<StateChunk> chunk;
};
struct SnapshotDone {
  std::uint64_t attempt;
  std::uint32_t task;
  CheckpointId checkpoint;
  SnapshotMode mode;
};
struct Commit {
  std::shared_ptr<Manifest> manifest;
};
struct GiveUp {
  std::uint64_t attempt;
  CheckpointId checkpoint;
};

// From the writer to the job.
struct NewestRead {
  std::uint64_t attempt;
  std::shared_ptr<StoredState> state;
};
struct Stored {
  std::uint64_t attempt;
  std::uint32_t task;
  CheckpointId checkpoint;
  std::shared_ptr<StoredParts> parts;
};
struct Committed {
  std::uint64_t attempt;
  CheckpointId checkpoint;
};
struct StoreFailed {
  std::uint64_t attempt;
  CheckpointId checkpoint;  // 0: the newest one cannot be read
  std::string message;
};

// To the job.
struct StartJob {};
struct JobTick {
  ProcessingTime due;
};
struct StopJob {};
struct Quit {};

}  // namespace weir::message

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Setup)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Go)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Deliver)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Credit)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Trigger)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Complete)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Abandon)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Run)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Wake)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Taken)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Ready)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::TooLate)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Failed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Finished)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Completed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Begin)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::StoreChunk)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::SnapshotDone)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Commit)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::GiveUp)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::NewestRead)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Stored)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Committed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::StoreFailed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::StartJob)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::JobTick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::StopJob)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::message::Quit)
