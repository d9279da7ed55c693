// When a test with daemons fails, what they and their workers logged says why, and it lies in a directory that goes with the test.
// So the directory of a failed test that has logs in it is kept, without what is large in it, and told of. Only the newest few are
// kept: they lie in memory as a rule.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>

namespace weir::testing {

/// Whether there is a file NAME.log somewhere below it.
bool holds_logs(const std::filesystem::path& directory);

/// Gives a directory another name, weir-failed-..., beside its own, and removes all of that name but the newest `most`. Where it
/// is now; nothing when that cannot be done.
std::optional<std::filesystem::path> keep_directory(const std::filesystem::path& directory, std::size_t most = 5);

}  // namespace weir::testing
