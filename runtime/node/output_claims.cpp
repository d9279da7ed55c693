#include <weir/node/output_claims.hpp>

#include <weir/node/output_files.hpp>

namespace weir {

OutputClaims::OutputClaims(const JobGraph& graph) {
  (void)output_files(graph);
  try {
    for (const GraphNode& sink : graph.nodes) {
      if (sink.writes) locks_.push_back(OutputLock::of_program(sink.name, *sink.writes));
    }
  } catch (...) {
    remove();
    throw;
  }
}

OutputClaims::~OutputClaims() { remove(); }

void OutputClaims::remove() {
  for (const auto& lock : locks_) lock->remove();
}

}  // namespace weir
