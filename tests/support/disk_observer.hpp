// Whether state survives a crash depends on single system calls that a test cannot otherwise reach. While an
// observer lives, the process's positioned and gathered writes and its syncs of files under one directory are
// counted and logged, and a chosen one can fail or kill the process. Test binaries that use it replace
// pwrite, writev, fdatasync and fsync of the C library; without a living observer these do what they always do.
//
// One observer at a time; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::testing {

/// What a call meets instead of success.
enum class DiskFault {
  Kill,        // the process dies (SIGKILL) before the call does anything
  Full,        // nothing is written: ENOSPC
  ShortWrite,  // half is written and the call says so, as when a disk fills up; a sync fails with EIO
  BadDisk,     // EIO
};

struct DiskCall {
  enum class Kind {
    Write,
    SyncedWrite,
    Sync
  };  // a synced write is on disk when it returns (O_DSYNC)
  Kind kind = Kind::Write;
  std::string file;
  std::uint64_t offset = 0;
  std::string bytes;
};

class DiskObserver {
 public:
  explicit DiskObserver(std::filesystem::path directory);
  ~DiskObserver();
  DiskObserver(const DiskObserver&) = delete;
  DiskObserver& operator=(const DiskObserver&) = delete;

  /// The call with this number, counted from 0 since the observer was made, meets the fault.
  void fail(std::size_t call, DiskFault fault) { fault_ = {call, fault}; }

  const std::vector<DiskCall>& log() const { return log_; }

  /// Logs a call when it concerns the directory; tells the fault that it meets.
  std::optional<DiskFault> meet(int descriptor, DiskCall call);

 private:
  std::filesystem::path directory_;
  std::vector<DiskCall> log_;
  std::optional<std::pair<std::size_t, DiskFault>> fault_;
};

}  // namespace weir::testing
