#include <support/disk_observer.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

namespace weir::testing {
namespace {

DiskObserver* current = nullptr;

DiskCall write_call(int descriptor, off_t offset, const iovec* parts, int count) {
  DiskCall call;
  call.kind = (fcntl(descriptor, F_GETFL) & O_DSYNC) != 0 ? DiskCall::Kind::SyncedWrite
                                                          : DiskCall::Kind::Write;
  call.offset = static_cast<std::uint64_t>(offset);
  for (int i = 0; i < count; ++i)
    call.bytes.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  return call;
}

ssize_t raw_pwrite(int descriptor, const void* data, std::size_t bytes, off_t offset) {
  return static_cast<ssize_t>(syscall(SYS_pwrite64, descriptor, data, bytes, offset));
}

/// Does what the fault says in place of a write; empty when there is none.
std::optional<ssize_t> faulty_write(int descriptor, off_t offset, const iovec* parts, int count) {
  if (current == nullptr) return std::nullopt;
  DiskCall call = write_call(descriptor, offset, parts, count);
  const std::string bytes = call.bytes;
  const auto fault = current->meet(descriptor, std::move(call));
  if (!fault) return std::nullopt;
  if (*fault == DiskFault::ShortWrite)
    return raw_pwrite(descriptor, bytes.data(), bytes.size() / 2, offset);
  errno = *fault == DiskFault::Full ? ENOSPC : EIO;
  return -1;
}

ssize_t observed_pwrite(int descriptor, const void* data, std::size_t bytes, off_t offset) {
  const iovec part{const_cast<void*>(data), bytes};
  if (const auto result = faulty_write(descriptor, offset, &part, 1)) return *result;
  return raw_pwrite(descriptor, data, bytes, offset);
}

int observed_sync(int descriptor, long call) {
  if (current != nullptr) {
    const auto fault =
        current->meet(descriptor, {.kind = DiskCall::Kind::Sync, .file = {}, .bytes = {}});
    if (fault) {
      errno = *fault == DiskFault::Full ? ENOSPC : EIO;
      return -1;
    }
  }
  return static_cast<int>(syscall(call, descriptor));
}

}  // namespace

DiskObserver::DiskObserver(std::filesystem::path directory) : directory_(std::move(directory)) {
  current = this;
}
DiskObserver::~DiskObserver() { current = nullptr; }

std::optional<DiskFault> DiskObserver::meet(int descriptor, DiskCall call) {
  std::error_code error;
  const auto file =
      std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(descriptor), error).string();
  if (error || !file.starts_with(directory_.string())) return std::nullopt;
  call.file = file;
  log_.push_back(std::move(call));
  if (!fault_ || fault_->first != log_.size() - 1) return std::nullopt;
  if (fault_->second == DiskFault::Kill) kill(getpid(), SIGKILL);
  return fault_->second;
}

}  // namespace weir::testing

extern "C" {

ssize_t pwrite(int descriptor, const void* data, size_t bytes, off_t offset) {
  return weir::testing::observed_pwrite(descriptor, data, bytes, offset);
}

ssize_t pwrite64(int descriptor, const void* data, size_t bytes, off64_t offset) {
  return weir::testing::observed_pwrite(descriptor, data, bytes, offset);
}

ssize_t writev(int descriptor, const iovec* parts, int count) {
  const off_t offset = weir::testing::current == nullptr ? -1 : lseek(descriptor, 0, SEEK_CUR);
  if (offset >= 0) {
    if (const auto result = weir::testing::faulty_write(descriptor, offset, parts, count))
      return *result;
  }
  return static_cast<ssize_t>(syscall(SYS_writev, descriptor, parts, count));
}

int fdatasync(int descriptor) { return weir::testing::observed_sync(descriptor, SYS_fdatasync); }
int fsync(int descriptor) { return weir::testing::observed_sync(descriptor, SYS_fsync); }

}  // extern "C"
