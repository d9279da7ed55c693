#include <weir/connectors/input_file.hpp>

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weir/base/result.hpp>
#include <weir/base/file_failure.hpp>

namespace weir {

// Non-blocking, so that a pipe without a writer is refused below and not waited for.
InputFile::InputFile(std::string path)
    : path_(std::move(path)), descriptor_(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  if (descriptor_ < 0) throw_file_failure("read", path_, errno);
  struct stat info {};
  const int code = ::fstat(descriptor_, &info) != 0 ? errno : S_ISDIR(info.st_mode) ? EISDIR : 0;
  if (code == 0 && S_ISREG(info.st_mode)) {
    ::posix_fadvise(descriptor_, 0, 0, POSIX_FADV_SEQUENTIAL);
    return;
  }
  ::close(descriptor_);
  if (code != 0) throw_file_failure("read", path_, code);
  throw PermanentFailure("cannot read " + path_ +
                ": it is no regular file, so it cannot be read again after a failure; copy it to a file");
}

InputFile::~InputFile() { ::close(descriptor_); }

std::size_t InputFile::read(std::uint64_t offset, std::span<char> block) const {
  std::size_t filled = 0;
  while (filled < block.size()) {
    const ssize_t got = ::pread(descriptor_, block.data() + filled, block.size() - filled,
                                static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_file_failure("read", path_, errno);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

std::uint64_t InputFile::size() const {
  struct stat info {};
  if (::fstat(descriptor_, &info) != 0) throw_file_failure("read", path_, errno);
  return static_cast<std::uint64_t>(info.st_size);
}

}  // namespace weir
