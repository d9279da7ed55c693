// A file that was made or renamed is only certain to be found after a power loss once its directory is synced.
#pragma once

#include <filesystem>

#include <weir/base/result.hpp>

namespace weir {

/// Makes the names in a directory durable. An I/O error is an Error: no data was lost, only a name may be.
Result<void> sync_directory(const std::filesystem::path& directory);

}  // namespace weir
