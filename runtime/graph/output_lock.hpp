// Two writers of one file destroy each other's rows. A program that runs a job, and every worker of a cluster that runs a sink, holds
// a lock on what the sink writes:
//
//   lock file := ".NAME.lock" beside the file NAME, or beside the parts whose names begin with NAME
//   content   := who holds it, for messages: "process 4711", "a cluster's job 7"
//
// A program holds it alone. Workers share it, for an attempt that was taken for dead may be stopped for a while and must not keep the
// next one out; that two jobs of a cluster do not write one file is the cluster's care. So whoever comes second is refused, be it a
// program or a cluster's job; two programs as well. A worker's lock goes when its attempt does: a program that comes between two
// attempts is not refused, but then the next attempt is.
//
// A lock is a flock. The kernel lets go when the process ends, however it ends, so a lock file that was left behind is no lock.
// Files are the same under all their names: the lock file lies beside what symbolic links lead to, and a file that exists is locked
// itself too, which its hard links share. It holds on one machine, and on a network's file system as far as that knows flock.
//
// Only who holds a lock file alone, under its name, removes it. So nobody can hold one without a name while another makes it anew.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include <weir/graph/job_graph.hpp>

namespace weir {

/// A held lock. Any thread, one at a time.
class OutputLock {
 public:
  /// For the process that runs a whole job. Both throw PermanentFailure naming the file when another holds it, and Failure when there
  /// can be no lock file. What is no regular file is not locked: the sink refuses it.
  static std::unique_ptr<OutputLock> of_program(const std::string& sink, const WrittenFiles& files);
  /// For one attempt at a cluster's job.
  static std::unique_ptr<OutputLock> of_worker(const std::string& sink, const WrittenFiles& files, std::uint64_t job);

  /// Lets go; a lock file stays unless remove() was called.
  ~OutputLock();
  OutputLock(const OutputLock&) = delete;
  OutputLock& operator=(const OutputLock&) = delete;

  /// Lets go and removes the lock file, unless others share it. Not for a job that goes on: while it looks whether it is
  /// the last one, a worker holds the lock alone, and the job's next attempt would be refused.
  void remove();

 private:
  enum class Share : std::uint8_t { Alone, Shared };

  OutputLock(const std::string& sink, const WrittenFiles& files, Share share, const std::string& holder);
  void lock_name(const std::string& sink, const WrittenFiles& files, int operation);
  void lock_file(const std::string& sink, const std::string& path, int operation);
  [[noreturn]] void cannot_open(const std::string& path) const;
  bool in_place() const;
  void let_go();

  std::filesystem::path path_;  // of the lock file
  int name_ = -1;               // the lock file, open
  int file_ = -1;               // the file itself, if it is there
};

}  // namespace weir
