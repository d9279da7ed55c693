// A job as a file: a shared object with the job's own code, which finds Weir's in the process that loads it, the binary `weir`.
// A file from outside is not loaded to learn what it is: its mark (graph/bundle_mark.hpp) is found among its bytes, and what was
// built for another Weir is refused. Whoever may submit bundles may run any code; this guards against accidents only.
//
// All of this may be called from any thread.
#pragma once

#include <filesystem>
#include <string_view>

#include <weir/base/result.hpp>
#include <weir/graph/bundle_mark.hpp>
#include <weir/graph/program.hpp>

namespace weir {

/// The mark among the bytes of a file; fails when they are no whole shared object of this machine with exactly one intact mark.
/// The error begins with a verb: "is a program, not a bundle: ...".
Result<BundleMark> find_bundle_mark(std::string_view file);

/// The mark of a file. Errors name the file.
Result<BundleMark> read_bundle_mark(const std::filesystem::path& file);

/// The mark that a bundle for this binary would have.
BundleMark own_bundle_mark(std::string job);

/// Fails when the bundle was built for another Weir than `own`, naming both.
Result<void> check_bundle_mark(const BundleMark& bundle, const BundleMark& own);

/// A bundle's job in this process. Its code stays until the process ends: nobody can say when the last object of its types is
/// gone. A value.
class LoadedBundle {
 public:
  /// Reads and checks the mark, then loads the code, which runs what the job initialises before main.
  static Result<LoadedBundle> load(const std::filesystem::path& file);

  const BundleMark& mark() const { return mark_; }
  const JobDefinition& job() const { return job_; }

 private:
  LoadedBundle(BundleMark mark, JobDefinition job) : mark_(std::move(mark)), job_(std::move(job)) {}

  BundleMark mark_;
  JobDefinition job_;
};

}  // namespace weir
