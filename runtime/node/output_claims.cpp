#include <weir/node/output_claims.hpp>

#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weir/base/file_identity.hpp>
#include <weir/node/output_files.hpp>

namespace weir {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void cannot_write(const std::string& path, int code) {
  throw Failure("cannot write " + path + ": " + std::strerror(code));
}

/// The process that holds a lock, as its file tells.
std::string holder(int descriptor) {
  std::array<char, 32> pid{};
  const ssize_t size = pread(descriptor, pid.data(), pid.size() - 1, 0);
  return size > 0 ? "process " + std::string(pid.data(), static_cast<std::size_t>(size)) : "another process";
}

}  // namespace

/// A held lock.
class OutputClaims::Lock {
 public:
  Lock(const std::string& sink, const WrittenFiles& files) {
    const fs::path output = one_name(files.path);
    std::error_code error;
    if (files.kind == WrittenFiles::Kind::Parts) fs::create_directories(output.parent_path(), error);
    // What is no file cannot be locked beside: the sink refuses it.
    if (fs::exists(output, error) && !fs::is_regular_file(output, error)) return;
    path_ = output.parent_path() / ("." + output.filename().string() + ".lock");
    do {
      if (descriptor_ >= 0) close(descriptor_);
      descriptor_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
      if (descriptor_ < 0) cannot_write(files.path, errno);
      if (flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        const std::string other = holder(descriptor_);
        close(descriptor_);
        throw Failure("sink '" + sink + "' cannot write " + files.path + ": " + other + " is writing it; stop it first, or name another file");
      }
    } while (!in_place());
    const std::string pid = std::to_string(getpid());
    // The lock holds without the id too, so a full disk does not matter here.
    if (ftruncate(descriptor_, 0) == 0 && pwrite(descriptor_, pid.data(), pid.size(), 0) < 0) return;
  }
  ~Lock() {
    if (descriptor_ < 0) return;
    unlink(path_.c_str());
    close(descriptor_);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  /// Whether the file that is locked still has its name: its last holder may have removed it before this lock was taken.
  bool in_place() const {
    struct stat locked {};
    struct stat named {};
    return fstat(descriptor_, &locked) != 0 || (stat(path_.c_str(), &named) == 0 && named.st_ino == locked.st_ino);
  }

  fs::path path_;
  int descriptor_ = -1;
};

OutputClaims::OutputClaims(const JobGraph& graph) {
  (void)output_files(graph);
  for (const GraphNode& sink : graph.nodes) {
    if (sink.writes) locks_.push_back(std::make_unique<Lock>(sink.name, *sink.writes));
  }
}

OutputClaims::~OutputClaims() = default;

}  // namespace weir
