// A call to the file system that failed: some failures pass, such as a full disk, and others another try would meet again, such
// as a file that is not there.
#pragma once

#include <string>

namespace weir {

/// Throws "cannot WHAT PATH: why" for a value of errno: a PermanentFailure when it will not pass by itself.
[[noreturn]] void throw_file_failure(const std::string& what, const std::string& path, int code);

}  // namespace weir
