// Two writers in one store destroy it, be they two processes or two opens in one process. Whoever opens a
// store holds a flock on the file `lock` in its directory until it closes it; the kernel lets go when the
// process ends, however it ends, so a lock is never stale. The writer's process id in the file is for messages.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <weir/base/result.hpp>

namespace weir {

/// A held lock. Released when destroyed; the file stays.
class StoreLock {
 public:
  /// Locks the directory for one writer. Fails when anybody else has it open; `otherwise` is what to do then, but for ending that one.
  static Result<std::unique_ptr<StoreLock>> exclusive(const std::filesystem::path& directory,
                                                      const std::string& otherwise = "take another state directory");

  /// Locks the directory against a writer; other readers may come. Null when there is no lock file, which
  /// means that no writer ever came: a savepoint.
  static Result<std::unique_ptr<StoreLock>> shared(const std::filesystem::path& directory);

  ~StoreLock();
  StoreLock(const StoreLock&) = delete;
  StoreLock& operator=(const StoreLock&) = delete;

 private:
  explicit StoreLock(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
};

}  // namespace weir
