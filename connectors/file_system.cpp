#include <weir/connectors/file_system.hpp>

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <weir/base/result.hpp>
#include <weir/base/file_failure.hpp>
#include <weir/state/durable_directory.hpp>

namespace weir {
namespace {

[[noreturn]] void fail(const std::string& what, const std::filesystem::path& path, int code) {
  throw_file_failure(what, path.string(), code);
}

class RealFile final : public OutputFile {
 public:
  RealFile(std::filesystem::path path, int descriptor)
      : path_(std::move(path)), descriptor_(descriptor) {}
  ~RealFile() override { ::close(descriptor_); }
  RealFile(const RealFile&) = delete;
  RealFile& operator=(const RealFile&) = delete;

  void append(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail("write", path_, errno);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  void sync() override {
    if (::fsync(descriptor_) != 0) fail("sync", path_, errno);
  }

 private:
  std::filesystem::path path_;
  int descriptor_;
};

class RealFileSystem final : public FileSystem {
 public:
  std::unique_ptr<OutputFile> open(const std::filesystem::path& path,
                                   std::uint64_t length) override {
    // Non-blocking, so that a pipe without a reader is refused below and not waited for.
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
    if (descriptor < 0) fail("write", path, errno);
    auto file = std::make_unique<RealFile>(path, descriptor);
    struct stat info {};
    if (::fstat(descriptor, &info) != 0) fail("write", path, errno);
    if (!S_ISREG(info.st_mode)) {
      throw PermanentFailure(
          "cannot write " + path.string() +
          ": it is no regular file, so rows cannot be written to it exactly once; use Console");
    }
    const auto size = static_cast<std::uint64_t>(info.st_size);
    if (size < length) {
      throw PermanentFailure(path.string() + " was changed: it has " + std::to_string(size) + " bytes, of " +
                    std::to_string(length) + " that were written; restore it or start over");
    }
    if (size > length && ::ftruncate(descriptor, static_cast<off_t>(length)) != 0)
      fail("cut", path, errno);
    if (::lseek(descriptor, static_cast<off_t>(length), SEEK_SET) < 0) fail("write", path, errno);
    return file;
  }

  std::optional<std::uint64_t> size(const std::filesystem::path& path) override {
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0) return static_cast<std::uint64_t>(info.st_size);
    if (errno != ENOENT && errno != ENOTDIR) fail("find", path, errno);
    return std::nullopt;
  }

  void rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) fail("rename", from, errno);
  }

  void remove(const std::filesystem::path& path) override {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) fail("remove", path, errno);
  }

  void make_directories(const std::filesystem::path& path) override {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) fail("make directory", path, error.value());
  }

  std::vector<std::filesystem::path> list(const std::filesystem::path& directory,
                                          Depth depth) override {
    std::vector<std::filesystem::path> files;
    std::error_code error;
    std::filesystem::recursive_directory_iterator entry(directory, error);
    if (error == std::errc::no_such_file_or_directory) return files;
    for (const std::filesystem::recursive_directory_iterator end; !error && entry != end;
         entry.increment(error)) {
      if (depth == Depth::Flat) entry.disable_recursion_pending();
      std::error_code gone;  // a file may vanish while the directory is read
      if (entry->is_regular_file(gone)) files.push_back(entry->path());
    }
    if (error) fail("list", directory, error.value());
    return files;
  }

  void sync_directory(const std::filesystem::path& directory) override {
    weir::sync_directory(directory).or_throw();
  }
};

}  // namespace

FileSystem& real_file_system() {
  static RealFileSystem files;  // without state
  return files;
}

std::filesystem::path directory_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

}  // namespace weir
