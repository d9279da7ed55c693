// Two writers of one file destroy each other's rows, be they two jobs or two sinks of one job; and a job that writes into its
// own input reads what it has written. So a job claims the files of its sinks before it starts, and holds them until it is over.
//
// A claim is the lock of graph/output_lock.hpp, which workers of a cluster share. Its file goes when the claim does. Only programs
// claim: a job that is embedded elsewhere is its owner's care.
#pragma once

#include <memory>
#include <vector>

#include <weir/graph/job_graph.hpp>
#include <weir/graph/output_lock.hpp>

namespace weir {

class OutputClaims {
 public:
  /// Throws Failure naming the first sink whose files are another's, or among the input.
  explicit OutputClaims(const JobGraph& graph);
  ~OutputClaims();
  OutputClaims(const OutputClaims&) = delete;
  OutputClaims& operator=(const OutputClaims&) = delete;

 private:
  void remove();

  std::vector<std::unique_ptr<OutputLock>> locks_;
};

}  // namespace weir
