// Whom a control message that reaches a node is for, by its kind: a worker, the leader, a store, or the node itself (all others);
// and which of them are the leader's alone to send.
#pragma once

#include <string_view>

namespace weir::wire {

bool is_for_worker(std::string_view kind);
bool is_for_leader(std::string_view kind);
bool is_for_store(std::string_view kind);
bool is_from_leader(std::string_view kind);

}  // namespace weir::wire
