// How the leader's knowledge of jobs and nodes looks from outside: state and live figures become the API's structs. Pure.
#pragma once

#include <string>

#include <weir/actors/cluster_control.hpp>
#include <weir/node/api_types.hpp>

namespace weir {

/// 16 hexadecimal digits.
std::string text_of_node(ClusterNodeId id);

/// "waiting", ... as in api::JobInfo.
std::string status_of(const JobRecord& record, const LiveJob* live);

api::JobInfo job_info(const JobRecord& record, const LiveJob* live);
api::CheckpointList checkpoint_list(const JobRecord& record, const LiveJob* live);
api::PlanInfo plan_info(const LiveJob* live);
api::TaskList task_list(const LiveJob* live, const ClusterControl& control);
/// All that the cluster remembers, by name.
api::NodeList node_list(const ClusterControl& control);

}  // namespace weir
