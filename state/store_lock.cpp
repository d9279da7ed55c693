#include <weir/state/store_lock.hpp>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace weir {
namespace {

std::string path_of(const std::filesystem::path& directory) {
  return (directory / "lock").string();
}

/// The writer's process id as the lock file tells it; empty when it does not.
std::string holder(int descriptor) {
  std::array<char, 32> content{};
  const ssize_t size = pread(descriptor, content.data(), content.size() - 1, 0);
  std::string pid(content.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  pid.resize(std::min(pid.find('\n'), pid.size()));
  return pid;
}

Error in_use(const std::filesystem::path& directory, int descriptor, const std::string& otherwise) {
  const std::string pid = holder(descriptor);
  std::string by = "another process";
  if (pid == std::to_string(getpid()))
    by = "this process";
  else if (!pid.empty())
    by = "process " + pid;
  return {directory.string() + " is in use by " + by + ": stop it first, or " + otherwise};
}

Error cannot_lock(const std::filesystem::path& directory, int error) {
  return {"cannot lock " + path_of(directory) + ": " + std::strerror(error)};
}

/// Zero, or errno.
int lock(int descriptor, int operation) {
  while (flock(descriptor, operation | LOCK_NB) != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

}  // namespace

Result<std::unique_ptr<StoreLock>> StoreLock::exclusive(const std::filesystem::path& directory, const std::string& otherwise) {
  const int descriptor = open(path_of(directory).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return cannot_lock(directory, errno);
  std::unique_ptr<StoreLock> held(new StoreLock(descriptor));
  if (const int error = lock(descriptor, LOCK_EX); error != 0) {
    return error == EWOULDBLOCK ? in_use(directory, descriptor, otherwise) : cannot_lock(directory, error);
  }
  const std::string pid = std::to_string(getpid()) + '\n';
  // The lock holds without the id too, so a full disk does not matter here.
  if (ftruncate(descriptor, 0) == 0 && pwrite(descriptor, pid.data(), pid.size(), 0) < 0)
    return held;
  return held;
}

Result<std::unique_ptr<StoreLock>> StoreLock::shared(const std::filesystem::path& directory) {
  const int descriptor = open(path_of(directory).c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    if (errno == ENOENT) return std::unique_ptr<StoreLock>();
    return cannot_lock(directory, errno);
  }
  std::unique_ptr<StoreLock> held(new StoreLock(descriptor));
  if (const int error = lock(descriptor, LOCK_SH); error != 0) {
    return error == EWOULDBLOCK ? in_use(directory, descriptor, "take another state directory") : cannot_lock(directory, error);
  }
  return held;
}

StoreLock::~StoreLock() { close(descriptor_); }

}  // namespace weir
