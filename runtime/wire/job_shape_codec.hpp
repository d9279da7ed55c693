// The outline of a job as bytes (job_shape.capnp), which a worker tells the job's supervisor. A decoded shape holds together:
// its indices are in range and its tasks are those of its vertices, so that whoever uses it need not check. Pure.
#pragma once

#include <string>
#include <string_view>

#include <weir/base/result.hpp>
#include <weir/graph/job_shape.hpp>

namespace weir::wire {

std::string encode(const JobShape& shape);
Result<JobShape> decode_job_shape(std::string_view bytes);

}  // namespace weir::wire
