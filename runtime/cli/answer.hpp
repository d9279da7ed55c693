// A node's answers as values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <weir/cli/api_client.hpp>
#include <weir/node/api_types.hpp>

namespace weir::cli {

/// The value in an answer. Throws Failure when it is another thing than a Weir node says there.
template <class T>
T answer(const std::string& json) {
  Result<T> value = api::from_json<T>(json);
  if (!value) throw Failure("the node's answer is not understood: " + value.error().message + "; is it another version of Weir?");
  return std::move(*value);
}

/// Which of several jobs of one name is meant before the others.
enum class Meant : std::uint8_t { Running, Ended };

/// The path of the job that a person means by a number or a name. Of several of a name it is the one submitted last, of those that
/// have not ended, or that have, if there are any.
std::string job_path(ApiClient& client, const std::string& job, Meant meant = Meant::Running);

/// "2026-01-01T00:00:00Z", or "-" for a time that has not come.
std::string time_text(std::optional<std::int64_t> ms);

/// Whether a job has ended, however.
bool ended(const api::JobInfo& job);

}  // namespace weir::cli
