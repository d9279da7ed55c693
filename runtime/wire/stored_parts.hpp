// What a task stored for a checkpoint, as its worker tells it.
#pragma once

#include <weir/coordination/checkpoint_coordinator.hpp>
#include <weir/wire/worker_messages.hpp>

namespace weir::wire {

/// Throws Failure when it makes no sense.
StoredParts to_stored_parts(const TaskStored& stored);

}  // namespace weir::wire
