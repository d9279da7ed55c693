// A disk that is full: while one of these lives, no file of this process may grow beyond the size that a file has now, and a
// little room.
#pragma once

#include <csignal>
#include <cstdint>
#include <filesystem>

#include <sys/resource.h>

namespace weir::testing {

class FullDisk {
 public:
  explicit FullDisk(const std::filesystem::path& file, std::uint64_t room_bytes = 0) {
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit limit = before_;
    limit.rlim_cur = std::filesystem::file_size(file) + room_bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, SIG_DFL);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
};

}  // namespace weir::testing
