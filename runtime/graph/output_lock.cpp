#include <weir/graph/output_lock.hpp>

#include <array>
#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weir/base/file_failure.hpp>
#include <weir/base/file_identity.hpp>
#include <weir/base/result.hpp>

namespace weir {
namespace {

namespace fs = std::filesystem;

/// What was written to the lock file by the one who holds it.
std::string holder_of(int descriptor) {
  std::array<char, 64> text{};
  const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
  return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : "another process";
}

[[noreturn]] void refuse(const std::string& sink, const std::string& path, const std::string& holder) {
  throw PermanentFailure("sink '" + sink + "' cannot write " + path + ": " + holder + " is writing it; stop it first, or name another file");
}

/// One that somebody else made, and that may not be written, can be locked all the same. Below zero: errno tells why.
int open_lock(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor >= 0 || errno != EACCES) return descriptor;
  const int readable = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (readable < 0) errno = EACCES;
  return readable;
}

/// Of file systems without locks nothing is asked.
bool is_taken(int descriptor, int operation) { return ::flock(descriptor, operation | LOCK_NB) != 0 && errno == EWOULDBLOCK; }

}  // namespace

std::unique_ptr<OutputLock> OutputLock::of_program(const std::string& sink, const WrittenFiles& files) {
  return std::unique_ptr<OutputLock>(new OutputLock(sink, files, Share::Alone, "process " + std::to_string(::getpid())));
}

std::unique_ptr<OutputLock> OutputLock::of_worker(const std::string& sink, const WrittenFiles& files, std::uint64_t job) {
  return std::unique_ptr<OutputLock>(new OutputLock(sink, files, Share::Shared, "a cluster's job " + std::to_string(job)));
}

OutputLock::OutputLock(const std::string& sink, const WrittenFiles& files, Share share, const std::string& holder) {
  const fs::path output = one_name(files.path);
  const bool parts = files.kind == WrittenFiles::Kind::Parts;
  std::error_code error;
  if (parts) fs::create_directories(output.parent_path(), error);
  if (!parts && fs::exists(output, error) && !fs::is_regular_file(output, error)) return;
  path_ = output.parent_path() / ("." + output.filename().string() + ".lock");
  const int operation = share == Share::Alone ? LOCK_EX : LOCK_SH;
  try {
    lock_name(sink, files, operation);
    if (!parts) lock_file(sink, files.path, operation);
  } catch (...) {
    if (share == Share::Alone) remove();
    let_go();
    throw;
  }
  // The lock holds without this too, so a full disk does not matter here.
  if (::ftruncate(name_, 0) == 0 && ::pwrite(name_, holder.data(), holder.size(), 0) < 0) return;
}

void OutputLock::lock_name(const std::string& sink, const WrittenFiles& files, int operation) {
  do {
    if (name_ >= 0) ::close(name_);
    name_ = open_lock(path_);
    if (name_ < 0) cannot_open(files.path);
    if (is_taken(name_, operation)) refuse(sink, files.path, holder_of(name_));
  } while (!in_place());
}

void OutputLock::cannot_open(const std::string& path) const {
  const int code = errno;
  std::error_code error;
  if (fs::exists(path_, error)) throw_file_failure("lock", path_.string(), code);
  throw_file_failure("write", path, code);
}

void OutputLock::lock_file(const std::string& sink, const std::string& path, int operation) {
  file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file_ >= 0 && is_taken(file_, operation)) refuse(sink, path, "a process that knows it by another name");
}

/// Whether the lock file still has its name: its last holder may have removed it before it was locked.
bool OutputLock::in_place() const {
  struct stat locked {};
  struct stat named {};
  if (::fstat(name_, &locked) != 0) return true;
  return ::stat(path_.c_str(), &named) == 0 && named.st_ino == locked.st_ino && named.st_dev == locked.st_dev;
}

void OutputLock::remove() {
  if (name_ >= 0 && !is_taken(name_, LOCK_EX) && in_place()) ::unlink(path_.c_str());
  let_go();
}

OutputLock::~OutputLock() { let_go(); }

void OutputLock::let_go() {
  for (int* descriptor : {&file_, &name_}) {
    if (*descriptor >= 0) ::close(std::exchange(*descriptor, -1));
  }
}

}  // namespace weir
