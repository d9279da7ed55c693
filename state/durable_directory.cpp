#include <weir/state/durable_directory.hpp>

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

namespace weir {

Result<void> sync_directory(const std::filesystem::path& directory) {
  const int descriptor = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int code = descriptor < 0 ? errno : 0;
  if (descriptor >= 0) {
    // Some file systems cannot sync a directory and say EINVAL; on those there is nothing to wait for.
    if (fsync(descriptor) != 0 && errno != EINVAL) code = errno;
    close(descriptor);
  }
  if (code == 0) return {};
  return Error{"cannot sync directory " + directory.string() + ": " + std::strerror(code)};
}

}  // namespace weir
