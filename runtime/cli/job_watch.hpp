// Waits until a job has ended, with a line on the terminal that says how it is doing.
#pragma once

#include <string>

#include <weir/cli/api_client.hpp>

namespace weir::cli {

/// The exit status: done when the job finished, was stopped or cancelled, failed when it failed. Says how it ended on standard
/// error, or with Output::Json prints the job. A node that does not answer for a while, as while a cluster changes its leader, is
/// waited for; then throws Unreachable.
int watch_job(ApiClient& client, const std::string& path, Output output);

}  // namespace weir::cli
