// Stands in for a task of another worker: a task sends to it as it does to any of its peers, and does not know where that is. It
// encodes what it gets, so that this is neither the link's nor the middleman's work, and hands it to the link.
#pragma once

#include <cstdint>

#include <caf/actor.hpp>
#include <caf/event_based_actor.hpp>

namespace weir {

struct RemoteTaskOptions {
  std::uint32_t task = 0;  // for which it stands, of all tasks of the plan
  caf::actor link;
  std::uint32_t peer = 0;  // at the link's other end
  caf::actor worker;       // hears when something cannot be encoded
};

caf::behavior remote_task_actor(caf::event_based_actor* self, RemoteTaskOptions options);

}  // namespace weir
