// What people and scripts may ask of a cluster, answered by its leader: a request is a method, a path and a body as in HTTP, and
// so is its answer, but where it came from and how it travelled does not matter here. openapi.json has the paths.
//
// Whatever the request says, the answer is one of 200, 201, 202, 204 and 400, 404, 405, 409, with a line for people where it is
// an error; nothing is thrown. A change is answered once it is logged, so a change that was answered survives the leader.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include <weir/actors/admin_call.hpp>
#include <weir/actors/cluster_control.hpp>
#include <weir/base/time.hpp>
#include <weir/node/api_types.hpp>

namespace weir {

/// Where the leader has the text of /metrics for. Not reachable from outside.
constexpr std::string_view kMetricsPath = "/internal/metrics";

/// A job's number as it stands in a path: digits without leading zeros, nothing else. 0 is one too, though no job has it.
std::optional<JobId> parse_job_id(std::string_view text);

/// The job that is asked for, if it can be one; otherwise the Error names what is wrong.
Result<JobSpec> job_spec(const api::SubmitRequest& request);

/// On the coordinator's thread. The control outlives the call's answer or drops what it was to do.
void answer_admin_call(const std::shared_ptr<AdminCall>& call, ClusterControl& control);

/// The same at a time of the wall clock.
void answer_admin_call_at(const std::shared_ptr<AdminCall>& call, ClusterControl& control, ProcessingTime now);

}  // namespace weir
