#include <weir/base/machine_secret.hpp>

#include <cerrno>
#include <cstring>
#include <mutex>
#include <string>

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace weir {
namespace {

Error failure(const std::filesystem::path& path, const std::string& why) { return {path.string() + ": " + why}; }

Result<void> make_private(const std::filesystem::path& directory) {
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) return failure(directory, std::strerror(errno));
  struct stat found {};
  if (::lstat(directory.c_str(), &found) != 0) return failure(directory, std::strerror(errno));
  const bool is_private = S_ISDIR(found.st_mode) && found.st_uid == ::geteuid() && (found.st_mode & 077) == 0;
  if (is_private) return {};
  return failure(directory, "is no directory of this user's alone; remove it, or give it mode 700");
}

/// Nothing when there is no such file.
Result<bool> read_secret(const std::filesystem::path& file, MachineSecret& secret) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor < 0) return errno == ENOENT ? Result<bool>(false) : failure(file, std::strerror(errno));
  const ssize_t count = ::read(descriptor, secret.data(), secret.size());
  ::close(descriptor);
  if (count == static_cast<ssize_t>(secret.size())) return true;
  return failure(file, "is damaged; remove it while no node runs");
}

/// Whole, or not at all: whoever comes second finds the first one's.
Result<void> write_secret(const std::filesystem::path& file, const MachineSecret& secret) {
  std::string unfinished = file.string() + ".XXXXXX";
  const int descriptor = ::mkostemp(unfinished.data(), O_CLOEXEC);
  if (descriptor < 0) return failure(file, std::strerror(errno));
  const bool written = ::write(descriptor, secret.data(), secret.size()) == static_cast<ssize_t>(secret.size());
  const int error = errno;
  ::close(descriptor);
  const bool named = written && (::link(unfinished.c_str(), file.c_str()) == 0 || errno == EEXIST);
  const int link_error = errno;
  ::unlink(unfinished.c_str());
  if (!written) return failure(file, std::strerror(error));
  if (!named) return failure(file, std::strerror(link_error));
  return {};
}

Result<MachineSecret> new_secret(const std::filesystem::path& file) {
  MachineSecret secret{};
  if (::getrandom(secret.data(), secret.size(), 0) != static_cast<ssize_t>(secret.size())) return failure(file, "no random bytes are to be had");
  return secret;
}

}  // namespace

Result<MachineSecret> machine_secret() {
  static std::mutex mutex;
  static std::optional<MachineSecret> known;
  const std::lock_guard lock(mutex);
  auto secret = machine_secret_in("/tmp/weir-" + std::to_string(::geteuid()), known);
  if (secret && !known) known = *secret;
  return secret;
}

Result<MachineSecret> machine_secret_in(const std::filesystem::path& directory, const std::optional<MachineSecret>& known) {
  if (const auto made = make_private(directory); !made) return made.error();
  const std::filesystem::path file = directory / "secret";
  MachineSecret secret{};
  auto there = read_secret(file, secret);
  if (there && !*there) {
    const auto wanted = known ? Result<MachineSecret>(*known) : new_secret(file);
    if (!wanted) return wanted.error();
    if (const auto made = write_secret(file, *wanted); !made) return made.error();
    there = read_secret(file, secret);
  }
  if (!there) return there.error();
  if (!*there) return failure(file, "went away");
  return secret;
}

}  // namespace weir
