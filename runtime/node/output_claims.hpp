// Two writers of one file destroy each other's rows, be they two jobs or two sinks of one job; and a job that writes into its
// own input reads what it has written. So a job claims the files of its sinks before it starts, and holds them until it is over.
//
// A claim is a flock on the file `.NAME.lock` beside the file NAME, which goes when the claim does. The kernel lets go when the
// process ends, however it ends, so a lock file that a killed job left behind is no claim. Files are the same under all their
// names, but for hard links that do not exist yet. Only programs claim: a job that is embedded elsewhere is its owner's care.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include <weir/graph/job_graph.hpp>

namespace weir {

class OutputClaims {
 public:
  /// Throws Failure naming the first sink whose files are another's, or among the input.
  explicit OutputClaims(const JobGraph& graph);
  ~OutputClaims();
  OutputClaims(const OutputClaims&) = delete;
  OutputClaims& operator=(const OutputClaims&) = delete;

 private:
  class Lock;
  std::vector<std::unique_ptr<Lock>> locks_;
};

}  // namespace weir
