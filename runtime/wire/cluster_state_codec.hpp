// The commands of a cluster's log and the state that they make, as bytes that outlive the process and may be read by another
// version of Weir (cluster_state.capnp). Decoding fails on bytes that are no such message, and on a state that contradicts
// itself. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <weir/base/result.hpp>
#include <weir/coordination/cluster_state.hpp>

namespace weir::wire {

std::vector<std::byte> encode(const ClusterCommand& command);
std::vector<std::byte> encode(const ClusterState& state);
Result<ClusterCommand> decode_command(std::span<const std::byte> bytes);
Result<ClusterState> decode_cluster_state(std::span<const std::byte> bytes);

}  // namespace weir::wire
